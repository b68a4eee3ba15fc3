"""The four stages of WrapNet training (dissertation 2.4.1), and the networks it is compared with.

1. Pre-training with quantized weights, float activations and no cyclic activation.
2. Step sizes chosen for a target overflow rate.
3. Warm-up with the cyclic activation, activations not rounded.
4. Fine-tuning with everything quantized and the overflow penalty.
"""

import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from models.data.augmentation import random_flip, random_shift
from models.data.splits import ImageData, Split
from models.training.loop import Stage, run_stage
from models.training.progress import Progress
from models.training.seeds import check_seed
from models.wrapnet.layers import Activations, Overflow, configure, quantized_layers
from models.wrapnet.networks import IMAGE_SHAPES, NETWORKS, NetworkOptions, build_network
from models.wrapnet.quantizers import weight_bits
from models.wrapnet.step_sizes import choose_step_sizes

_CALIBRATION_IMAGES = 1000
_EVALUATION_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class WrapNetSettings:
    """Settings of a WrapNet run, as a command line collects them: not checked yet."""

    network: str = "digits"
    """The network: digits, for 8x8 images, or vgg7, for 32x32."""
    width: int | None = None
    """Channels of the network's first layer; the others follow. The network's own if left out."""
    weights: str = "binary"
    """How weights are quantized: binary, ternary, or the bits of a uniform quantizer, 2 to 8."""
    activation_bits: int = 3
    """Bits of the quantized activations."""
    accumulator_bits: int = 8
    """Bits of the accumulators, which wrap around."""
    slope: int = 2
    """Slope k of the cyclic activation."""
    overflow_rate: float = 0.05
    """Target share of overflowing sums that sets the step sizes, between 0 and 1."""
    penalty: float = 0.01
    """Weight of the overflow penalty while fine-tuning."""
    epochs: int = 20
    """Epochs of each training stage."""
    batch_size: int = 64
    """Images in a batch."""
    learning_rate: float = 1e-3
    """Adam's learning rate at the start of a stage; it falls to 0 as a cosine."""
    shift: int = 1
    """Augmentation: images are moved by up to so many pixels."""
    flip: bool = False
    """Augmentation: images are mirrored left to right at random."""
    seed: int = 0
    """Seed of everything random."""


@dataclass(frozen=True, kw_only=True)
class WrapNetConfig(WrapNetSettings):
    """Settings of a WrapNet run. Raises ValueError, naming the setting and what is allowed, for impossible ones."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        weight_bits(self.weights)
        if self.network not in NETWORKS:
            raise ValueError(f"network is {self.network!r}; allowed are {', '.join(NETWORKS)}")
        for name, smallest, largest in (
            ("activation_bits", 1, 8),
            ("accumulator_bits", 2, 32),
            ("slope", 1, 1 << 20),
            ("epochs", 1, 1 << 20),
            ("batch_size", 2, 1 << 20),
            ("shift", 0, 16),
        ):
            if not smallest <= getattr(self, name) <= largest:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed are the integers {smallest} to {largest}")
        if self.width is not None and self.width < 1:
            raise ValueError(f"width is {self.width}; allowed is an integer of at least 1")
        if not 0 < self.overflow_rate < 1:
            raise ValueError(f"overflow_rate is {self.overflow_rate}; allowed is a share between 0 and 1")
        if not self.penalty >= 0 or not self.learning_rate > 0:
            raise ValueError(
                f"penalty {self.penalty} or learning_rate {self.learning_rate} is negative or not a number"
            )


@dataclass(frozen=True)
class Accuracy:
    """Share of held-out images a network gets right, and the overflow rate of each of its quantized layers."""

    accuracy: float
    overflow_rates: list[float]


@dataclass(frozen=True)
class WrapNetResult:
    """A trained WrapNet, the networks it is compared with, and how all do on held-out images.

    accuracies: by network: `float`, `wrapnet`, `quantized, exact accumulator` (the same quantizers, trained and run
    with accumulators that never overflow), `quantized, plain wrap` (that network run on accumulators that wrap
    around, without cyclic activation).
    """

    network: nn.Module
    accuracies: dict[str, Accuracy]


def train_wrapnet(config: WrapNetConfig, data: ImageData, folder: Path, progress: Progress) -> WrapNetResult:
    """Trains WrapNet by the four stages, and its rivals; resumes what `folder` already holds.

    Raises ValueError if the network does not take the data's images, and models.training.loop.TrainingError if a loss
    is not finite or `folder` holds a run of other settings.
    """
    shape, wanted = tuple(data.train.images.shape[1:]), IMAGE_SHAPES[config.network]
    if shape != wanted:
        raise ValueError(f"network {config.network} takes images of {wanted} (channels, height, width), not {shape}")
    run = _Run(config, data, folder, progress)
    float_network = run.network(quantized=False)
    run.stage("float", float_network)

    network = run.network()
    run.configure(network, activations="float", overflow="exact")
    run.stage("pretrain", network)
    choose_step_sizes(network, run.calibration_images(), config.overflow_rate)

    rival = run.network()
    rival.load_state_dict(network.state_dict())
    run.configure(rival, activations="quantized", overflow="exact")
    run.stage("exact", rival)
    accuracies = {
        "float": evaluate(float_network, data, data.test),
        "quantized, exact accumulator": evaluate(rival, data, data.test),
    }
    run.configure(rival, activations="quantized", overflow="wrap")
    accuracies["quantized, plain wrap"] = evaluate(rival, data, data.test)

    run.configure(network, activations="unrounded", overflow="cyclic")
    run.stage("warmup", network)
    run.configure(network, activations="quantized", overflow="cyclic")
    run.stage("finetune", network, penalty=config.penalty)
    accuracies["wrapnet"] = evaluate(network, data, data.test)
    return WrapNetResult(network.cpu(), accuracies)


@torch.no_grad()
def evaluate(network: nn.Module, data: ImageData, split: Split) -> Accuracy:
    """Accuracy on all images of `split`, and the overflow rate of each quantized layer over them."""
    network.eval()
    device = next(network.parameters()).device
    layers = quantized_layers(network)
    right = 0
    overflows = [0.0] * len(layers)
    for images, labels in zip(
        torch.split(split.images, _EVALUATION_BATCH), torch.split(split.labels, _EVALUATION_BATCH), strict=True
    ):
        logits = network(data.normalise(images.to(device)))
        right += int((logits.argmax(1).cpu() == labels).sum())
        for index, layer in enumerate(layers):
            overflows[index] += layer.overflow_rate() * len(images)
    return Accuracy(right / len(split.labels), [overflow / len(split.labels) for overflow in overflows])


class _Run:
    """What the stages of a run have in common."""

    def __init__(self, config: WrapNetConfig, data: ImageData, folder: Path, progress: Progress) -> None:
        self.config = config
        self.data = data
        self.folder = folder
        self.progress = progress
        self.accelerator = Accelerator()

    def network(self, *, quantized: bool = True) -> nn.Module:
        """The run's network with its initial weights, on the run's device."""
        config = self.config
        options = NetworkOptions(
            width=config.width,
            quantized=quantized,
            weights=config.weights,
            activation_bits=config.activation_bits,
            seed=config.seed,
        )
        return build_network(config.network, options).to(self.accelerator.device)

    def configure(self, network: nn.Module, *, activations: Activations, overflow: Overflow) -> None:
        """Sets the network's activations and accumulators for a stage."""
        configure(
            network,
            activations=activations,
            overflow=overflow,
            bits=self.config.accumulator_bits,
            slope=self.config.slope,
        )

    def calibration_images(self) -> Tensor:
        """Training images to choose step sizes on, as the network takes them."""
        images = self.data.train.images[:: max(1, len(self.data.train.images) // _CALIBRATION_IMAGES)]
        return self.data.normalise(images.to(self.accelerator.device))

    def stage(self, name: str, network: nn.Module, *, penalty: float = 0.0) -> None:
        """Trains `network` through the stage `name`."""

        def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
            images, labels = batch
            total = nn.functional.cross_entropy(network(images), labels)
            if penalty:
                total = total + penalty * torch.stack([layer.penalty() for layer in quantized_layers(network)]).sum()
            return total

        config = self.config
        optimizer = torch.optim.Adam(network.parameters(), config.learning_rate)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.epochs)
        settings: dict[str, Any] = asdict(config) | {"data": self.data.name}
        stage = Stage(name, config.epochs, lambda epoch: self._batches(name, epoch), loss, settings)
        run_stage(stage, network, optimizer, scheduler, self.folder, self.accelerator, self.progress)

    def _batches(self, stage: str, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled, augmented batches; a function of seed, stage and epoch alone."""
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.config.seed} {stage} {epoch}".encode()))
        order = torch.randperm(len(self.data.train.images), generator=generator)
        for chosen in torch.split(order, self.config.batch_size):
            if len(chosen) == 1 and len(order) > 1:
                continue  # batch norm needs two images
            images = self.data.train.images[chosen]
            if self.config.shift:
                images = random_shift(images, self.config.shift, generator)
            if self.config.flip:
                images = random_flip(images, generator)
            device = self.accelerator.device
            yield self.data.normalise(images.to(device)), self.data.train.labels[chosen].to(device)
