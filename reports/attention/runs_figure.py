"""Figure 4.1: the architecture, and the runs of tokens inside which the running code attends."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.attention.backbones.letters import LETTERS
from models.attention.backbones.options import BackboneOptions
from models.attention.local import LocalSelfAttention
from reports.tables.registry import FigureSource

_NETWORK = "s12"
_CHANNELS = 4
_COLOURS = 20
_MOST_NUMBERED = 64


def figure_4_1(source: FigureSource) -> Figure:
    """Figure 4.1: (a) the stages of a network, (b) the runs of two blocks in turn, or of one kind of block."""
    height, width = source.size
    swaps = (False, True) if source.swap is None else (source.swap,)
    figure, axes = plt.subplots(1, 1 + len(swaps), figsize=(4.6 * (1 + len(swaps)), 4.6), layout="constrained")
    _draw_stages(axes[0], BackboneOptions(name=_NETWORK, length=source.length))
    for panel, swap in zip(axes[1:], swaps, strict=True):
        _draw_runs(panel, runs_of(height, width, source.length, swap))
        title = "runs down the columns (swap)" if swap else "runs along the rows"
        panel.set_title(f"(b) {title}: {height}x{width}, length {source.length}", fontsize=10)
    return figure


def runs_of(height: int, width: int, length: int, swap: bool) -> NDArray[np.int64]:
    """The number of each pixel's run, (height, width), read from the derivatives of the running layer.

    Pixels are of one run where one's output depends on the other's input. Raises ValueError for a length below 1.
    """
    torch.manual_seed(0)
    layer = LocalSelfAttention(_CHANNELS, _CHANNELS, length, swap).double().requires_grad_(False)
    maps = torch.randn(1, _CHANNELS, height, width, dtype=torch.float64).requires_grad_()
    result = layer(maps)
    found = np.full((height, width), -1)
    pixels = ((row, column) for column in range(width) for row in range(height)) if swap else np.ndindex(height, width)
    for row, column in pixels:
        if found[row, column] < 0:
            (gradient,) = torch.autograd.grad(result[0, :, row, column].sum(), maps, retain_graph=True)
            found[(gradient[0] != 0).any(0).numpy()] = found.max() + 1
    return found


def _draw_runs(axes: Axes, runs: NDArray[np.int64]) -> None:
    axes.imshow(runs % _COLOURS, cmap="tab20", vmin=0, vmax=_COLOURS - 1, alpha=0.75, interpolation="nearest")
    height, width = runs.shape
    axes.set_xticks(np.arange(width + 1) - 0.5, [])
    axes.set_yticks(np.arange(height + 1) - 0.5, [])
    axes.tick_params(length=0)
    axes.grid(color="white", linewidth=0.6)
    if runs.max() < _MOST_NUMBERED:
        for run in range(runs.max() + 1):
            row, column = np.argwhere(runs == run)[np.sum(runs == run) // 2]
            axes.text(column, row, str(run + 1), ha="center", va="center", fontsize=9)


def _draw_stages(axes: Axes, options: BackboneOptions) -> None:
    """A box for each stage of a network, from the options that it is built of."""
    own = options.architecture
    _, channels = own.scaled(options.width)
    lines = [f"stem: convolutions of {own.stem[0]} and {own.stem[1]} channels, 1/{options.stem_stride}"]
    for stage, (letter, blocks) in enumerate(zip(options.letters, own.blocks, strict=True)):
        stride = options.stem_stride << stage
        lines.append(f"stage {stage + 1}: {blocks} blocks, {channels[stage]} channels, 1/{stride}\n{LETTERS[letter]}")
    for place, text in enumerate(reversed(lines)):
        box = {"boxstyle": "round,pad=0.5", "facecolor": "#eef1f5", "edgecolor": "#30343b"}
        axes.text(0.5, (place + 0.5) / len(lines), text, ha="center", va="center", fontsize=9, bbox=box)
    axes.set_axis_off()
    axes.set_title(f"(a) {own.row}", fontsize=10)
