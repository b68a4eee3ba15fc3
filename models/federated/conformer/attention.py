"""Self-attention over frames with relative positions (Transformer-XL)."""

import math

import torch
from torch import Tensor, nn


def relative_positions(frames: int, width: int, like: Tensor) -> Tensor:
    """Sines and cosines (2 frames - 1, width) of the distances from frames - 1 down to 1 - frames."""
    distances = torch.arange(frames - 1, -frames, -1, device=like.device, dtype=like.dtype)
    exponents = torch.arange(0, width, 2, device=like.device, dtype=like.dtype) / width
    angles = distances[:, None] * torch.exp(-math.log(10000.0) * exponents)
    return torch.stack([angles.sin(), angles.cos()], 2).flatten(1)


class RelativeAttention(nn.Module):
    """Attention whose scores add one for content and one for the distance of two frames."""

    undecayed = ("content_bias", "position_bias")

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.position = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width)
        self.content_bias = nn.Parameter(torch.zeros(heads, width // heads))
        self.position_bias = nn.Parameter(torch.zeros(heads, width // heads))
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, positions: Tensor, within: Tensor) -> Tensor:
        """Frames (batch, frames, width); positions of `relative_positions`; within: (batch, frames), not padding."""
        query, key, value = (self._heads(layer(frames)) for layer in (self.query, self.key, self.value))
        position = self._heads(self.position(positions).unsqueeze(0))
        content = (query + self.content_bias[:, None]) @ key.mT
        distance = (query + self.position_bias[:, None]) @ position.mT
        scores = (content + _by_key(distance)) / math.sqrt(query.shape[-1])
        scores = scores.masked_fill(~within[:, None, None, :], -math.inf)
        mixed = self.dropout(scores.softmax(-1)) @ value
        outputs: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return outputs

    def _heads(self, rows: Tensor) -> Tensor:
        """(batch, rows, width) as (batch, heads, rows, width of a head)."""
        return rows.view(*rows.shape[:2], self.heads, -1).transpose(1, 2)


def _by_key(scores: Tensor) -> Tensor:
    """Scores (..., frames, 2 frames - 1) by distance as scores (..., frames, frames) by key.

    Frame i meets key j at distance i - j, in column frames - 1 - i + j: each row starts one column further left than
    the one above. Read with rows that are one column longer, they stand below one another.
    """
    frames = scores.shape[-2]
    padded = nn.functional.pad(scores, (1, 0)).flatten(-2)
    return padded[..., frames:].view(*scores.shape[:-1], -1)[..., :frames]
