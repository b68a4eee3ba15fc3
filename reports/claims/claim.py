"""A claim: what is said to be larger than what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Values = Callable[[Mapping[str, Any]], Tensor]
"""What is measured of a record, (units,): of each episode, say, or test image; the same units in every record."""


@dataclass(frozen=True)
class Claim:
    """That the values of `more` are larger than those of `less`, both being names of records.

    where: the table that makes the claim. values: of the records. unit: of the difference, % for shares.
    """

    where: str
    text: str
    more: str
    less: str
    values: Values
    unit: str = "%"
