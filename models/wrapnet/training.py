"""The stages of WrapNet training (dissertation 2.4.1), and the networks it is compared with.

0. A float network, which the others start from.
1. Pre-training with quantized weights, float activations and no cyclic activation.
2. Step sizes chosen for a target overflow rate.
3. Warm-up with the cyclic activation, activations not rounded.
4. Fine-tuning with everything quantized and the overflow penalty.
5. Where accumulators share words and carries run into the neighbour: layer by layer, see models.wrapnet.shared_words.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.registry import NETWORKS
from models.data.sources import ImageSource
from models.data.transforms import Augmentation
from models.progress import Progress
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.activations import ActivationMode
from models.quantization.edges import inner_quantizers
from models.quantization.formats import Bounded
from models.quantization.layers import configure, quantized_layers
from models.quantization.observation import observe
from models.quantization.step_sizes import choose_one_step_size, choose_score_steps, choose_step_sizes
from models.training.execution import Execution
from models.training.loop import run_stage
from models.training.run import RunFolder
from models.training.stage import Stage
from models.wrapnet.evaluation import Evaluation, evaluate
from models.wrapnet.method import Classification, Penalties
from models.wrapnet.networks import accumulator_of, build_from, check_batches, check_images, pixel_scale
from models.wrapnet.recipes import recipe
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.shared_words import let_carries_run

_CALIBRATION_IMAGES = 1000
_CALIBRATION_PIXELS = _CALIBRATION_IMAGES * 32 * 32
_PRETRAINING = ("float", "pretrain")

# What each stage depends on, beyond what the stage before it does.
_FLOAT = ("network", "width", "relu", "batch_size", "schedule", "learning_rate", "shift", "flip", "seed")
_PRETRAIN = (*_FLOAT, "weights")
_LIMITS = ("activation_bit_limit", "accumulator_bits", "packing")
_STEPS = (*_PRETRAIN, "pretrain_epochs", *_LIMITS, "overflow_rate")
_WARMUP = (*_STEPS, "cyclic_function", "slope")


class WrapNetTraining:
    """The stages of one configuration. Each is resumed where a run that was killed left it.

    stages: folder of the stages' checkpoints, `folder` itself if left out. Names of checkpoints carry a digest of
    the settings that a stage depends on, so configurations that share a folder share the stages they have in common.

    Raises ValueError if the network does not take the data's images, or these are too few for its batch norms, and
    models.training.loop.TrainingError if a loss is not finite.
    """

    def __init__(
        self,
        config: WrapNetConfig,
        data: ImageSource,
        folder: Path,
        progress: Progress,
        execution: Execution = Execution(),
        stages: Path | None = None,
    ) -> None:
        check_images(config, data)
        self.config = config
        self.folder = folder
        self.stages = stages or folder
        self.progress = progress
        self.execution = execution
        self.accelerator = execution.accelerator(folder)
        check_batches(config, data, self.accelerator.num_processes)
        self.data = data.on(self.accelerator.device)

    def float_network(self) -> nn.Module:
        """The network with nothing quantized, trained."""
        network = self.build(quantized=False)
        self.train("float", network, self.settings(_FLOAT))
        return network

    def pretrained(self) -> nn.Module:
        """The network with quantized weights and float activations, trained from the float network's weights."""
        network = self.build()
        # The quantizers' own state is not in a float network.
        state = network.state_dict()
        trained = {name: value for name, value in self.float_network().state_dict().items() if name in state}
        network.load_state_dict(state | trained)  # a last layer of integers has no bias
        for layer in quantized_layers(network):
            layer.weight_quantizer.fit(layer.weight.data)
        self.configure(network, "float", "exact")
        self.train("pretrain", network, self._pretrain_settings())
        return network

    def with_step_sizes(self) -> nn.Module:
        """The pre-trained network with the step sizes that lead to the overflow rate."""
        network = self.pretrained()
        for quantizer in inner_quantizers(network):  # a shared stage may hold another configuration's limit
            quantizer.bits = self.config.activation_bit_limit
        self.configure(network, "float", self.config.cyclic_function)
        (images, _), rate = self.calibration_batch(), self.config.overflow_rate / 100
        for layer in quantized_layers(network):  # steps are chosen on true sums
            layer.accumulator = Accumulator(bits=layer.accumulator.value_bits, overflow=Overflow.EXACT)
        if NETWORKS[self.config.network].residual:
            choose_one_step_size(network, images, rate)
        else:
            choose_step_sizes(network, images, rate)
        choose_score_steps(network, images)
        return network

    def exact(self, penalty: float = 0.0) -> nn.Module:
        """The rival whose accumulators never overflow, with the same step sizes, trained with everything quantized.

        penalty: weight of an overflow penalty, which can prepare it for accumulators that do.
        """
        network = self.with_step_sizes()
        self.configure(network, "quantized", "exact")
        self.train("exact", network, self.settings(_STEPS) | {"penalty": penalty}, Penalties(penalty))
        return network

    def wrapnet(self) -> nn.Module:
        """WrapNet, warmed up and fine-tuned; then with carries, where its packing lets them run."""
        config = self.config
        network = self.with_step_sizes()
        self.configure(network, "unrounded", config.cyclic_function)
        # One step size for all layers of a deep network leaves some with many overflows (section 2.6.2.3).
        penalty = config.penalty if NETWORKS[config.network].residual else 0.0
        self.train("warmup", network, self.settings(_WARMUP) | {"penalty": penalty}, Penalties(penalty))
        self.configure(network, "quantized", config.cyclic_function)
        settings = self.settings(_WARMUP) | {"penalty": config.penalty}
        self.train("finetune", network, settings, Penalties(config.penalty))
        if config.packing in ("carries", "hybrid"):
            self._let_carries_run(network, settings)
        return network

    def _let_carries_run(self, network: nn.Module, settings: dict[str, Any]) -> None:
        config = self.config
        settings = settings | {"carry_penalty": config.carry_penalty, "word_bits": config.word_bits}

        def train(name: str, layers: list[int]) -> None:
            penalties = Penalties(config.penalty, config.carry_penalty if layers else 0.0)
            self.train(name, network, settings | {"layers": layers}, penalties)

        images, labels = self.calibration_batch()
        let_carries_run(network, images, labels, train, hybrid=config.packing == "hybrid")

    def build(self, *, quantized: bool = True) -> nn.Module:
        """The run's network with its initial weights, on the run's device."""
        network = build_from(self.config, len(self.data.classes), quantized=quantized, scale=pixel_scale(self.data))
        return network.to(self.accelerator.device)

    def configure(self, network: nn.Module, mode: ActivationMode | str, overflow: Overflow | str) -> None:
        """Sets the network's activations and accumulators for a stage."""
        configure(network, mode, accumulator_of(self.config, overflow))

    def calibration_batch(self) -> tuple[Tensor, Tensor]:
        """Training images to choose step sizes on, as the network takes them, and their labels."""
        _, height, width = self.data.shape
        count = min(_CALIBRATION_IMAGES, _CALIBRATION_PIXELS // (height * width))
        images, labels = self.data.calibration_batch(count)
        return images.to(self.accelerator.device), labels.to(self.accelerator.device)

    def settings(self, names: tuple[str, ...]) -> dict[str, Any]:
        """The named settings, and what every stage depends on."""
        settings = {name: getattr(self.config, name) for name in names}
        if "weights" in names and self.config.edges != "float":  # stages of float edges keep their names
            settings |= {"edges": self.config.edges, "edge_bits": self.config.edge_bits}
        if settings.get("packing") in ("carries", "hybrid"):
            settings["packing"] = "none"  # so far: carries come last
        processes = {"processes": self.accelerator.num_processes, "torch": torch.__version__}
        return settings | {"data": self.data.digest} | self.execution.numerics | processes

    def train(
        self,
        name: str,
        network: nn.Module,
        settings: dict[str, Any],
        penalties: Penalties = Penalties(),
    ) -> None:
        """Trains `network` through the stage `name`, whose result depends on `settings`."""
        config = self.config
        epochs = (config.pretrain_epochs if name in _PRETRAINING else None) or config.epochs
        settings = settings | {"epochs": epochs}
        digest = hashlib.sha256(json.dumps([name, settings], sort_keys=True).encode()).hexdigest()[:8]
        key = f"{config.seed} {name}"
        stage = Stage(
            name=name,
            epochs=epochs,
            settings=settings,
            checkpoint=self.stages / f"{name}-{digest}.pt",
            metrics=RunFolder(self.folder).metrics,
            key=key,
        )
        optimizer = recipe(config.schedule, config.learning_rate).build(network.parameters(), epochs)
        augmentation = Augmentation(shift=config.shift, flip=config.flip)
        with observe(quantized_layers(network), penalties.request) as seen:
            method = Classification(
                network, optimizer, self.data, config.batch_size, augmentation, key, penalties, seen
            )
            run_stage(stage, method, self.accelerator, self.progress)

    def _pretrain_settings(self) -> dict[str, Any]:
        bounded = isinstance(self.config.weight_format, Bounded)
        return self.settings((*_PRETRAIN, *_LIMITS) if bounded else _PRETRAIN)


@dataclass(frozen=True)
class WrapNetResult:
    """A trained WrapNet, the networks it is compared with, and how all do on held-out images.

    accuracies: by network: `float`, `wrapnet`, `quantized, exact accumulator` (the same quantizers, trained and run
    with accumulators that never overflow), `quantized, plain wrap` (that network run on accumulators that wrap
    around, without cyclic activation).
    """

    network: nn.Module
    accuracies: dict[str, Evaluation]


def train_wrapnet(
    config: WrapNetConfig,
    data: ImageSource,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
) -> WrapNetResult:
    """Trains WrapNet by its stages, and its rivals; resumes what `folder` already holds."""
    training = WrapNetTraining(config, data, folder, progress, execution)
    data = training.data
    accuracies = {"float": evaluate(training.float_network(), data)}
    if config.baselines:
        rival = training.exact()
        accuracies["quantized, exact accumulator"] = evaluate(rival, data)
        training.configure(rival, "quantized", "wrap")
        accuracies["quantized, plain wrap"] = evaluate(rival, data)
    network = training.wrapnet()
    accuracies["wrapnet"] = evaluate(network, data)
    return WrapNetResult(network.cpu(), accuracies)
