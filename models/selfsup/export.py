"""A trained encoder for use without wrapmac: weights as safetensors, what to do with them as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import nn

from models.files import write_bytes, write_text
from models.selfsup.operations import operations_of, tensors_of
from models.selfsup.probes.frozen import state_digest
from models.selfsup.probes.images import Normalisation
from models.selfsup.run import SelfSupRun

_VERSION = 1


@dataclass(frozen=True)
class EncoderExport:
    """An encoder with what its users need to know.

    image_shape: channels, height and width of its images. normalisation: how it takes pixel values.
    about: more for the description, such as the run's settings.
    """

    encoder: nn.Module
    image_shape: tuple[int, int, int]
    features_dim: int
    normalisation: Normalisation
    about: Mapping[str, Any]

    def write(self, path: Path) -> list[Path]:
        """Writes the weights to `path` and the description beside it, with the ending .json; returns both.

        Raises ValueError if the encoder has no plain form.
        """
        beside = description_of(path)
        operations = operations_of(self.encoder)
        mean, std = self.normalisation.pixels(self.image_shape[0])
        tensors = tensors_of(self.encoder, operations)
        description = {
            "format": "wrapmac encoder",
            "version": _VERSION,
            "weights": path.name,
            "image_shape": list(self.image_shape),
            "features_dim": self.features_dim,
            "normalisation": {"mean": list(mean), "std": list(std), "white": self.normalisation.white},
            "encoder_digest": state_digest(self.encoder),
            "operations": [operation.record for operation in operations],
            **self.about,
        }
        content = save(tensors)
        write_bytes(path, content)
        write_text(beside, json.dumps(description, indent=2))
        return [path, beside]


def export_of_run(run: SelfSupRun) -> EncoderExport:
    """The encoder of a run, whose settings and data are in the description."""
    about = {"settings": asdict(run.config), "training": run.result}
    normalisation = Normalisation(run.recipe.mean, run.recipe.std, run.white)
    return EncoderExport(run.encoder, run.image_shape, run.encoder.features_dim, normalisation, about)


def description_of(path: Path) -> Path:
    """The file of the description that belongs to a file of weights. Raises ValueError if it would be the same."""
    beside = path.with_suffix(".json")
    if beside == path:
        raise ValueError(f"{path} would hold the weights and their description; name it .safetensors")
    return beside
