"""Figure 5.1: lines are boundaries of one-shot classifiers, and each panel states the share that was measured."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.fewshot.figures import boundary, figure_5_1


@pytest.fixture(scope="module")
def figure() -> Iterator[Figure]:
    drawn = figure_5_1()
    yield drawn
    plt.close(drawn)


def points(axes: Axes) -> list[np.ndarray]:
    """Both classes, then one-shot points of both, as drawn."""
    return [np.asarray(each.get_offsets()) for each in axes.collections]


def test_every_line_is_the_boundary_of_two_shots(figure: Figure) -> None:
    for axes in figure.axes:
        _, _, first, second = points(axes)
        assert len(axes.lines) == len(first) == len(second) == 8
        for line, x, y in zip(axes.lines, first, second, strict=True):
            for end in line.get_xydata():
                # c(z) of Theorem 1 is 0 on the boundary.
                assert end @ (x - y) - x @ x / 2 + y @ y / 2 == pytest.approx(0, abs=1e-9)


def test_the_classes_are_linearly_separable_in_every_panel(figure: Figure) -> None:
    for axes in figure.axes:
        one, other, first, second = points(axes)
        assert max(one[:, 0].max(), first[:, 0].max()) < 0 < min(other[:, 0].min(), second[:, 0].min())


def test_the_stated_shares_are_those_of_the_classifier(figure: Figure) -> None:
    """Points of the first class as drawn, against pairs of them, classified as Theorem 1 does."""
    found, stated = [], []
    for axes in figure.axes:
        one, other, *_ = points(axes)
        x, z, y = one[:120, None], one[120:][None], other[:120, None]
        found.append(100 * (((z - x) ** 2).sum(2) > ((z - y) ** 2).sum(2)).mean())
        text = axes.get_xlabel()
        stated.append(0.0 if text.startswith("none of 1,000,000") else float(text.split("%")[0]))
    assert found == pytest.approx(stated, abs=3)
    assert stated[0] > 10 > 5 > stated[1] > stated[2] == 0


def test_the_text_fits(figure: Figure) -> None:
    figure.canvas.draw()
    for axes in figure.axes:
        for label in (axes.title, axes.xaxis.label):
            assert label.get_window_extent().width <= axes.get_window_extent().width


def test_a_boundary_of_two_points() -> None:
    ends = boundary(torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 0.0]), 3)
    assert ends.tolist() == [[0, -3], [0, 3]]
