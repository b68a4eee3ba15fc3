"""Low-bit weights and activations in floats that autograd can follow: centralized quantization-aware training."""

from torch import Tensor

from models.federated.choices import ScalePer
from models.federated.low_bit import weight_scale
from models.federated.products import frame_scale
from models.quantization.channels import per_filter
from models.quantization.straight_through import straight_through


def fake_quantized(weight: Tensor, bits: int, scale_per: ScalePer, *, through_scale: bool = True) -> Tensor:
    """A weight (out, ...) as `low_bit.quantize` would round it, in floats (equations 3.1 to 3.3).

    The gradient passes straight through the rounding, and, with `through_scale`, through the scale as well, which is
    what gradient relay gives. Raises ValueError for bits outside 2 to 8 or an unknown choice.
    """
    scale = per_filter(weight_scale(weight, bits, scale_per), weight)
    if not through_scale:
        scale = scale.detach()
    scaled = weight / scale
    return straight_through(scaled, scaled.detach().round()) * scale


def fake_quantized_frames(frames: Tensor) -> Tensor:
    """Activations (..., features), rounded to 8 bits with a scale for each frame; the gradient passes straight."""
    scale = frame_scale(frames.detach())
    return straight_through(frames, (frames.detach() / scale).round() * scale)
