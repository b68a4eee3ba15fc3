"""Classes of pictures, by a network that reads pixels."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.checks import check_positive
from models.data.any_pictures import fitted_picture, picture_names
from models.data.files import open_file
from models.data.pictures import ALL_ENDINGS
from models.integer_network.core import LARGEST_PIXEL
from models.kernels.network import IntegerNetwork


@dataclass(frozen=True)
class Ranking:
    """The best classes of a picture, best first: their numbers and scores. Of equal scores the lower number leads."""

    picture: Path
    classes: tuple[int, ...]
    scores: tuple[float, ...]


class Classifier:
    """Classifies pictures of any size, a batch at a time.

    top: how many classes of each picture are told. batch: pictures at a time. seconds: what the network took so far,
    without reading the pictures.

    Raises ValueError for a network that reads floats instead of pixels, and for numbers below 1.
    """

    def __init__(self, network: IntegerNetwork, *, top: int = 1, batch: int = 16) -> None:
        if network.graph.white is None:
            raise ValueError("the network reads normalised floats; one that reads pixels has integer edges")
        check_positive("top", top)
        check_positive("batch", batch)
        self.network, self.top, self.batch = network, top, batch
        self._white = network.graph.white
        self.seconds = 0.0

    def rankings(self, pictures: Sequence[Path]) -> Iterator[Ranking]:
        """The best classes of each picture, in order. Raises ValueError, naming the picture, if one is damaged."""
        for start in range(0, len(pictures), self.batch):
            chosen = pictures[start : start + self.batch]
            images = np.stack([self._image(path) for path in chosen])
            started = time.perf_counter()
            scores = self.network(images).numpy()
            self.seconds += time.perf_counter() - started
            best = np.argsort(-scores.astype(np.float64), 1, kind="stable")[:, : self.top]
            for path, order, values in zip(chosen, best, np.take_along_axis(scores, best, 1), strict=True):
                yield Ranking(path, tuple(order.tolist()), tuple(values.tolist()))

    def _image(self, path: Path) -> NDArray[np.uint8]:
        channels, height, width = self.network.graph.image_shape
        with open_file(path) as file:
            image = fitted_picture(file, path, (channels, height, width)).numpy()
        # Pictures are white at 255; some data sets' images are elsewhere.
        return ((image.astype(np.int32) * self._white + LARGEST_PIXEL // 2) // LARGEST_PIXEL).astype(np.uint8)


def listed_pictures(paths: Sequence[Path]) -> list[Path]:
    """Files as they are named, and the pictures in folders of any depth, sorted by folder.

    Raises ValueError, naming it, for a path where there is nothing, and for a folder without pictures.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += (path / name for name in picture_names(path, ALL_ENDINGS))
        elif path.exists():
            found.append(path)
        else:
            raise ValueError(f"{path}: no such file or folder")
    return found
