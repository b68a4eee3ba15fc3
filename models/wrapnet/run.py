"""A WrapNet run in a folder of its own: config.json, metrics.jsonl, checkpoints, model.safetensors, result.json."""

import json
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from models.data.sources import ImageSource
from models.files import write_text, write_with
from models.progress import Progress
from models.quantization.accumulators import Accumulator
from models.quantization.layers import QuantModule, quantized_layers
from models.quantization.quantizers import weight_bits
from models.training.execution import Execution, process_state
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.training import WrapNetResult, build_from, check_images, train_wrapnet

_CONFIG, _RESULT, _MODEL = "config.json", "result.json", "model.safetensors"
_MOST_NAMES = 10


def run_wrapnet(
    config: WrapNetConfig,
    data: ImageSource,
    folder: Path,
    progress: Progress,
    execution: Execution = Execution(),  # noqa: B008 - it is frozen
    *,
    resume: bool = False,
) -> dict[str, Any]:
    """Trains WrapNet in `folder` and returns its summary, which is also in result.json.

    resume: whether `folder` may hold a run already, which then goes on; it has to have the same settings.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings.
    """
    check_images(config, data)
    build_from(config, len(data.classes))  # refuses impossible layers before anything is written or trained
    path = folder / _CONFIG
    state = process_state()
    settings = asdict(config) | {"data": data.name, "data_digest": data.digest} | execution.numerics
    settings["processes"] = state.num_processes
    if path.exists():
        if not resume:
            raise ValueError(f"{folder} holds a run already; resume it with --resume, or name another folder")
        _compare(path, settings)
    state.wait_for_everyone()  # no process writes before all have looked
    if state.is_main_process:
        write_text(path, json.dumps(settings, indent=2))
    result = train_wrapnet(config, data, folder, progress, execution)
    record = summary(config, data, result)
    if state.is_main_process:
        write_with(folder / _MODEL, partial(save_file, result.network.state_dict()))
        write_text(folder / _RESULT, json.dumps(record, indent=2))
    return record


@dataclass(frozen=True)
class FinishedRun:
    """A trained network, ready to run on quantized activations, with its configuration and the names of its classes."""

    config: WrapNetConfig
    network: nn.Module
    classes: tuple[str, ...]

    def check(self, data: ImageSource) -> None:
        """Raises ValueError if the network does not take the data's images, or tells other classes apart."""
        check_images(self.config, data)
        if data.classes != self.classes:
            raise ValueError(f"the network tells apart {_listed(self.classes)}; the data has {_listed(data.classes)}")


def load_run(folder: Path) -> FinishedRun:
    """The trained network of a finished run.

    Raises ValueError, naming the file, if the run is not finished or a file is damaged.
    """
    for name in (_CONFIG, _RESULT, _MODEL):
        if not (folder / name).is_file():
            raise ValueError(f"{folder} does not hold a finished run: {name} is missing")
    try:
        stored = json.loads((folder / _CONFIG).read_text())
        config = WrapNetConfig(**{field.name: stored[field.name] for field in fields(WrapNetConfig)})
        record = json.loads((folder / _RESULT).read_text())
        network = build_from(config, len(record["classes"]))
        for layer, stated in zip(quantized_layers(network), record["layers"], strict=True):
            layer.accumulator = Accumulator(**stated["accumulator"])
        network.load_state_dict(load_file(folder / _MODEL))
    except (ValueError, TypeError, LookupError, RuntimeError, SafetensorError) as error:
        raise ValueError(f"{folder} holds a damaged run, or one of another version") from error
    for module in network.modules():
        if isinstance(module, QuantModule):
            module.activations = "quantized"
    return FinishedRun(config, network.eval(), tuple(record["classes"]))


def _listed(classes: tuple[str, ...]) -> str:
    """The names of classes, for messages."""
    more = len(classes) - _MOST_NAMES
    return ", ".join(classes[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


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
        "weight_bits": weight_bits(config.weights),
        "activation_bits": max(layer.activation_bits for layer in layers),
        "accumulator_bits": config.accumulator_bits,
        "slope": config.slope,
        "layers": [
            {
                "name": names[layer],
                "activation_bits": layer.activation_bits,
                "step": layer.step.item(),
                "accumulator": asdict(layer.accumulator),
            }
            for layer in layers
        ],
    }


def _compare(path: Path, settings: dict[str, Any]) -> None:
    try:
        stored = json.loads(path.read_text())
        different = [name for name in settings if stored.get(name) != settings[name]]
    except (ValueError, AttributeError) as error:
        raise ValueError(f"{path} is damaged") from error
    if different:
        listed = ", ".join(f"{name} {stored.get(name)} (now {settings[name]})" for name in different)
        raise ValueError(f"{path.parent} holds a run of other settings: {listed}")
