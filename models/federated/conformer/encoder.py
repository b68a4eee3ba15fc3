"""The Conformer: a front end and blocks of feed-forward layers around attention and convolution."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.backbones.checkpointing import checkpointed
from models.federated.conformer.attention import RelativeAttention, relative_positions
from models.federated.conformer.convolution import ConvolutionModule
from models.federated.conformer.front_end import FrontEnd
from models.federated.conformer.settings import ConformerSettings

_LAYERS = {2: 1, 4: 2}  # of the front end, by what they divide the number of frames by
_FRAMES_AT_A_TIME = 32  # of the front end, with checkpointing


class ConformerEncoder(nn.Module):
    """Features of utterances as frames of `settings.width` numbers.

    An utterance's frames do not depend on its padding or its neighbours in the batch, save with batch norm.
    """

    def __init__(self, settings: ConformerSettings, bands: int) -> None:
        super().__init__()
        self.settings = settings
        self.front_end = FrontEnd(bands, settings.width, _LAYERS[settings.subsampling])
        self.dropout = nn.Dropout(settings.dropout)
        self.blocks = nn.ModuleList(ConformerBlock(settings) for _ in range(settings.blocks))

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features (batch, frames, bands) of utterances of `lengths` frames, at least 1.

        Returns frames (batch, fewer frames, width) and how many of them each utterance has. Those behind its end have
        no meaning.
        """
        frames, lengths = self._fewer_frames(features, lengths), self.front_end.lengths(lengths)
        positions = relative_positions(frames.shape[1], frames.shape[2], frames)
        within = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
        frames = self.dropout(frames)
        for block in self.blocks:
            frames = block(frames, positions, within)
        return frames, lengths

    def _fewer_frames(self, features: Tensor, lengths: Tensor) -> Tensor:
        if not (self.settings.checkpointing and torch.is_grad_enabled()):
            return self.front_end(features, lengths)  # type: ignore[no-any-return]
        total = int(self.front_end.lengths(torch.tensor(features.shape[1])))
        parts = [slice(first, min(first + _FRAMES_AT_A_TIME, total)) for first in range(0, total, _FRAMES_AT_A_TIME)]
        made = [checkpointed(self.front_end, self.front_end, features, lengths, part) for part in parts]
        return torch.cat(made, 1)


class ConformerBlock(nn.Module):
    """Half a feed-forward layer, attention, convolution, another half, and a layer norm."""

    def __init__(self, settings: ConformerSettings) -> None:
        super().__init__()
        width, dropout = settings.width, settings.dropout
        self.feed_forward_before = _feed_forward(width, settings.expansion, dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.attention = RelativeAttention(width, settings.heads, dropout)
        self.dropout = nn.Dropout(dropout)
        self.convolution = ConvolutionModule(width, settings.kernel, settings.norm, dropout)
        self.feed_forward_after = _feed_forward(width, settings.expansion, dropout)
        self.norm = nn.LayerNorm(width)
        self.checkpointing = settings.checkpointing

    def forward(self, frames: Tensor, positions: Tensor, within: Tensor) -> Tensor:
        """Frames (batch, frames, width), positions of `relative_positions`, within: (batch, frames), not padding."""
        frames = self._run(self._before, frames)
        frames = self._run(self._attend, frames, positions, within)
        frames = self._run(self._mix, frames, within)
        return self._run(self._after, frames)

    def _run(self, part: Callable[..., Tensor], *inputs: Tensor) -> Tensor:
        if self.checkpointing and torch.is_grad_enabled():
            return checkpointed(self, part, *inputs)
        return part(*inputs)

    def _before(self, frames: Tensor) -> Tensor:
        return frames + self.feed_forward_before(frames) / 2  # type: ignore[no-any-return]

    def _attend(self, frames: Tensor, positions: Tensor, within: Tensor) -> Tensor:
        return frames + self.dropout(self.attention(self.attention_norm(frames), positions, within))  # type: ignore[no-any-return]

    def _mix(self, frames: Tensor, within: Tensor) -> Tensor:
        return frames + self.convolution(frames, within)  # type: ignore[no-any-return]

    def _after(self, frames: Tensor) -> Tensor:
        return self.norm(frames + self.feed_forward_after(frames) / 2)  # type: ignore[no-any-return]


def _feed_forward(width: int, expansion: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, expansion * width),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(expansion * width, width),
        nn.Dropout(dropout),
    )
