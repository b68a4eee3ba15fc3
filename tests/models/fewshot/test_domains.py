"""Evaluation on several data sets: what is scaled, limited and normalised, and how."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.comparison import EpisodeTest, evaluate_run
from models.fewshot.config import FewShotConfig
from models.fewshot.domains import evaluate_domains, fitted, limited
from models.fewshot.readers.digits import read_digit_classes
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.progress import Progress
from tests.support.fewshot import random_classes

QUIET = Progress(quiet=True)
CONFIG = FewShotConfig(
    encoder="4x32", width=4, way=3, query=2, tasks=2, batches=1, epochs=1, validation_episodes=0, test_episodes=2
)
TEST = EpisodeTest(way=4, shots=(1, 2), query=5, episodes=20)


def data(name: str, counts: tuple[int, ...], size: int = 16, channels: int = 3) -> FewShotData:
    splits = {split: random_classes(f"{name} {split}", counts, size=size) for split in ("train", "test")}
    cut = {split: replace(classes, images=classes.images[:, :channels]) for split, classes in splits.items()}
    return FewShotData(name, cut)


OWN = data("own", (8,) * 5)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> FewShotRun:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run_few_shot(CONFIG, OWN, folder, QUIET)
    return load_run(folder)


def evaluated(run: FewShotRun, *domains: FewShotData, test: EpisodeTest = TEST, **options: Any) -> list[dict[str, Any]]:
    return evaluate_domains(run, domains, replace(test, **options), None, QUIET)


def test_each_data_set_has_its_records_with_its_own_image_shape(run: FewShotRun) -> None:
    grey = data("grey", (9,) * 5, size=12, channels=1)
    records = evaluated(run, OWN, grey)
    assert [(one["data"], one["shot"], one["image_shape"]) for one in records] == [
        ("own", 1, [3, 16, 16]),
        ("own", 2, [3, 16, 16]),
        ("grey", 1, [1, 12, 12]),
        ("grey", 2, [1, 12, 12]),
    ]
    plain = evaluate_run(run, OWN, TEST, None, QUIET)
    assert [one["accuracies"] for one in records[:2]] == [one["accuracies"] for one in plain]


def test_ways_and_queries_are_limited_by_the_data_set(run: FewShotRun) -> None:
    assert (limited(TEST, OWN).way, limited(TEST, OWN).query) == (4, 5)
    few = data("few", (8, 4, 8))
    assert (limited(TEST, few).way, limited(TEST, few).query) == (3, 2)
    assert [(one["way"], one["query"]) for one in evaluated(run, OWN, few)] == [(4, 5), (4, 5), (3, 2), (3, 2)]


@pytest.mark.parametrize(
    ("given", "message"), [({"way": 1}, "way is 1; allowed"), ({"query": 0}, "query is 0; allowed")]
)
def test_impossible_episodes_stay_impossible(given: dict[str, int], message: str, run: FewShotRun) -> None:
    with pytest.raises(ValueError, match=message):
        evaluated(run, OWN, **given)


def test_images_are_normalised_by_the_run_or_by_their_own_training_classes(run: FewShotRun) -> None:
    dark = replace(OWN, name="dark", splits={n: replace(c, images=c.images // 4) for n, c in OWN.splits.items()})
    by_run, by_data = (evaluated(run, dark, normalisation=one)[0] for one in ("run", "data"))
    assert (by_run["normalised_by"], by_data["normalised_by"]) == ("run", "data")
    own = replace(run, mean=dark.mean, std=dark.std)
    assert by_data["accuracies"] == evaluated(own, dark)[0]["accuracies"]
    assert by_data["accuracies"] != by_run["accuracies"]


def test_images_are_scaled_as_pictures_are() -> None:
    small = data("small", (2, 2), size=24)
    scaled = fitted(small, (3, 16, 16)).split("test").images
    for image, found in zip(small.split("test").images, scaled, strict=True):
        picture = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((16, 16), Image.Resampling.BILINEAR)
        expected = np.asarray(picture).astype(int)
        assert np.abs(found.permute(1, 2, 0).numpy().astype(int) - expected).max() <= 1
    assert fitted(small, (3, 24, 24)) is small


def test_grey_images_become_colours_and_colours_their_luma() -> None:
    grey, colour = data("grey", (2, 2), channels=1), data("colour", (2, 2))
    three = fitted(grey, (3, 16, 16)).split("test").images
    assert torch.equal(three, grey.split("test").images.repeat(1, 3, 1, 1))
    one = fitted(colour, (1, 16, 16)).split("test").images
    for image, found in zip(colour.split("test").images, one, strict=True):
        expected = np.asarray(Image.fromarray(image.permute(1, 2, 0).numpy()).convert("L")).astype(int)
        assert np.abs(found[0].numpy().astype(int) - expected).max() <= 1


def test_other_numbers_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="two has images of 2 channels; allowed are 3, and 1 for 3 or 3 for 1"):
        fitted(data("two", (2, 2), channels=2), (3, 16, 16))


def test_a_data_set_that_does_not_fit_is_refused_before_any_evaluation(
    run: FewShotRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.fewshot.domains.evaluate_run", lambda *_: pytest.fail("evaluated"))
    with pytest.raises(ValueError, match="images in test; 2 shots and 1 queries need 3"):
        evaluated(run, OWN, data("scarce", (2, 2, 2)))
    with pytest.raises(ValueError, match="one has 1 classes in test; 2 ways need as many"):
        evaluated(run, OWN, data("one", (8,)))
    swapped = FewShotData("swapped", {"train": OWN.split("test"), "test": OWN.split("train")})
    with pytest.raises(ValueError, match="was trained on 5 of the 5 classes in test of swapped"):
        evaluated(run, OWN, swapped)


def test_digits_are_split_by_classes() -> None:
    found = read_digit_classes(1)
    train, test = found.split("train"), found.split("test")
    assert sorted((*train.names, *test.names)) == [str(digit) for digit in range(10)]
    assert (len(train.names), sum(train.counts) + sum(test.counts)) == (5, 1797)
    assert found.shape == (1, 8, 8)
    assert int(train.images.max()) == 255
    assert isinstance(test, ClassImages)
    assert read_digit_classes(2).split("test").names != test.names
