"""A WrapNet run: what it stores in its folder, and how it is read again."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from torch import nn

from models.data.sources import ImageSource
from models.progress import Progress
from models.quantization.accumulators import Accumulator
from models.quantization.activations import ActivationMode, activation_quantizers
from models.quantization.layers import quantized_layers
from models.quantization.pixels import Pixels
from models.training.diagnosis import broken_tensor
from models.training.execution import Execution, process_state
from models.training.run import CONFIG, MODEL, RESULT, RunFolder
from models.wrapnet.networks import build_from, check_batches, check_images, pixel_scale
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.training import WrapNetResult, train_wrapnet

METHOD = "wrapnet"
"""The method's name in the configuration of its runs."""

_ADDED: dict[str, Any] = {"edges": "float", "edge_bits": 8}  # settings that runs of earlier versions did not store
_MOST_NAMES = 10


def run_wrapnet(
    config: WrapNetConfig,
    data: ImageSource,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),
    *,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains WrapNet in `folder` and returns its summary, which is also in result.json.

    resume: whether `folder` may hold a run already, which then goes on; it has to have the same settings.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings.
    """
    check_images(config, data)
    # Refuses impossible layers before anything is written or trained.
    build_from(config, len(data.classes), scale=pixel_scale(data))
    check_batches(config, data, process_state().num_processes)
    run = RunFolder(folder)
    settings = asdict(config) | {"data": data.name, "data_digest": data.digest} | execution.numerics
    run.start(METHOD, settings, resume=resume, added=_ADDED)
    result = train_wrapnet(config, data, folder, progress, execution)
    record = summary(config, data, result)
    run.finish(result.network.state_dict(), record)
    return record


@dataclass(frozen=True)
class WrapNetRun:
    """A trained network, ready to run on quantized activations, with its configuration and the names of its classes."""

    config: WrapNetConfig
    network: nn.Module
    classes: tuple[str, ...]

    def check(self, data: ImageSource) -> None:
        """Raises ValueError if the network does not take the data's images, or tells other classes apart."""
        check_images(self.config, data)
        if data.classes != self.classes:
            raise ValueError(f"the network tells apart {_listed(self.classes)}; the data has {_listed(data.classes)}")


def load_run(folder: Path) -> WrapNetRun:
    """The trained network of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    finished = RunFolder(folder).load()
    with finished.reading(CONFIG):
        settings = _ADDED | finished.settings
        config = WrapNetConfig(**{field.name: settings[field.name] for field in fields(WrapNetConfig)})
    with finished.reading(RESULT):
        classes = tuple(finished.result["classes"])
        if not all(isinstance(name, str) for name in classes):
            raise ValueError("classes are not names")
    with finished.reading(CONFIG, RESULT):
        network = build_from(config, len(classes))
        for layer, stated in zip(quantized_layers(network), finished.result["layers"], strict=True):
            layer.accumulator = Accumulator(**stated["accumulator"])
    with finished.reading(CONFIG, RESULT, MODEL):
        network.load_state_dict(finished.weights)
        broken = broken_tensor(network)
        if broken is not None:
            raise ValueError(f"{broken} is not finite")
        for quantizer in activation_quantizers(network):
            quantizer.check()
        for module in network.modules():
            if isinstance(module, Pixels):
                module.check()
    for quantizer in activation_quantizers(network):
        quantizer.mode = ActivationMode.QUANTIZED
    return WrapNetRun(config, network.eval(), classes)


def summary(config: WrapNetConfig, data: ImageSource, result: WrapNetResult) -> dict[str, Any]:
    """What a run was and how its networks do, as plain JSON values."""
    layers = quantized_layers(result.network)
    names = {module: name for name, module in result.network.named_modules()}
    return {
        "data": data.name,
        "classes": list(data.classes),
        "epochs": config.epochs,
        "train_images": data.train_count,
        "held_out_images": data.test_count,
        "accuracies": {name: asdict(accuracy) for name, accuracy in result.accuracies.items()},
        "weight_bits": config.weight_format.bits,
        "activation_bits": max(layer.activation.bits for layer in layers),
        "edges": config.edges,
        "accumulator_bits": config.accumulator_bits,
        "slope": config.slope,
        "layers": [
            {
                "name": names[layer],
                "activation_bits": layer.activation.bits,
                "step": layer.activation.step.item(),
                "accumulator": asdict(layer.accumulator),
            }
            for layer in layers
        ],
    }


def _listed(classes: tuple[str, ...]) -> str:
    """The names of classes, for messages."""
    more = len(classes) - _MOST_NAMES
    return ", ".join(classes[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
