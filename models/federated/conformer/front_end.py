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

    def forward(self, features: Tensor, lengths: Tensor, wanted: slice | None = None) -> Tensor:
        """Features (batch, frames, bands) of utterances of `lengths` frames, as (batch, fewer frames, width).

        wanted: which of the fewer frames to make; all if None.
        """
        first, last = (0, int(self.lengths(torch.tensor(features.shape[1])))) if wanted is None else _ends(wanted)
        reach = [(first, last)]  # of the frames before each convolution, and after the last
        for _ in self.convolutions:
            reach.insert(0, (_STRIDE * reach[0][0] - 1, _STRIDE * reach[0][1]))
        image = _cut(features, *reach[0]).unsqueeze(1)
        for convolution, (start, _) in zip(self.convolutions, reach[:-1], strict=True):
            image = _masked(image, start, lengths)
            batch, _, frames, bands = image.shape
            patches = functional.unfold(image, _SIDE, padding=(0, 1), stride=_STRIDE).transpose(1, 2)
            rows = torch.relu(convolution(patches))
            image = rows.transpose(1, 2).reshape(batch, -1, (frames - _SIDE) // _STRIDE + 1, int(halved(bands)))
            lengths = torch.as_tensor(halved(lengths))
        frame_rows: Tensor = self.projection(image.permute(0, 2, 1, 3).flatten(2))
        return frame_rows


def _ends(wanted: slice) -> tuple[int, int]:
    return wanted.start, wanted.stop


def _cut(features: Tensor, first: int, last: int) -> Tensor:
    """Frames `first` to before `last` of (batch, frames, bands), with zeros where there are none."""
    frames = features.shape[1]
    inner = features[:, max(0, first) : min(frames, last)]
    return functional.pad(inner, (0, 0, max(0, -first), max(0, last - frames)))


def _masked(image: Tensor, first: int, lengths: Tensor) -> Tensor:
    """(batch, channels, frames from `first` on, bands), with zeros before each utterance's start and behind its end."""
    frames = torch.arange(first, first + image.shape[2], device=image.device)
    within = (frames >= 0) & (frames < lengths[:, None])
    return image * within[:, None, :, None]
