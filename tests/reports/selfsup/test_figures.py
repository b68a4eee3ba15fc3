"""Figures 7.1 to 7.3 show real images, and what trained networks make of them."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text

from models.progress import Progress
from models.selfsup.run import run_self_supervised
from reports.selfsup.encoders.experiments import Encoders
from reports.selfsup.encoders.scales import Scale
from reports.selfsup.encoders.sets import LabelledImages, Sets
from reports.selfsup.figures import trained
from reports.selfsup.figures.figures import TRAINED_FIGURES
from reports.tables.registry import FigureSource
from tests.support.selfsup_training import SMALL, small_data

TRAINING = small_data()
assert TRAINING.labelled is not None
IMAGES = TRAINING.labelled
OWN = LabelledImages(TRAINING.name, IMAGES)
TINY = Scale(name="tiny", settings={**SMALL, "epochs": 1})


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The encoders that a figure asks for; small ones are trained in this process."""
    names: list[str] = []

    def measure(wanted: Sequence[str], encoders: Encoders, seeds: Sequence[int], out: Path, progress: Progress) -> None:
        names.extend(wanted)
        for name in wanted:
            for seed in seeds:
                folder = encoders.run_folder(name, seed, out)
                run_self_supervised(encoders.config(name, seed), TRAINING, folder, progress, notes=False)

    monkeypatch.setattr(trained, "measure_encoders", measure)
    monkeypatch.setattr(trained, "read_sets", lambda *_, **__: Sets({0: TRAINING}, {0: OWN}, (), by_seed=False))
    monkeypatch.setattr(trained, "SELF_SUPERVISED_SCALES", {"small": TINY})
    yield names
    plt.close("all")


def drawn(number: str, folder: Path) -> Figure:
    with Progress(quiet=True) as progress:
        return TRAINED_FIGURES[number](FigureSource(data=None, scale="small", runs=folder, progress=progress))


def pictures(figure: Figure) -> list[np.ndarray]:
    """The images that a figure shows, without matrices."""
    found = [np.asarray(image.get_array()) for axes in figure.axes for image in axes.get_images()]
    return [one for one in found if one.ndim == 3]


def test_figure_7_1_shows_a_task_and_the_logits_of_its_queries(tmp_path: Path, asked: list[str]) -> None:
    figure = drawn("7.1", tmp_path)
    assert asked == ["SimCLR", "R2-D2"]
    shown = pictures(figure)
    assert len(shown) == 3 * 8
    images = {image.numpy().tobytes() for image in IMAGES.train.images}
    assert all((16 * image[..., 0]).round().astype(np.uint8).tobytes() in images for image in shown[:8])
    contrastive, meta = (
        image.get_array()
        for axes in figure.axes
        for image in axes.get_images()
        if np.ndim(image.get_array()) == 2 and axes.get_title()
    )
    assert (np.shape(contrastive), np.shape(meta)) == ((16, 16), (8, 8))
    assert isinstance(contrastive, np.ma.MaskedArray)
    assert np.diag(np.ma.getmaskarray(contrastive)).all()


def test_figure_7_2_turns_all_views_of_an_image_alike_in_one_part_alone(tmp_path: Path, asked: list[str]) -> None:
    figure = drawn("7.2", tmp_path)
    assert asked == []
    shown = pictures(figure)
    classes, images, plain, alike, own = np.split(np.array(shown), np.cumsum([12, 3, 6, 6]))
    for image, turns in zip(images, classes.reshape(3, 4, *images.shape[1:]), strict=True):
        for turn, turned in enumerate(turns):
            assert np.array_equal(turned, np.rot90(image, turn))
    for number, (before, after) in enumerate(zip(plain, alike, strict=True)):
        assert np.array_equal(after, np.rot90(before, number // 2 + 1))
    assert all(
        any(np.array_equal(after, np.rot90(before, turn)) for turn in range(4))
        for before, after in zip(plain, own, strict=True)
    )


def test_figure_7_3_shows_the_predictions_of_the_auxiliary_head(tmp_path: Path, asked: list[str]) -> None:
    figure = drawn("7.3", tmp_path)
    assert asked == ["R2-D2, rotation auxiliary"]
    shown = np.array(pictures(figure)).reshape(4, 8, 8, 8, 3)
    for turn in range(4):
        assert np.array_equal(shown[turn], np.rot90(shown[0], turn, (1, 2)))
    shares = figure.axes[-1].get_images()[0].get_array()
    assert shares is not None
    assert np.allclose(np.sum(shares, 1), 1)
    title = figure.subfigs[1].get_suptitle()
    assert title.startswith(f"{np.mean(np.diag(torch.tensor(np.array(shares)).numpy())):.1%} of turns are right")


def shown_texts(figure: Figure) -> list[Text]:
    """All texts of a figure, without labels of ticks beyond the ends of an axis."""
    hidden = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        for label in (tick.label1, tick.label2)
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    return [text for text in figure.findobj(Text) if text.get_visible() and text not in hidden]


@pytest.mark.parametrize("number", TRAINED_FIGURES)
def test_texts_do_not_overlap_and_lie_within_the_figure(number: str, tmp_path: Path) -> None:
    figure = drawn(number, tmp_path)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in shown_texts(figure) if text.get_text().strip()]
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 <= box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 <= box.y1 <= figure.bbox.y1
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
