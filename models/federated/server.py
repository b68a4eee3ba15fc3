"""What a server makes of its clients' updates."""

from collections.abc import Mapping

from torch import Tensor

from models.federated.broadcast import quantized_names
from models.federated.choices import FLOAT_BITS, ScalePer
from models.federated.recogniser import Recogniser
from models.federated.relay import relayed


def set_gradients(
    recogniser: Recogniser, means: Mapping[str, Tensor], bits: int, scale_per: ScalePer, *, relay: bool = True
) -> None:
    """Writes a round's mean gradients into the server's parameters, ready for any optimizer.

    bits: as of `broadcast`. relay: adds what flows through the scales of quantized matrices. Means of what is no
    parameter are left out: buffers stay the server's.
    """
    quantized = set() if bits == FLOAT_BITS else set(quantized_names(recogniser))
    for name, parameter in recogniser.named_parameters():
        if name in means:
            through = relay and name in quantized
            mean = means[name]
            parameter.grad = relayed(mean, parameter.detach(), bits, scale_per) if through else mean
