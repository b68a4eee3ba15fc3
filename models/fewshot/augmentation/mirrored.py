"""Shot augmentation by flips in evaluation, with each image and its mirror image embedded once."""

import torch
from torch import Tensor, nn

from models.fewshot.evaluation import Head


class WithMirrored(nn.Module):
    """An encoder whose features (n, 2 d) are those of the images and, beside them, those of their mirror images."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.training = encoder.training

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat([self.encoder(images), self.encoder(images.flip(-1))], 1)


def with_mirrored_shots(head: Head) -> Head:
    """A head on features of `WithMirrored` whose support has each image and its mirror image; queries stay as they are.

    It does as `flip:shot` does with the images of an episode.
    """

    def mirrored(query: Tensor, support: Tensor, labels: Tensor, ways: int) -> Tensor:
        plain, _ = query.chunk(2, -1)
        return head(plain, torch.cat(support.chunk(2, -1), 1), torch.cat([labels, labels], 1), ways)

    return mirrored
