"""A WrapNet run in a folder of its own: config.json, metrics.jsonl, checkpoints, model.safetensors, result.json."""

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from models.data.splits import ImageData
from models.training.files import write_text, write_with
from models.training.progress import Progress
from models.wrapnet.pipeline import WrapNetConfig, WrapNetResult, train_wrapnet
from models.wrapnet.quantizers import weight_bits


def run_wrapnet(
    config: WrapNetConfig, data: ImageData, folder: Path, progress: Progress, *, resume: bool = False
) -> dict[str, Any]:
    """Trains WrapNet in `folder` and returns its summary, which is also in result.json.

    resume: whether `folder` may hold a run already, which then goes on; it has to have the same settings.
    Raises ValueError if `folder` holds a run and `resume` is not set, or one of other settings.
    """
    path = folder / "config.json"
    settings = asdict(config) | {"data": data.name}
    if path.exists():
        if not resume:
            raise ValueError(f"{folder} holds a run already; resume it with --resume, or name another folder")
        _compare(path, settings)
    write_text(path, json.dumps(settings, indent=2))
    result = train_wrapnet(config, data, folder, progress)
    write_with(folder / "model.safetensors", partial(save_file, result.network.state_dict()))
    record = summary(config, data, result)
    write_text(folder / "result.json", json.dumps(record, indent=2))
    return record


def summary(config: WrapNetConfig, data: ImageData, result: WrapNetResult) -> dict[str, Any]:
    """What a run was and how its networks do, as plain JSON values."""
    return {
        "data": data.name,
        "epochs": config.epochs,
        "train_images": len(data.train.labels),
        "held_out_images": len(data.test.labels),
        "accuracies": {name: asdict(accuracy) for name, accuracy in result.accuracies.items()},
        "weight_bits": weight_bits(config.weights),
        "activation_bits": config.activation_bits,
        "accumulator_bits": config.accumulator_bits,
        "slope": config.slope,
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
