"""Settings of a WrapNet run. They are collected without torch, so that a command line's help is quick."""

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import arg

from models.quantization.formats import Bounded, WeightFormat, parse_weight_format

_WIDEST_ACTIVATIONS = 8
_LARGEST_LEARNING_RATE = 1000
_MOST_EPOCHS = 1 << 20

Recipe = Literal["cosine", "cifar", "imagenet"]
CyclicFunction = Literal["cyclic", "relu-like", "absolute", "wrap"]
Edges = Literal["float", "integer"]
RunPacking = Literal["none", "buffer", "carries", "hybrid"]


@dataclass(frozen=True, kw_only=True)
class WrapNetSettings:
    """Settings of a WrapNet run, as a command line collects them: not checked yet."""

    network: str = "digits"
    """The network: digits (8x8 images), vgg7 or resnet20 (32x32), alexnet, resnet18 or resnet50 (224x224)."""
    width: int | None = None
    """Channels of the first layer, which scale all others; the network's own if left out."""
    relu: bool = True
    """Whether a ReLU follows the batch norms of hidden layers (Table 2.9)."""
    weights: str = "binary"
    """Format of the weights: binary, ternary, 2 to 8 bits of a uniform quantizer, or bounded-2 to bounded-8: weights
    of that many bits whose sums never overflow the accumulator (A2Q+)."""
    activation_bits: int | None = None
    """Most bits of the quantized activations, 1 to 8; as many as the accumulator can take if left out."""
    accumulator_bits: Annotated[int, arg(aliases=("--accumulator",))] = 8
    """Width of the accumulators, which wrap around, in bits, 2 to 32."""
    cyclic_function: CyclicFunction = "cyclic"
    """Function after an accumulator: the cyclic activation, its alternatives of Table 2.9, or none (wrap)."""
    slope: int = 2
    """Slope k of the cyclic activation."""
    overflow_rate: float = 5.0
    """Target share of overflowing sums, in percent, which determines the step sizes."""
    penalty: float = 0.01
    """Weight of the overflow penalty while fine-tuning."""
    edges: Edges = "float"
    """First and last layer: in floats, as in the dissertation, or in integers, from the pixels to the scores."""
    edge_bits: int = 8
    """Bits of the weights of a first and a last layer in integers, 2 to 8."""
    packing: RunPacking = "none"
    """How accumulators share machine words without vector instructions: not at all (none), with a buffer bit each, with
    carries that run into the neighbour, or with a choice of the two per layer (hybrid)."""
    word_bits: Literal[32, 64] = 64
    """Bits of the machine words that accumulators share."""
    carry_penalty: float = 1e-4
    """Weight of the penalty on the variance of carries, where these run into the neighbour."""
    epochs: int = 20
    """Epochs of each training stage."""
    pretrain_epochs: int | None = None
    """Epochs of the float network and of pre-training; those of the other stages if left out."""
    batch_size: int = 64
    """Images in a batch, over all processes."""
    schedule: Recipe = "cosine"
    """Optimizer and schedule of each stage: cosine (Adam), cifar (Adam, steps) or imagenet (SGD, steps)."""
    learning_rate: float | None = None
    """Learning rate at the start of a stage; 0.001 with Adam and 0.01 with SGD if left out."""
    shift: int = 1
    """Augmentation: most pixels by which images are shifted, 0 to 16."""
    flip: bool = False
    """Augmentation: mirror half of the images left to right."""
    baselines: bool = True
    """Also train the same quantized network with accumulators that never overflow, for comparison."""
    seed: int = 0
    """Seed of everything random."""


@dataclass(frozen=True, kw_only=True)
class WrapNetConfig(WrapNetSettings):
    """Settings of a WrapNet run. Raises ValueError, naming the setting and what is allowed, for impossible ones."""

    def __post_init__(self) -> None:
        from models.backbones.registry import NETWORKS
        from models.checks import check_choice
        from models.training.seeds import check_seed

        check_seed(self.seed)
        check_choice("edges", self.edges, Edges)
        if self.network not in NETWORKS:
            raise ValueError(f"network is {self.network!r}; allowed are {', '.join(NETWORKS)}")
        for name, smallest, largest in (
            ("accumulator_bits", 2, 32),
            ("slope", 1, 1 << 20),
            ("edge_bits", 2, 8),
            ("epochs", 1, _MOST_EPOCHS),
            ("batch_size", 2, 1 << 20),
            ("shift", 0, 16),
        ):
            value = getattr(self, name)
            if not isinstance(value, int) or not smallest <= value <= largest:
                raise ValueError(f"{name} is {value}; allowed are the integers {smallest} to {largest}")
        if self.pretrain_epochs is not None and not 1 <= self.pretrain_epochs <= _MOST_EPOCHS:
            raise ValueError(f"pretrain_epochs is {self.pretrain_epochs}; allowed are the integers 1 to {_MOST_EPOCHS}")
        if self.width is not None and self.width < 1:
            raise ValueError(f"width is {self.width}; allowed is an integer of at least 1")
        if not 0 <= self.overflow_rate < 100:
            raise ValueError(f"overflow_rate is {self.overflow_rate}; allowed are 0 to below 100 percent")
        for name in ("penalty", "carry_penalty"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is a number of at least 0")
        if self.learning_rate is not None and not 0 < self.learning_rate <= _LARGEST_LEARNING_RATE:
            raise ValueError(
                f"learning_rate is {self.learning_rate}; allowed are numbers above 0, up to {_LARGEST_LEARNING_RATE}"
            )
        if self.packing in ("carries", "hybrid") and self.weights not in ("binary", "ternary"):
            raise ValueError(f"packing {self.packing} is for binary and ternary weights, not {self.weights!r}")
        if isinstance(self.weight_format, Bounded) and not self.relu:
            raise ValueError(f"weights {self.weights!r} need activations that are not negative, so a ReLU")
        fewest = 1 if self.relu else 2  # one of them is the sign
        if self.activation_bits is not None and not fewest <= self.activation_bits <= _WIDEST_ACTIVATIONS:
            raise ValueError(
                f"activation_bits is {self.activation_bits}; allowed are the integers {fewest} to {_WIDEST_ACTIVATIONS}"
            )
        if self.roomiest_activations < (self.activation_bits or fewest):
            raise ValueError(
                f"accumulator_bits is {self.accumulator_bits}: too narrow for products of {self.weights} weights and "
                f"activations of {self.activation_bits or fewest} bits"
            )

    @property
    def weight_format(self) -> WeightFormat:
        """The integers that weights are quantized to."""
        return parse_weight_format(self.weights)

    @property
    def roomiest_activations(self) -> int:
        """Most activation bits, up to 8, whose products with the weights fit the accumulator."""
        value_bits = self.accumulator_bits - (self.packing in ("buffer", "hybrid"))
        largest = ((1 << max(value_bits - 1, 0)) - 1) // self.weight_format.largest
        # Unsigned activations of so many bits reach 2^bits - 1, signed ones -2^(bits - 1).
        bits = (largest + 1).bit_length() - 1 if self.relu else largest.bit_length()
        return min(_WIDEST_ACTIVATIONS, bits)

    @property
    def activation_bit_limit(self) -> int:
        """Most bits of the quantized activations."""
        return self.activation_bits or self.roomiest_activations
