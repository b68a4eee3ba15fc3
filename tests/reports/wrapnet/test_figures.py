"""Figures 2.1a and 2.3: the lines are the functions, and land in files."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from reports.wrapnet.figures import figure_2_1, figure_2_3, write_cyclic_figure


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


def test_a_figure_lands_in_files_and_others_are_refused(tmp_path: Path) -> None:
    assert write_cyclic_figure("2.1", tmp_path).read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "figure-2.1.svg").read_text()
    with pytest.raises(ValueError, match=r"there is no figure '2\.2'; allowed are 2\.1, 2\.3"):
        write_cyclic_figure("2.2", tmp_path)
