"""Figures 6.1 to 6.3 show the records of the networks that the tables are of."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from models.fewshot.class_images import FewShotData
from models.progress import Progress
from reports.fewshot.augmentation import figures
from reports.fewshot.augmentation.figures import TRAINED_FIGURES
from reports.fewshot.augmentation.networks import AUGMENTED_NETWORKS, MM
from reports.fewshot.augmentation.paired_bars import BarPair
from reports.fewshot.augmentation.sets import Sets
from reports.fewshot.networks import varied
from reports.tables.registry import FigureSource
from tests.support.augmented_records import EPISODES, EPOCHS, made_up_augmented
from tests.support.fewshot import random_classes

RECORDS = made_up_augmented()
DATA = FewShotData("few, split 0", {name: random_classes(name, (12,) * 5, size=16) for name in ("train", "test")})
CHANCE = 25  # of 4 ways, one less than the classes of a split


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The networks that a figure asks for; it gets made-up records."""
    names: list[str] = []

    def measure(wanted: Iterable[str], data: FewShotData, *_: Any) -> Any:
        assert data is DATA
        names.extend(wanted)
        return {name: RECORDS[name] for name in names}

    monkeypatch.setattr(figures, "measure_networks", measure)
    monkeypatch.setattr(figures, "read_sets", lambda *_, **__: Sets({0: DATA}, {0: DATA}, {}, 0, "few"))
    yield names
    plt.close("all")


def drawn(number: str) -> Figure:
    with Progress(quiet=True) as progress:
        return TRAINED_FIGURES[number](FigureSource(data=None, scale="small", runs=Path(), progress=progress))


def accuracies(name: str, shot: int) -> np.ndarray:
    found = [one["accuracies"] for one in RECORDS[name][0]["evaluations"] if one["shot"] == shot]
    return 100 * np.array(found[0])


def standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(EPISODES))


def test_figure_6_1_has_both_curves_of_three_trainings_and_states_their_last_gap(asked: list[str]) -> None:
    figure = drawn("6.1")
    assert asked == [f"R2-D2, ResNet-12{what}" for what in ("", ", self-mix:query", f", {MM}")]
    for axes, name in zip(figure.axes, asked, strict=True):
        curve = RECORDS[name][0]["curve"]
        for line, kind in zip(axes.lines, ("training", "held_out"), strict=True):
            assert np.allclose(line.get_xdata(), range(1, EPOCHS + 1))
            assert np.allclose(line.get_ydata(), 100 * np.array(curve[kind]))
        gap = 100 * (curve["training"][-1] - curve["held_out"][-1])
        assert axes.get_title().endswith(f": gap {gap:.1f} points")
        assert axes.get_ylim() == figure.axes[0].get_ylim()
    assert "held-out classes are those of test" in figure.get_supxlabel()


def check_pair(axes: Axes, place: int, name: str, shot: int) -> None:
    """The bars of a network and the texts above them."""
    values = [accuracies(name, shot), accuracies(varied(name, "flip shots"), shot)]
    texts = [text.get_text() for text in axes.texts]
    for bars, errors, measured in zip(axes.containers[::2], axes.containers[1::2], values, strict=True):
        bar = bars[place]
        assert bar.get_y() == CHANCE
        assert bar.get_y() + bar.get_height() == pytest.approx(measured.mean())
        low, high = errors.lines[2][0].get_segments()[place][:, 1]
        assert (high - low) / 2 == pytest.approx(standard_error(measured))
        assert f"{measured.mean():.1f}" in texts
    difference = values[1] - values[0]
    assert f"{difference.mean():+.1f} ± {standard_error(difference):.1f}" in texts


def test_figure_6_2_compares_shots_with_and_without_mirror_images(asked: list[str]) -> None:
    figure = drawn("6.2")
    name = f"MetaOptNet, ResNet-12, {MM}"
    assert asked == [name, varied(name, "flip shots")]
    for axes, shot in zip(figure.axes, (1, 5), strict=True):
        assert axes.get_title() == f"{shot}-shot"
        check_pair(axes, 0, name, shot)
    assert "bars begin at chance" in figure.get_supxlabel()


def test_figure_6_3_does_so_for_two_backbones_and_for_networks_trained_with_flip_shots(asked: list[str]) -> None:
    figure = drawn("6.3")
    kinds = ["", ", flip:shot", ", cutmix:query", ", cutmix:query+flip:shot", f", {MM}"]
    networks = {backbone: [f"R2-D2, {backbone}{kind}" for kind in kinds] for backbone in ("CNN-4", "ResNet-12")}
    assert set(asked[:10]) == {name for names in networks.values() for name in names} <= set(AUGMENTED_NETWORKS)
    panels = [(backbone, shot) for backbone in networks for shot in (1, 5)]
    for axes, (backbone, shot) in zip(figure.axes, panels, strict=True):
        assert axes.get_title().endswith(f"{shot}-shot, {backbone}")
        for place, name in enumerate(networks[backbone]):
            check_pair(axes, place, name, shot)


def shown_ticks(axes: Axes) -> list[Text]:
    low, high = axes.get_xlim()
    return [label for label in axes.get_xticklabels() if low <= label.get_position()[0] <= high]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("number", TRAINED_FIGURES)
def test_texts_do_not_overlap_and_lie_within_the_figure(number: str) -> None:
    figure = drawn(number)
    figure.canvas.draw()
    texts = [text for axes in figure.axes for text in (*axes.texts, *shown_ticks(axes), axes.title)] + figure.texts
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_a_pair_of_equal_accuracies_has_no_difference() -> None:
    values = torch.linspace(0, 1, 7)
    pair = BarPair.of(values, values)
    assert pair.first.mean == pytest.approx(50)
    assert (pair.difference.mean, pair.difference.standard_error) == (0, 0)
