"""Convolutions that make fewer frames of a recording's features, as products over patches."""

import torch
from torch import Tensor, nn
from torch.nn import functional

_SIDE = 3  # of a patch
_STRIDE = 2


def halved(length: int | Tensor) -> int | Tensor:
    """The length of a row after a convolution of stride 2 that is padded by 1 at each end."""
    return (length + 1) // _STRIDE


class FrontEnd(nn.Module):
    """Strided convolutions over frames and bands, then a linear layer: (batch, frames, bands) to fewer frames.

    Each convolution is a linear layer over patches of 3 x 3, so that it can be in integers like any other. What lies
    behind an utterance's end counts as zero, as what lies behind the end of the batch does.

    layers: number of convolutions, each of which halves the frames.
    """

    def __init__(self, bands: int, width: int, layers: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        channels = 1
        for _ in range(layers):
            self.convolutions.append(nn.Linear(channels * _SIDE**2, width))
            channels, bands = width, int(halved(bands))
        self.projection = nn.Linear(channels * bands, width)

    def lengths(self, lengths: Tensor) -> Tensor:
        """Frames that are left of utterances of so many frames."""
        for _ in self.convolutions:
            lengths = torch.as_tensor(halved(lengths))
        return lengths

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Features (batch, frames, bands) of utterances of `lengths` frames, as (batch, fewer frames, width)."""
        image = features.unsqueeze(1)
        for convolution in self.convolutions:
            image = _masked(image, lengths)
            batch, _, frames, bands = image.shape
            patches = functional.unfold(image, _SIDE, padding=1, stride=_STRIDE).transpose(1, 2)
            rows = torch.relu(convolution(patches))
            image = rows.transpose(1, 2).reshape(batch, -1, int(halved(frames)), int(halved(bands)))
            lengths = torch.as_tensor(halved(lengths))
        frame_rows: Tensor = self.projection(image.permute(0, 2, 1, 3).flatten(2))
        return frame_rows


def _masked(image: Tensor, lengths: Tensor) -> Tensor:
    """(batch, channels, frames, bands), with zeros behind each utterance's end."""
    within = torch.arange(image.shape[2], device=image.device) < lengths[:, None]
    return image * within[:, None, :, None]
