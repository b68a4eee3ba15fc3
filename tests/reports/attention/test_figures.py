"""Figures 4.1 and 4.3: the runs of the running code, and latencies from a record."""

import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from models.progress import Progress
from reports.attention.figures import TRAINED_FIGURES
from reports.attention.runs_figure import runs_of
from reports.tables.registry import FigureSource


def source(**changes: Any) -> FigureSource:
    return FigureSource(data=None, scale="small", runs=Path(), progress=Progress(quiet=True), **changes)


@pytest.mark.parametrize(("height", "width", "length"), [(14, 14, 49), (5, 9, 7), (1, 6, 4), (3, 2, 50)])
def test_runs_are_consecutive_pixels(height: int, width: int, length: int) -> None:
    places = np.arange(height * width) // length
    assert np.array_equal(runs_of(height, width, length, False), places.reshape(height, width))
    assert np.array_equal(runs_of(height, width, length, True), places.reshape(width, height).T)


@pytest.mark.parametrize(("swap", "panels"), [(None, 3), (True, 2)])
def test_runs_are_drawn_both_ways_or_one(swap: bool | None, panels: int) -> None:
    figure = TRAINED_FIGURES["4.1"](source(size=(4, 6), length=5, swap=swap))
    titles = [axes.get_title() for axes in figure.axes]
    assert len(titles) == panels
    assert titles[-1] == "(b) runs down the columns (swap): 4x6, length 5"
    plt.close(figure)


def test_latencies_of_files_are_drawn_beside_accuracies(tmp_path: Path) -> None:
    row = {"backend": "onnxruntime", "accuracy": 80.0, "distilled": "no", "whose": "ours", "least_ms": 3.0, "case": "a"}
    rows = [
        row | {"name": "224x224, onnxruntime"},
        row | {"name": "224x224, onnxruntime", "case": "b", "distilled": "yes", "whose": "peer"},
        row | {"name": "512x512, onnxruntime"},
        row | {"name": "224x224, eager", "backend": "eager"},
    ]
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"rows": rows}))
    figure = TRAINED_FIGURES["4.3"](source(bench=path))
    first, second = figure.axes
    assert (first.get_title(), second.get_title()) == ("224x224, onnxruntime", "512x512, onnxruntime")
    assert [text.get_text() for text in first.texts] == ["a", "b"]
    ours, taught = first.collections
    assert tuple(ours.get_facecolor()[0]) == to_rgba("#b8322a")
    assert len(taught.get_facecolor()) == 0
    plt.close(figure)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"rows": [{"backend": "eager"}]}', '{"rows": [1]}'])
def test_what_is_no_record_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=r"figure 4\.3 needs --bench with the JSON of .*bench\.json"):
        TRAINED_FIGURES["4.3"](source(bench=path))
