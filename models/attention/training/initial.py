"""Trained weights that a run starts from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from models.training.run import CONFIG, RunFolder
from models.training.tensor_files import weights_digest

METHOD = "lsa"
"""The method's name in the configuration of its runs."""

_BACKBONES = ("backbone.backbone.", "backbone.")
"""What precedes the backbone's names in networks of detection and of segmentation."""


@dataclass(frozen=True)
class Initial:
    """A backbone's weights. classes: names of what its head tells apart; None if unknown. digest: of the weights."""

    weights: Mapping[str, Tensor]
    classes: tuple[str, ...] | None
    digest: str


def read_initial(path: Path) -> Initial:
    """The weights of a finished run of `train lsa`, or of a safetensors file that holds a backbone's.

    Raises ValueError, naming the file, if it is none of these or damaged.
    """
    if path.is_dir():
        run = RunFolder(path)
        run.check_method(METHOD, "weights to start from")
        finished = run.load()
        with finished.reading(CONFIG):
            classes = tuple(finished.settings["classes"])
        weights, known = finished.weights, classes if finished.settings.get("task") == "classify" else None
    else:
        weights, known = _read(path), None
    own = _of_backbone(weights)
    return Initial(own, known, weights_digest(own))


def _of_backbone(weights: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    for prefix in _BACKBONES:
        own = {name.removeprefix(prefix): one for name, one in weights.items() if name.startswith(prefix)}
        if own:
            return own
    return weights


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ValueError(f"{path}: no such run or file of weights")
    try:
        return load(path.read_bytes())
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file, or damaged") from error
