"""Position bias of attention in runs: one value for each head and offset along the run."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.attention.options import checked_count

_STANDARD_DEVIATION = 0.02


class RunBias(nn.Module):
    """A table of heads x (2 length - 1), the bias of key j for query i at column j - i + length - 1.

    The table knows no resolution. A table of another length is cut or interpolated as it is loaded.
    """

    undecayed = ("table",)

    def __init__(self, heads: int, length: int) -> None:
        super().__init__()
        self.length = checked_count("length", length)
        self.table = nn.Parameter(torch.empty(checked_count("heads", heads), 2 * length - 1))
        nn.init.trunc_normal_(self.table, std=_STANDARD_DEVIATION)

    def forward(self, length: int) -> Tensor:
        """The bias among the first `length` tokens of a run, of shape (heads, length, length)."""
        positions = torch.arange(length, device=self.table.device)
        columns = positions + (self.length - 1 - positions)[:, None]
        return self.table.index_select(1, columns.flatten()).reshape(-1, length, length)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        table = state_dict.get(f"{prefix}table")
        if table is not None:
            state_dict[f"{prefix}table"] = resized_table(table, self.length)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def resized_table(table: Tensor, length: int) -> Tensor:
    """The table, of shape (heads, 2 n - 1), for runs of `length` tokens.

    Longer tables are cut: the offsets that remain keep their values. Shorter ones are interpolated linearly between
    their end points. Raises ValueError for a table without a column of offset 0 in its middle.
    """
    if table.ndim != 2 or table.shape[1] % 2 == 0:
        raise ValueError(f"position table has shape {tuple(table.shape)}; allowed is (heads, 2 length - 1)")
    columns, wanted = table.shape[1], 2 * length - 1
    if columns == wanted:
        return table
    if columns > wanted:
        start = (columns - wanted) // 2
        return table[:, start : start + wanted].clone()
    return F.interpolate(table[None], wanted, mode="linear", align_corners=True)[0]
