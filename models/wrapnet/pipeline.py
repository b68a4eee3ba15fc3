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

from models.data.digits import Split
from models.training.loop import Stage, run_stage
from models.training.progress import Progress
from models.training.seeds import check_seed
from models.wrapnet.layers import Activations, Overflow, configure, quantized_layers
from models.wrapnet.networks import digits_network
from models.wrapnet.quantizers import weight_bits
from models.wrapnet.step_sizes import choose_step_sizes


@dataclass(frozen=True, kw_only=True)
class WrapNetConfig:
    """Settings of a WrapNet run.

    width: channels of the network's first layer. weights: how they are quantized, one of
    models.wrapnet.quantizers.WEIGHT_KINDS. activation_bits: of the quantized activations. accumulator_bits,
    slope: of the accumulators and their cyclic activation. overflow_rate: target share of overflowing sums that
    sets the step sizes. penalty: weight of the overflow penalty while fine-tuning. epochs: of each training stage.
    batch_size: images in a batch. learning_rate: at the start; it falls to 0 as a cosine. seed: of everything random.
    """

    width: int = 64
    weights: str = "binary"
    activation_bits: int = 3
    accumulator_bits: int = 8
    slope: int = 2
    overflow_rate: float = 0.05
    penalty: float = 0.01
    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        check_seed(self.seed)
        weight_bits(self.weights)
        for name in ("width", "activation_bits", "accumulator_bits", "slope", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed is an integer of at least 1")


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


def train_wrapnet(config: WrapNetConfig, train: Split, test: Split, folder: Path, progress: Progress) -> WrapNetResult:
    """Trains WrapNet on small images by the four stages, and its rivals; resumes what `folder` already holds."""
    run = _Run(config, train, folder, progress)
    float_network = digits_network(config.width, quantized=False, seed=config.seed)
    run.stage("float", float_network)

    quantizers: dict[str, Any] = {
        "weights": config.weights,
        "activation_bits": config.activation_bits,
        "seed": config.seed,
    }
    network = digits_network(config.width, **quantizers)
    run.configure(network, activations="float", overflow="exact")
    run.stage("pretrain", network)
    choose_step_sizes(network, train.images, config.overflow_rate)

    rival = digits_network(config.width, **quantizers)
    rival.load_state_dict(network.state_dict())
    run.configure(rival, activations="quantized", overflow="exact")
    run.stage("exact", rival)
    accuracies = {"float": evaluate(float_network, test), "quantized, exact accumulator": evaluate(rival, test)}
    run.configure(rival, activations="quantized", overflow="wrap")
    accuracies["quantized, plain wrap"] = evaluate(rival, test)

    run.configure(network, activations="unrounded", overflow="cyclic")
    run.stage("warmup", network)
    run.configure(network, activations="quantized", overflow="cyclic")
    run.stage("finetune", network, penalty=config.penalty)
    accuracies["wrapnet"] = evaluate(network, test)
    return WrapNetResult(network, accuracies)


@torch.no_grad()
def evaluate(network: nn.Module, split: Split) -> Accuracy:
    """Accuracy and overflow rates on all images of `split` in one batch."""
    network.eval()
    right = network(split.images).argmax(1) == split.labels
    return Accuracy(right.float().mean().item(), [layer.overflow_rate() for layer in quantized_layers(network)])


class _Run:
    """What the stages of a run have in common."""

    def __init__(self, config: WrapNetConfig, train: Split, folder: Path, progress: Progress) -> None:
        self.config = config
        self.train = train
        self.folder = folder
        self.progress = progress
        self.accelerator = Accelerator(cpu=True)

    def configure(self, network: nn.Module, *, activations: Activations, overflow: Overflow) -> None:
        configure(
            network,
            activations=activations,
            overflow=overflow,
            bits=self.config.accumulator_bits,
            slope=self.config.slope,
        )

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
        settings: dict[str, Any] = asdict(config)
        stage = Stage(name, config.epochs, lambda epoch: self._batches(name, epoch), loss, settings)
        run_stage(stage, network, optimizer, scheduler, self.folder, self.accelerator, self.progress)

    def _batches(self, stage: str, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Shuffled batches, each shifted by up to one pixel; a function of seed, stage and epoch alone."""
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.config.seed} {stage} {epoch}".encode()))
        order = torch.randperm(len(self.train.images), generator=generator)
        for chosen in torch.split(order, self.config.batch_size):
            top, left = torch.randint(0, 3, (2,), generator=generator).tolist()
            height, width = self.train.images.shape[2:]
            padded = nn.functional.pad(self.train.images[chosen], (1, 1, 1, 1))
            yield padded[:, :, top : top + height, left : left + width], self.train.labels[chosen]
