"""The data sets of chapter 6's tables: reduced, split by seed, and drawings by designers."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

from models.fewshot.class_images import FewShotData
from models.fewshot.drawings import PACKS
from models.fewshot.reduced import reduced, with_images
from models.fewshot.sources import FewShotSource
from reports.fewshot.augmentation.designer_sets import DESIGNERS, designer_sets
from reports.fewshot.augmentation.scales import AUGMENTED_SCALES
from reports.fewshot.augmentation.sets import read_sets
from tests.support.commands import Command, assert_refused
from tests.support.fewshot import random_classes
from tests.support.images import write_batches

SMALL = AUGMENTED_SCALES["small"]
CATEGORIES = 8


@pytest.fixture(scope="module")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty emoji of each of eight categories by nine designers, the last of whom drew half.

    A drawing's first pixel says by whom it is, its others of what.
    """
    drawn = [
        (emoji, designer) for emoji in range(20 * CATEGORIES) for designer in range(9) if designer < 8 or emoji % 2
    ]
    classes, designers = np.array(drawn).T
    images = np.random.default_rng(0).integers(0, 256, (len(drawn), 16, 16, 3), dtype=np.uint8)
    images[:, 0, 0, 0] = designers
    names = {
        "names": [f"emoji{index}" for index in range(20 * CATEGORIES)],
        "categories": [f"category{index // 20}" for index in range(20 * CATEGORIES)],
    }
    path = tmp_path_factory.mktemp("drawings") / "drawings.npz"
    np.savez(path, images=images, classes=classes, designers=designers, **names)
    return path


def test_images_are_the_first_of_each_class_and_scaled() -> None:
    data = FewShotData("few", {name: random_classes(name, (5, 2, 4), size=8) for name in ("train", "test")})
    found = reduced(data, 3, 4)
    assert found.name == "few, 3 images a class, 4 x 4"
    assert found.split("train").counts == (3, 2, 3)
    images = data.split("train").images[[0, 1, 2, 5, 6, 7, 8, 9]]
    scaled = interpolate(images.float(), (4, 4), mode="bilinear", antialias=True).round().clamp(0, 255).byte()
    assert torch.equal(found.split("train").images, scaled)
    assert reduced(data, 5, 8) is data
    with pytest.raises(ValueError, match="images of a class is 0"):
        with_images(data, 0)


@pytest.mark.parametrize("seed", [0, 1])
def test_training_drawings_are_by_three_designers_and_test_drawings_by_the_others(drawings: Path, seed: int) -> None:
    first, second = designer_sets(drawings, seed, None)
    others = set(PACKS) - set(DESIGNERS)
    train = first.split("train")
    assert set(train.origins) == set(DESIGNERS)
    assert set(train.counts) == {3}
    seen = set(train.groups)
    for data, known in ((first, True), (second, False)):
        test = data.split("test")
        assert set(test.origins) == others
        assert set(test.counts) == {6}
        assert {group in seen for group in test.groups} == {known}
        assert not set(test.names) & set(train.names)
        painted = [PACKS[int(one)] for one in test.images[:, 0, 0, 0]]
        assert painted == list(test.origins)


def test_drawings_by_too_few_designers_are_refused(drawings: Path, tmp_path: Path) -> None:
    with np.load(drawings) as stored:
        kept = stored["designers"] < 8
        content = {name: stored[name] for name in ("names", "categories")}
        content |= {name: stored[name][kept] for name in ("images", "classes", "designers")}
    np.savez(tmp_path / "few.npz", **content)
    with pytest.raises(ValueError, match=r"few.npz has no class with 6 drawings by noto-v1, .*, fxemoji; Table 6.7"):
        designer_sets(tmp_path / "few.npz", 0, None)


def test_each_seed_has_a_split_of_its_own(tmp_path: Path) -> None:
    write_batches(tmp_path / "cifar")
    sets = read_sets(tmp_path / "cifar", [], SMALL, range(2), across=False)
    assert sets.data[0].digest != sets.data[1].digest
    assert sets.data[0].shape == (3, 16, 16)
    assert sets.source is sets.data
    assert sets.domains == {}


def test_domains_are_scaled_and_follow_those_of_the_drawings(drawings: Path) -> None:
    sets = read_sets(drawings, [FewShotSource(dataset="digits")], SMALL, range(1), across=True)
    assert [one.name.split(",")[0] for one in sets.domains[0]] == [
        "drawings of other designers",
        "drawings of other categories",
        "digits by classes",
    ]
    assert {one.shape for one in sets.domains[0]} == {(3, 16, 16)}
    assert sets.others == 3
    assert sets.named == "drawings by twemoji, noto, openmoji"


def write_folders(root: Path, splits: dict[str, int], seed: int) -> Path:
    """Folders of random classes of twelve pictures. splits: how many classes each has."""
    rng = np.random.default_rng(seed)
    for split, classes in splits.items():
        for number in range(classes):
            folder = root / split / f"{split}{number}"
            folder.mkdir(parents=True)
            for picture, pixels in enumerate(rng.integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)):
                Image.fromarray(pixels).save(folder / f"{picture}.png")
    return root


SPLITS = {"train": 3, "val": 2, "test": 3}


def folders(path: Path) -> FewShotSource:
    return FewShotSource(dataset="folders", data=path)


def test_folders_are_tested_on_other_folders(tmp_path: Path) -> None:
    first, second = (write_folders(tmp_path / name, SPLITS, seed) for seed, name in enumerate(("first", "second")))
    sets = read_sets(first, [folders(second)], SMALL, range(1), across=True)
    assert [one.name for one in sets.domains[0]] == ["first", "second"]
    assert sets.others == 1
    with pytest.raises(ValueError, match=r"two data sets .* are called first"):
        read_sets(first, [folders(first)], SMALL, range(1), across=True)


def test_domains_with_classes_that_are_trained_on_are_refused(tmp_path: Path) -> None:
    first = write_folders(tmp_path / "first", SPLITS, 0)
    second = tmp_path / "second"
    for split, other in (("train", "test"), ("val", "val"), ("test", "train")):
        shutil.copytree(first / other, second / split)
    with pytest.raises(ValueError, match="networks are trained on 3 of the 3 test classes of second"):
        read_sets(first, [folders(second)], SMALL, range(1), across=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "6.1 --on digits",
            "--on names data sets to test on; name a table that takes them: 6.7, claims6, 7.4, claims7",
        ),
        ("6.7 --on mnist", "data set 'mnist' is unknown"),
        ("6.7 --on digits digits", "--on names digits twice"),
        ("6.7 --on procedural", "--on names procedural, which the networks are trained on; name other data sets"),
        ("6.7 --on omniglot:nowhere", "nowhere: no such folder"),
        ("6.7 --on cifar10", "--dataset cifar10 needs --data"),
        ("6.2 --data nowhere", "nowhere: no such file or folder with a few-shot data set"),
        ("6.13", "there is no table '6.13'"),
        ("claims6 --seeds 0", "seeds is 0; allowed is an integer of at least 1"),
    ],
)
def test_bad_input_is_refused_in_one_line(command: Command, tmp_path: Path, options: str, message: str) -> None:
    assert_refused(command("table", *options.split()), message, tmp_path)
