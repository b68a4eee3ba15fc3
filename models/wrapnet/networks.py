"""WrapNet's networks: backbones whose inner layers are quantized; the first and the last layer stay in floats."""

from dataclasses import asdict, dataclass

from torch import nn

from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network
from models.data.sources import ImageSource
from models.quantization.accumulators import Accumulator, Overflow, Packing
from models.quantization.formats import WeightFormat
from models.quantization.layers import QuantConv2d, QuantLinear
from models.quantization.residual_grid import ResidualGrid
from models.training.batch_norms import check_batch_norms
from models.wrapnet.settings import WrapNetConfig


@dataclass(frozen=True, kw_only=True)
class WrapNetOptions(NetworkOptions):
    """Options of a backbone with quantized inner layers. Its initial weights are those of the plain backbone.

    weights: format of the quantized weights, or its name. activation_bits: most bits of the
    quantized activations, signed if no ReLU precedes them. accumulator_bits: width that bounded weights must fit.

    Raises ValueError for too few activation bits, and where NetworkOptions does.
    """

    weights: WeightFormat | str = "binary"
    activation_bits: int = 3
    accumulator_bits: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        least = 1 if self.relu else 2  # one of them is the sign
        if self.activation_bits < least:
            raise ValueError(f"activation_bits is {self.activation_bits}; allowed is an integer of at least {least}")

    def convolution(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int = 3,
        *,
        stride: int = 1,
        never_negative: bool = False,
    ) -> nn.Module:
        """A quantized convolution; its activations are unsigned after a ReLU and where inputs are never negative."""
        return QuantConv2d(
            inputs,
            outputs,
            kernel_size,
            stride=stride,
            weights=self.weights,
            activation_bits=self.activation_bits,
            signed=not (self.relu or never_negative),
            accumulator_bits=self.accumulator_bits,
        )

    def linear(self, inputs: int, outputs: int) -> nn.Module:
        """A quantized fully connected layer."""
        return QuantLinear(
            inputs,
            outputs,
            weights=self.weights,
            activation_bits=self.activation_bits,
            signed=not self.relu,
            accumulator_bits=self.accumulator_bits,
        )

    def grid(self) -> nn.Module:
        """Rounds a branch to the residual stream's grid."""
        return ResidualGrid(self.activation_bits)


def check_images(config: WrapNetConfig, data: ImageSource) -> None:
    """Raises ValueError if the configuration's network does not take the data's images."""
    shape, wanted = tuple(data.shape), NETWORKS[config.network].image_shape
    if shape != wanted:
        raise ValueError(f"network {config.network} takes images of {wanted} (channels, height, width), not {shape}")


def check_batches(config: WrapNetConfig, data: ImageSource, processes: int) -> None:
    """Raises ValueError if a batch norm would see a single value per channel in training."""
    check_batch_norms(
        lambda: build_from(config, len(data.classes), quantized=False),
        NETWORKS[config.network].image_shape,
        images=data.train_count,
        batch_size=config.batch_size,
        processes=processes,
    )


def build_from(config: WrapNetConfig, classes: int, *, quantized: bool = True) -> nn.Module:
    """The network of a configuration with its initial weights."""
    options = NetworkOptions(width=config.width, classes=classes, relu=config.relu, seed=config.seed)
    if quantized:
        options = WrapNetOptions(
            **asdict(options),
            weights=config.weights,
            activation_bits=config.activation_bit_limit,
            accumulator_bits=accumulator_of(config, Overflow.EXACT).value_bits,
        )
    return build_network(config.network, options)


def accumulator_of(config: WrapNetConfig, overflow: Overflow | str) -> Accumulator:
    """The accumulators of a configuration, before any carries run."""
    return Accumulator(
        bits=config.accumulator_bits,
        slope=config.slope,
        overflow=Overflow(overflow),
        packing=Packing.BUFFER if config.packing == "buffer" else Packing.NONE,
        word_bits=config.word_bits,
    )
