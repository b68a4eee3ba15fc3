"""Options that several benches share."""

from typing import Annotated, Literal

from tyro.conf import arg

Rounds = Annotated[int, arg(metavar="N", help="rounds; the median of each contender counts")]
Device = Annotated[Literal["auto", "cpu", "cuda"], arg(help="where to measure; auto takes a GPU if there is one")]
Width = Annotated[int | None, arg(metavar="N", help="channels of the first layer; the network's own if left out")]
