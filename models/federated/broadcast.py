"""What a server sends to its clients: an encoder in a few bits, and the rest in floats."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from models.federated.choices import FLOAT_BITS, ScalePer
from models.federated.linear import LowBitLinear
from models.federated.linear_layers import replace_linear
from models.federated.low_bit import LowBitWeight, quantize
from models.federated.recogniser import ENCODER, Recogniser

_WEIGHT = ".weight"


@dataclass(frozen=True)
class Broadcast:
    """A recogniser, by names of parameters.

    low_bit: the encoder's matrices, or none if they are not quantized. floats: all else, buffers among it.
    """

    low_bit: Mapping[str, LowBitWeight]
    floats: Mapping[str, Tensor]

    def copied(self) -> "Broadcast":
        """The same with floats of its own."""
        return Broadcast(self.low_bit, {name: one.clone() for name, one in self.floats.items()})

    @property
    def quantized_bytes(self) -> int:
        """Bytes of the matrices that are quantized, and their scales."""
        return sum(one.stored.nbytes + one.scale.nbytes for one in self.low_bit.values())

    @property
    def float_bytes(self) -> int:
        """Bytes of all else."""
        return sum(one.nbytes for one in self.floats.values())


def quantized_names(recogniser: Recogniser) -> Iterator[str]:
    """The names of the matrices that are quantized: those of the encoder's linear layers."""
    for name, module in recogniser.named_modules():
        if isinstance(module, nn.Linear) and name.startswith(f"{ENCODER}."):
            yield name + _WEIGHT


def broadcast(recogniser: Recogniser, bits: int, scale_per: ScalePer) -> Broadcast:
    """A server's recogniser as its clients get it, rounded to nearest.

    bits: 2 to 8, or FLOAT_BITS for all in floats. Raises ValueError for others, and if a weight is not finite.
    """
    state = recogniser.state_dict()
    if bits == FLOAT_BITS:
        return Broadcast({}, state)
    low_bit = {name: quantize(state.pop(name), bits, scale_per) for name in quantized_names(recogniser)}
    return Broadcast(low_bit, state)


def take_up(received: Broadcast, empty: Recogniser) -> Recogniser:
    """Fills a recogniser that was made on the meta device with the broadcast's own tensors.

    The encoder's matrices, if quantized, are never floats. Raises ValueError, naming the tensor, if one is missing,
    unknown, or of another shape.
    """
    _check_names_and_shapes(received, empty)

    def low_bit_layer(name: str, layer: nn.Linear) -> nn.Module:
        return LowBitLinear(received.low_bit[f"{ENCODER}.{name}{_WEIGHT}"], layer.bias)

    if received.low_bit:
        replace_linear(empty.encoder, low_bit_layer)
    empty.load_state_dict(dict(received.floats), strict=False, assign=True)
    return empty


def _check_names_and_shapes(received: Broadcast, empty: Recogniser) -> None:
    wanted = {name: tuple(one.shape) for name, one in empty.state_dict().items()}
    found: dict[str, tuple[int, ...]] = {name: one.shape for name, one in received.low_bit.items()}
    found |= {name: tuple(one.shape) for name, one in received.floats.items()}
    for name in sorted(wanted.keys() ^ found.keys()):
        raise ValueError(f"{name} is {'missing' if name in wanted else 'no part of the model'}")
    for name, shape in wanted.items():
        if found[name] != shape:
            raise ValueError(f"{name} has shape {found[name]}; expected is {shape}")
    if received.low_bit and received.low_bit.keys() != set(quantized_names(empty)):
        raise ValueError("the encoder's matrices, and only they, have to be quantized")
