"""Figures 4.1 to 4.3: the runs of the running code, latencies from a record, and trained mixers."""

import json
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from models.attention.training.settings import TaskName
from models.progress import Progress
from reports.attention.figures import TRAINED_FIGURES
from reports.attention.networks.names import GLOBAL, OURS, SWIN, record_name
from reports.attention.results import over_seeds
from reports.attention.runs_figure import runs_of
from reports.tables.registry import FigureSource
from tests.support.attention_tables import made_up_networks


def source(**changes: Any) -> FigureSource:
    own = {"data": None, "scale": "small", "runs": Path(), "progress": Progress(quiet=True)}
    return FigureSource(**{**own, **changes})


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


def stages(folder: Path, **changes: Any) -> Path:
    """A record of two networks at two resolutions."""
    row = {"backend": "eager", "case": "s12:CCAA:ln", "height": 224, "width": 224, "least_ms": 2.0}
    rows = [row, row | {"height": 448, "width": 448}, row | {"case": "s12:CCLL:ln"}]
    path = folder / "bench.json"
    path.write_text(json.dumps({"case": "network", "rows": rows, **changes}), encoding="utf-8")
    return path


def test_latencies_of_stages_are_drawn_from_a_bench_or_from_tables(tmp_path: Path) -> None:
    bench = stages(tmp_path)
    record = json.loads(bench.read_text(encoding="utf-8"))
    (tmp_path / "tables.json").write_text(json.dumps({"latencies": {"4.3": record}}), encoding="utf-8")
    for one in (source(bench=bench), source(runs=tmp_path)):
        figure = TRAINED_FIGURES["4.2"](one)
        (panel,) = figure.axes
        assert [line.get_label() for line in panel.lines] == ["CCAA", "Ours"]
        assert [list(line.get_xdata()) for line in panel.lines] == [[224, 448], [224]]
        plt.close(figure)


def test_what_is_no_record_of_stages_is_refused(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [{"case": "mixer"}, {"rows": [1]}, {"rows": []}]
    for changes in wrong:
        with pytest.raises(ValueError, match=r"figure 4\.2 needs --bench with the JSON of .*bench.json is none"):
            TRAINED_FIGURES["4.2"](source(bench=stages(tmp_path, **changes)))
    with pytest.raises(ValueError, match=r"there is no .*missing"):
        TRAINED_FIGURES["4.2"](source(bench=tmp_path / "missing"))


def test_mixers_of_the_tables_are_drawn_beside_each_other(tmp_path: Path) -> None:
    tasks: tuple[TaskName, ...] = ("classify", "segment")
    names = [record_name(network, task) for network in (OURS, SWIN) for task in tasks]
    found: dict[str, Any] = {
        "figures": over_seeds(made_up_networks([*names, GLOBAL])),
        "scale": "tiny",
        "seeds": [0, 1],
    }
    (tmp_path / "tables.json").write_text(json.dumps(found), encoding="utf-8")
    figure = TRAINED_FIGURES["4.3"](source(runs=tmp_path))
    panel = figure.axes[-1]
    assert [text.get_text() for text in panel.texts] == ["LSA", "windows"]
    accuracy, overlap = (
        found["figures"][name][key]["mean"] for name, key in zip(names, ("accuracy", "mean_iou"), strict=False)
    )
    assert panel.texts[0].xy == (accuracy, overlap)
    plt.close(figure)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"rows": [{"backend": "eager"}]}', '{"rows": [1]}'])
def test_what_is_no_record_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=r"figure 4\.3 needs --bench with the JSON of .*bench\.json"):
        TRAINED_FIGURES["4.3"](source(bench=path))
