"""Gradient relay: the part of a weight's gradient that only the server can compute (dissertation 3.3.3)."""

from torch import Tensor

from models.federated.choices import ScalePer
from models.federated.low_bit import weight_scale
from models.quantization.channels import per_filter
from models.quantization.formats import Uniform


def relayed(gradient: Tensor, weight: Tensor, bits: int, scale_per: ScalePer) -> Tensor:
    """The gradient of a float weight (out, ...), from that of the quantized one, which clients send.

    Adds what flows through the scale (equations 3.2 to 3.4), so that the result is that of centralized
    quantization-aware training. It is linear in `gradient`: it may follow any weighted mean over clients, but no median
    and no clipping of each. Weights of equal, largest magnitude share the scale's gradient evenly.

    weight: the server's. Raises ValueError for bits outside 2 to 8 or an unknown choice.
    """
    scaled = weight / per_filter(weight_scale(weight, bits, scale_per), weight)
    axes = tuple(range(0 if scale_per == "tensor" else 1, weight.dim()))
    scale_gradient = ((scaled.round() - scaled) * gradient).sum(axes, keepdim=True)
    magnitude = weight.abs()
    largest = (magnitude == magnitude.amax(axes, keepdim=True)).to(weight.dtype)
    share = largest / largest.sum(axes, keepdim=True)
    return gradient + scale_gradient * share * weight.sign() / Uniform(bits).largest
