"""Features of all pictures below any folder."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.data.any_pictures import fitted_picture, picture_names
from models.data.files import Folder
from models.data.sources import normalised
from models.files import write_arrays
from models.progress import Progress
from models.selfsup.probes.frozen import frozen
from models.selfsup.probes.images import Normalisation, images_at_once
from models.selfsup.views.recipes import ViewRecipe


@dataclass(frozen=True)
class Embedding:
    """Features of pictures.

    features: (pictures, d), float32. files: the pictures' paths below the folder. groups: the folder that each lies in,
    empty for the folder itself.
    """

    features: NDArray[np.float32]
    files: tuple[str, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(posixpath.dirname(file) for file in self.files)

    def save(self, path: Path) -> None:
        """Writes an npz file with the arrays features, files and groups."""
        write_arrays(path, {"features": self.features, "files": np.array(self.files), "groups": np.array(self.groups)})


@torch.no_grad()
def embed_folder(
    encoder: nn.Module,
    folder: Path,
    image_shape: tuple[int, int, int],
    recipe: ViewRecipe,
    progress: Progress,
) -> Embedding:
    """The features of all pictures in a folder and the folders below it, sorted by path.

    image_shape: channels, height and width of the encoder's images. recipe: of its training. Pictures may be of any
    size. Encoders of square images see the middle of each, as `seen_part` says; others see the whole picture, scaled.
    Hidden files are skipped.

    Raises ValueError if there is no picture, or a picture is damaged, naming it, or features are not finite.
    """
    files, names = Folder(folder), picture_names(folder)
    task = progress.task(f"embedding: {folder}", len(names))
    device = next(encoder.parameters()).device
    moments = Normalisation(recipe.mean, recipe.std).pixels(image_shape[0])
    found = []
    with frozen(encoder):
        for part in _parts(names, images_at_once(image_shape, device)):
            pixels = torch.stack([_pixels(files, name, image_shape) for name in part])
            features = encoder(normalised(pixels.to(device), *moments)).flatten(1)
            broken = (~features.isfinite()).any(1).nonzero()
            if len(broken):
                raise ValueError(f"the features of {folder / part[int(broken[0])]} are not finite")
            found.append(features.float().cpu())
            task.advance(len(part))
    return Embedding(torch.cat(found).numpy(), tuple(names))


def _pixels(files: Folder, name: str, image_shape: tuple[int, int, int]) -> Tensor:
    with files.open(name) as file:
        return fitted_picture(file, files.path / name, image_shape)


def _parts(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[first : first + size] for first in range(0, len(names), size))
