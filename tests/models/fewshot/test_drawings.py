"""Drawings of emoji: rendered from packages, split by class or category."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.fewshot.drawings import PACKS, read_drawings, render_drawings
from models.progress import Progress
from tests.support.damage import damaged

CATEGORIES = ("Food & Drink", "Objects", "People & Body", "Travel & Places")
COLOURS = {name: f"#{index * 20:02x}{255 - index * 20:02x}80" for index, name in enumerate(PACKS)}


def write_packs(folder: Path, without: str = "") -> None:
    """Packages with twelve emoji, each a disc, in four categories; two packages lack the first two emoji."""
    for number, pack in enumerate(PACKS):
        if pack == without:
            continue
        names = [f"thing-{index}" for index in range(2 if number < 2 else 0, 12)]
        bodies = {
            name: {"body": f'<circle cx="32" cy="{10 + 3 * int(name[6:])}" r="9" fill="{COLOURS[pack]}"/>'}
            for name in names
        }
        bodies["flag-nowhere"] = bodies["thing-4-medium-skin-tone"] = {"body": "<rect/>"}
        bodies[f"only-{pack}"] = {"body": "<rect/>"}
        icons = {"icons": bodies, "width": 64, "height": 64, "aliases": {"nickname": {"parent": "thing-5"}}}
        grouped = {category: names[index::4] for index, category in enumerate(CATEGORIES)}
        (folder / pack).mkdir(parents=True)
        (folder / pack / "icons.json").write_text(json.dumps(icons))
        (folder / pack / "metadata.json").write_text(json.dumps({"categories": grouped | {"Flags": ["flag-nowhere"]}}))


def rendered(folder: Path) -> Path:
    write_packs(folder / "packs")
    with Progress(quiet=True) as progress:
        render_drawings(folder / "packs", folder / "drawings.npz", progress)
    return folder / "drawings.npz"


def test_each_emoji_is_a_class_with_a_drawing_of_each_designer(tmp_path: Path) -> None:
    path = rendered(tmp_path)
    data = read_drawings(path)
    counts = {name: count for one in data.splits.values() for name, count in zip(one.names, one.counts, strict=True)}
    assert counts == {f"thing{index}": 7 if index < 2 else 9 for index in range(12)}
    test = data.splits["test"]
    assert test.origins[test.counts[0] : test.counts[0] + test.counts[1]] == PACKS[-test.counts[1] :]
    with np.load(path) as stored:
        picture = stored["images"][stored["designers"] == 2][2]
    assert picture[0, 0].tolist() == [255, 255, 255]
    assert [40, 215, 128] in picture.reshape(-1, 3).tolist()


@pytest.mark.parametrize("by", ["class", "category"])
def test_splits_share_no_class_or_no_category(by: str, tmp_path: Path) -> None:
    data = read_drawings(rendered(tmp_path), seed=1, by=by)  # type: ignore[arg-type]
    assert set(data.splits) == {"train", "val", "test"}
    units = [set(one.groups if by == "category" else one.names) for one in data.splits.values()]
    assert sum(map(len, units)) == len(set.union(*units))


def test_faults_are_named(tmp_path: Path) -> None:
    write_packs(tmp_path / "packs", without="openmoji")
    with (
        Progress(quiet=True) as progress,
        pytest.raises(ValueError, match=r"openmoji lacks icons\.json or metadata\.json of @iconify-json/"),
    ):
        render_drawings(tmp_path / "packs", tmp_path / "drawings.npz", progress)
    with pytest.raises(ValueError, match=r"none\.npz: no such file; `make drawings` writes it"):
        read_drawings(tmp_path / "none.npz")


def test_damaged_files_load_or_are_named(tmp_path: Path) -> None:
    whole = rendered(tmp_path).read_bytes()
    path = tmp_path / "damaged.npz"
    for seed in range(60):
        path.write_bytes(damaged(whole, seed))
        try:
            read_drawings(path)
        except ValueError as error:
            assert "damaged.npz" in str(error) or "drawings by class" in str(error)  # noqa: PT017
