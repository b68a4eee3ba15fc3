"""WrapNet's networks: backbones whose inner layers are quantized, with first and last layers in floats or integers."""

from dataclasses import asdict, dataclass

from torch import nn

from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network
from models.data.sources import ImageSource
from models.quantization.accumulators import Accumulator, Overflow, Packing
from models.quantization.edges import PixelConv2d, ScoreLinear
from models.quantization.formats import WeightFormat
from models.quantization.layers import QuantConv2d, QuantLinear
from models.quantization.pixels import PixelScale
from models.quantization.residual_grid import ResidualGrid, ResidualPool
from models.training.batch_norms import check_batch_norms
from models.wrapnet.settings import WrapNetConfig


@dataclass(frozen=True)
class IntegerEdges:
    """A first and a last layer in integers. weight_bits: 2 to 8. scale: of the images' pixels."""

    weight_bits: int
    scale: PixelScale


@dataclass(frozen=True, kw_only=True)
class WrapNetOptions(NetworkOptions):
    """Options of a backbone with quantized inner layers. Its initial weights are those of the plain backbone.

    weights: format of the quantized weights, or its name. activation_bits: most bits of the
    quantized activations, signed if no ReLU precedes them. accumulator_bits: width that bounded weights must fit.
    edges: None for a first and a last layer in floats.

    Raises ValueError for too few activation bits, and where NetworkOptions does.
    """

    weights: WeightFormat | str = "binary"
    activation_bits: int = 3
    accumulator_bits: int = 8
    edges: IntegerEdges | None = None

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

    def first_convolution(
        self, inputs: int, outputs: int, kernel_size: int, *, stride: int = 1, padding: int
    ) -> nn.Module:
        """A convolution of floats, or of pixels."""
        if self.edges is None:
            return super().first_convolution(inputs, outputs, kernel_size, stride=stride, padding=padding)
        return PixelConv2d(
            inputs,
            outputs,
            kernel_size,
            stride=stride,
            padding=padding,
            weight_bits=self.edges.weight_bits,
            scale=self.edges.scale,
        )

    def average_pool(self) -> nn.Module:
        """A pool of floats, or of the stream's integers."""
        return super().average_pool() if self.edges is None else ResidualPool(self.activation_bits)

    def classifier(self, inputs: int, *, never_negative: bool = False) -> nn.Module:
        """A fully connected layer of floats, or of integers."""
        if self.edges is None:
            return super().classifier(inputs, never_negative=never_negative)
        signed = not (self.relu or never_negative)
        return ScoreLinear(inputs, self.classes, weight_bits=self.edges.weight_bits, signed=signed)


def pixel_scale(data: ImageSource) -> PixelScale:
    """How a data set's images are normalised. Raises ValueError if their pixels have more than 8 bits."""
    return PixelScale(data.mean, data.std, data.white)


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


def build_from(
    config: WrapNetConfig, classes: int, *, quantized: bool = True, scale: PixelScale | None = None
) -> nn.Module:
    """The network of a configuration with its initial weights.

    scale: of the pixels that integer edges read. If left out, it has yet to be loaded with the network's state.
    """
    options = NetworkOptions(width=config.width, classes=classes, relu=config.relu, seed=config.seed)
    if quantized:
        options = WrapNetOptions(
            **asdict(options),
            weights=config.weights,
            activation_bits=config.activation_bit_limit,
            accumulator_bits=accumulator_of(config, Overflow.EXACT).value_bits,
            edges=_edges_of(config, scale),
        )
    return build_network(config.network, options)


def _edges_of(config: WrapNetConfig, scale: PixelScale | None) -> IntegerEdges | None:
    if config.edges == "float":
        return None
    channels = NETWORKS[config.network].image_shape[0]
    return IntegerEdges(config.edge_bits, scale or PixelScale.placeholder(channels))


def accumulator_of(config: WrapNetConfig, overflow: Overflow | str) -> Accumulator:
    """The accumulators of a configuration, before any carries run."""
    return Accumulator(
        bits=config.accumulator_bits,
        slope=config.slope,
        overflow=Overflow(overflow),
        packing=Packing.BUFFER if config.packing == "buffer" else Packing.NONE,
        word_bits=config.word_bits,
    )
