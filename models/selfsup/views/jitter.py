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

_BLENDS = ORDERS[ORDERS != HUE].reshape(len(ORDERS), 3)  # the other three changes, in order


@dataclass(frozen=True)
class Jitter:
    """Changes of the colours of images that are sorted by the place of hue in their order.

    Of the other three changes, number k comes before hue in the images whose hue has a place above k, and after it in
    the others. So each is two calls, for all images at the end and for all at the beginning.

    hue_places: (images,), ascending. kept, grey, mean_grey: shares of the three changes, see `blend`, (images, 3).
    turns: of the hue, (images,). All but `hue_places` are float32 on the images' device.
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
        return cls(HUE_PLACES[orders], moved, shares != 0)

    def apply(self, planes: Tensor) -> None:
        """Changes the first images of planes (channels, images, pixels), as many as there are factors, in place."""
        count = len(self.hue_places)
        firsts = np.searchsorted(self.hue_places, np.arange(3), side="right").tolist()
        for change, first in enumerate(firsts):
            self._blend(planes, change, slice(first, count))
        if len(planes) == 3 and self.uses[:, 9].any():
            shift_hue(planes[:, :count], self.shares[:, 9:])
        for change, first in enumerate(firsts):
            self._blend(planes, change, slice(0, first))

    def _blend(self, planes: Tensor, change: int, images: slice) -> None:
        if images.start == images.stop:
            return
        columns = change, change + 3, change + 6
        kept, grey, mean = (self.shares[images, column : column + 1] for column in columns)
        of_grey, of_mean = (self.uses[images, column].any() for column in columns[1:])
        blend(planes[:, images], kept, grey if of_grey else None, mean if of_mean else None)
