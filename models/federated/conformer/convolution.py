"""A Conformer block's convolution over time."""

from collections.abc import Callable, Mapping

from torch import Tensor, nn
from torch.nn import functional

from models.federated.conformer.settings import NormName


class ConvolutionModule(nn.Module):
    """A gated linear layer, a depthwise convolution over frames, and a linear layer."""

    def __init__(self, width: int, kernel: int, norm: NormName, dropout: float) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.gated = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(width, width, kernel, groups=width)
        self.norm = _NORMS[norm](width)
        self.after = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, frames: Tensor, within: Tensor) -> Tensor:
        """Frames (batch, frames, width); within: (batch, frames), not padding, which counts as zero."""
        gated = functional.glu(self.gated(self.before(frames)), -1) * within.unsqueeze(-1)
        reach = self.depthwise.kernel_size[0] - 1
        padded = functional.pad(gated.transpose(1, 2), (reach // 2, reach - reach // 2))
        mixed = self.norm(self.depthwise(padded).transpose(1, 2))
        outputs: Tensor = self.dropout(self.after(functional.silu(mixed)))
        return outputs


class _FrameGroups(nn.GroupNorm):
    """Group norm of each frame alone: statistics over time would depend on the padding."""

    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames.flatten(0, -2)).view_as(frames)


class _FrameBatch(nn.BatchNorm1d):
    """Batch norm over all frames of a batch, padding among them."""

    def forward(self, frames: Tensor) -> Tensor:
        return super().forward(frames.flatten(0, -2)).view_as(frames)


def _group_norm(width: int) -> nn.Module:
    return _FrameGroups(next(groups for groups in (8, 4, 2, 1) if width % groups == 0), width)


_NORMS: Mapping[NormName, Callable[[int], nn.Module]] = {
    "layer": nn.LayerNorm,
    "group": _group_norm,
    "batch": _FrameBatch,
}
