"""Ensembles of encoders, whose head's logits are averaged, with each image embedded once by each member."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from models.fewshot.evaluation import Head


class Ensemble(nn.Module):
    """Encoders side by side: features (n, members * d) of images, from encoders whose features are (n, d)."""

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.training = any(member.training for member in self.members)

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([member(images).flatten(1) for member in self.members], 1)


def with_mean_logits(heads: Sequence[Head]) -> Head:
    """A head on features of `Ensemble`: each member's own, whose logits are averaged."""

    def averaged(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
        queries, supports = query.chunk(len(heads), -1), support.chunk(len(heads), -1)
        members = zip(heads, queries, supports, strict=True)
        return torch.stack([head(asked, shown, labels, ways) for head, asked, shown in members]).mean(0)

    return averaged
