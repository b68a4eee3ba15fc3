"""Numbered procedural scenes of several sizes, to train on and to hold out."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from models.checks import check_positive
from models.data.scenes.scene import LARGEST, SMALLEST, Scene, draw_scene
from models.data.sources import digest_of
from models.memory import check_fits

_FORMS = ((4, 4), (3, 4), (4, 3), (4, 5), (5, 4))  # height and width, in quarters of the set's size
_FIRST_HELD_OUT = 1 << 30
_VERSION = 1  # of how scenes are drawn
_BYTES_PER_PIXEL = 3 + 8 + 3  # picture, labels and masks


@dataclass(frozen=True)
class SceneSet:
    """Scenes by number, each a function of seed, number and size.

    size: side of the square ones, in pixels; other scenes have sides of 3/4 and 5/4 of it. held_out: whether they are
    those to test on, which differ from all training scenes of the seed.

    Raises ValueError for less than one scene, a size at which a side would be outside 16 to 4096, and for scenes that
    do not fit the memory.
    """

    count: int
    size: int = 128
    seed: int = 0
    held_out: bool = False

    def __post_init__(self) -> None:
        check_positive("number of scenes", self.count)
        smallest, largest = -(-SMALLEST * 4 // 3), LARGEST * 4 // 5
        if not smallest <= self.size <= largest:
            raise ValueError(f"size of scenes is {self.size}; allowed are {smallest} to {largest} pixels")
        needed = self.count * _BYTES_PER_PIXEL * self.size**2
        check_fits(f"a set of {self.count} scenes of {self.size} pixels", needed, "to be held")

    def __len__(self) -> int:
        return self.count

    def scene(self, index: int) -> Scene:
        """Scene number `index`, drawn anew. Raises IndexError if there is none."""
        if not 0 <= index < self.count:
            raise IndexError(f"there is no scene {index} among {self.count}")
        height, width = (self.size * part // 4 for part in _FORMS[index % len(_FORMS)])
        return draw_scene(self.seed, index + _FIRST_HELD_OUT * self.held_out, height, width)

    def pair(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture and labels of a scene, kept in memory."""
        return self._pairs[index]

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that depend on what is drawn."""
        return digest_of([f"scenes {_VERSION} {self}".encode()])

    @cached_property
    def _pairs(self) -> list[tuple[Tensor, Tensor]]:
        scenes = (self.scene(index) for index in range(self.count))
        return [(scene.image, scene.labels) for scene in scenes]
