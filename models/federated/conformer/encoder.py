"""The Conformer: a front end and blocks of feed-forward layers around attention and convolution."""

import torch
from torch import Tensor, nn

from models.federated.conformer.attention import RelativeAttention, relative_positions
from models.federated.conformer.convolution import ConvolutionModule
from models.federated.conformer.front_end import FrontEnd
from models.federated.conformer.settings import ConformerSettings

_LAYERS = {2: 1, 4: 2}  # of the front end, by what they divide the number of frames by


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
        frames, lengths = self.front_end(features, lengths), self.front_end.lengths(lengths)
        positions = relative_positions(frames.shape[1], frames.shape[2], frames)
        within = torch.arange(frames.shape[1], device=frames.device) < lengths[:, None]
        frames = self.dropout(frames)
        for block in self.blocks:
            frames = block(frames, positions, within)
        return frames, lengths


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

    def forward(self, frames: Tensor, positions: Tensor, within: Tensor) -> Tensor:
        """Frames (batch, frames, width), positions of `relative_positions`, within: (batch, frames), not padding."""
        frames = frames + self.feed_forward_before(frames) / 2
        frames = frames + self.dropout(self.attention(self.attention_norm(frames), positions, within))
        frames = frames + self.convolution(frames, within)
        frames = frames + self.feed_forward_after(frames) / 2
        normed: Tensor = self.norm(frames)
        return normed


def _feed_forward(width: int, expansion: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, expansion * width),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(expansion * width, width),
        nn.Dropout(dropout),
    )
