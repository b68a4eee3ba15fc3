"""Figures 2.1a and 2.3: the lines are the functions."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from reports.wrapnet.figures import figure_2_1, figure_2_3


def test_lines_peak_where_the_formulas_do() -> None:
    figure = figure_2_1()
    lines = {line.get_label(): np.asarray(line.get_ydata()) for line in figure.axes[0].lines}
    assert np.nanmax(lines["modulo"]) == pytest.approx(8, abs=0.02)
    assert lines["cyclic, k = 1"].max() == pytest.approx(4)  # k / (k + 1) * 2^3
    assert lines["cyclic, k = 4"].max() == pytest.approx(6.4, abs=0.02)
    plt.close(figure)


def test_the_compared_functions_differ_on_negative_sums() -> None:
    figure = figure_2_3()
    lines = {str(line.get_label()): np.asarray(line.get_ydata()) for line in figure.axes[0].lines}
    assert lines["proposed, k = 2"].min() == pytest.approx(-16 / 3, abs=0.05)
    assert lines["ReLU-like, k = 2"].min() == 0
    assert lines["absolute"].max() == 8
    plt.close(figure)
