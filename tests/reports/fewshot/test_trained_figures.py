"""Figures 5.2 and 5.3 show what was measured of the networks that were trained for them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from models.fewshot.class_images import FewShotData
from models.fewshot.measurement import class_separation
from models.fewshot.procedural import procedural
from models.fewshot.run import load_run, run_few_shot
from models.fewshot.run_measures import run_features
from models.progress import Progress
from reports.fewshot import trained_figures
from reports.fewshot.experiments import network_config, run_folder
from reports.fewshot.networks import BEST_PULL, moves, pulled
from reports.fewshot.scales import SCALES, Scale
from reports.tables.registry import FigureSource
from tests.support.fewshot_records import made_up_records

TINY = replace(
    SCALES["small"],
    widths={"64x4": 4},
    common={"tasks": 2, "batches": 1, "epochs": 1, "shot": 1, "validation_episodes": 0, "test_episodes": 2},
    episodes=4,
    pairs=20,
)
DATA = procedural(0, images=12)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FigureSource]:
    monkeypatch.setitem(SCALES, "small", TINY)
    monkeypatch.setattr(trained_figures, "table_data", lambda path, scale: DATA)
    yield FigureSource(data=None, scale="small", runs=tmp_path, progress=Progress(quiet=True))
    plt.close("all")


def train(
    names: Iterable[str], data: FewShotData, scale: Scale, seeds: list[int], out: Path, progress: Progress
) -> None:
    """Trains networks where `measure_networks` does, in this process."""
    for name in names:
        for seed in seeds:
            run_few_shot(network_config(name, seed, data, scale), data, run_folder(name, seed, out), progress)


def test_figure_5_2_shows_images_of_three_test_classes(source: FigureSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_figures, "measure_networks", train)
    figure = trained_figures.figure_5_2(source)
    for axes, name in zip(figure.axes, ("ProtoNet-M", "ProtoNet-C"), strict=True):
        assert [len(np.asarray(points.get_offsets())) for points in axes.collections] == [12, 12, 12]
        run = load_run(run_folder(name, 0, source.runs))
        features = run_features(run, DATA, "test", source.progress).features
        separation = class_separation(features, DATA.split("test").counts, TINY.pairs, 0)
        assert f"{separation.clustering.mean:.2f}" in axes.get_title()
    note = figure.get_supxlabel()
    assert "36 images; each plane is fitted to the images shown" in note
    assert ("any classes would part" in note) == (features.shape[1] >= 36)


def test_figure_5_3_shows_all_tasks_and_all_steps(source: FigureSource, monkeypatch: pytest.MonkeyPatch) -> None:
    records = made_up_records(seeds=(0,))
    monkeypatch.setattr(trained_figures, "measure_networks", lambda names, *_: {name: records[name] for name in names})
    figure: Figure = trained_figures.figure_5_3(source)
    histograms, paths = figure.axes[:2], figure.axes[2:]
    for axes, shot in zip(histograms, ("1", "5"), strict=True):
        labels = axes.get_legend_handles_labels()[1]
        for bars, label, name in zip(axes.containers, labels, ("Reptile", pulled(BEST_PULL)), strict=True):
            distances = records[moves(name)][0][shot]["distances"]
            assert sum(bar.get_height() for bar in bars) == len(distances)
            assert f"mean {np.mean(distances):.3f}" in label
    for axes, measured in zip(paths, ("mean_distance_by_step", "loss_by_step"), strict=True):
        drawn = [line.get_ydata() for line in axes.lines]
        expected = [records[moves(name)][0]["1"][measured] for name in ("R2-D2-M", "MetaOptNet-M", "Reptile")]
        assert np.allclose(drawn, expected)
