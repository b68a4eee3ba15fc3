"""Colour jitter: brightness, contrast, saturation and hue, in an order of each image's own."""

from dataclasses import dataclass
from itertools import permutations
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.data.draws import Integers
from models.selfsup.views.colours import blend, shift_hue

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)

ORDERS = np.array(list(permutations(range(4))))
"""All orders of the four changes: (24, 4)."""

HUE_PLACES = (ORDERS == HUE).argmax(1)
"""The place of hue in each order."""

_CHANGES = 3  # besides hue
_TURN = 3 * _CHANGES  # the column of the hue's turn
_BLENDS = ORDERS[ORDERS != HUE].reshape(len(ORDERS), _CHANGES)  # in order


@dataclass(frozen=True)
class Jitter:
    """Changes of the colours of images that are sorted by the place of hue in their order.

    Of the other three changes, number k comes before hue in the images whose hue has a place above k, and after it in
    the others. So each is two calls, for all images at the end and for all at the beginning.

    hue_places: (images,), ascending. shares: of the image, its grey and its mean grey in each of the three changes, see
    `blend`, and the turn of the hue: (images, 10, 1, 1), float32, on the images' device. uses: which of them are not 0,
    (images, 10).
    """

    hue_places: Integers
    shares: Tensor
    uses: NDArray[np.bool_]

    @classmethod
    def of(cls, factors: NDArray[np.float64], orders: Integers, device: torch.device) -> Self:
        """From the factors of brightness, contrast and saturation, of which 1 changes nothing, and the hue's turns.

        factors: (images, 4). orders: their numbers in ORDERS, (images,).
        """
        changes = _BLENDS[orders]
        kept = np.take_along_axis(factors, changes, 1)
        of_grey, of_mean = ((changes == change) * (1 - kept) for change in (SATURATION, CONTRAST))
        shares = np.concatenate([kept, of_grey, of_mean, factors[:, HUE:]], 1)
        moved = torch.from_numpy(shares.astype(np.float32)).to(device, non_blocking=True)
        return cls(HUE_PLACES[orders], moved[..., None, None], shares != 0)

    def apply(self, planes: Tensor) -> None:
        """Changes the first images of planes (channels, images, height, width), as many as it is for, in place."""
        count = len(self.hue_places)
        firsts = np.searchsorted(self.hue_places, np.arange(_CHANGES), side="right").tolist()
        for change, first in enumerate(firsts):
            self._blend(planes, change, slice(first, count))
        if len(planes) == 3 and self.uses[:, _TURN].any():
            shift_hue(planes[:, :count], self.shares[:, _TURN])
        for change, first in enumerate(firsts):
            self._blend(planes, change, slice(0, first))

    def _blend(self, planes: Tensor, change: int, images: slice) -> None:
        if images.start == images.stop:
            return
        columns = change, change + _CHANGES, change + 2 * _CHANGES
        kept, grey, mean = (self.shares[images, column] for column in columns)
        of_grey, of_mean = (self.uses[images, column].any() for column in columns[1:])
        blend(planes[:, images], kept, grey if of_grey else None, mean if of_mean else None)
