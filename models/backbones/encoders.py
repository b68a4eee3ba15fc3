"""The backbones of few-shot learning by name, with the images that they take."""

from collections.abc import Callable
from dataclasses import dataclass

from models.backbones.encoder import Encoder, EncoderOptions
from models.backbones.four_blocks import CNN4, four_by_32, four_by_64
from models.backbones.memory_check import check_network_fits
from models.backbones.options import seeded
from models.backbones.resnet12 import ResNet12


@dataclass(frozen=True, kw_only=True)
class EncoderFamily:
    """An encoder's architecture. build: makes the encoder. smallest_side: the least height and width of its images."""

    build: Callable[[EncoderOptions], Encoder]
    smallest_side: int = 16


ENCODERS = {
    "cnn4": EncoderFamily(build=CNN4),
    "64x4": EncoderFamily(build=four_by_64),
    "4x32": EncoderFamily(build=four_by_32),
    "resnet12": EncoderFamily(build=ResNet12),
}
"""The encoders by name: of R2-D2, ProtoNet, MAML and Reptile, and MetaOptNet."""


def build_encoder(name: str, options: EncoderOptions) -> Encoder:
    """The encoder `name` with initial weights that depend on the seed alone.

    Raises ValueError for an unknown name, for images that are too small, and for a width that is too large for this
    machine's memory.
    """
    if name not in ENCODERS:
        raise ValueError(f"network is {name!r}; allowed are {', '.join(ENCODERS)}")
    side = ENCODERS[name].smallest_side
    if min(options.image_shape[1:]) < side:
        raise ValueError(f"image_shape is {options.image_shape}; network {name} takes {side} x {side} pixels and more")
    if options.width is not None:
        check_network_fits(f"network {name} of width {options.width}", lambda: ENCODERS[name].build(options))
    with seeded(options.seed):
        return ENCODERS[name].build(options)
