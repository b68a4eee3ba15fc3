"""Probes as a whole: records, the one training loop, searches, and an encoder that stays as it is."""

import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.progress import Progress
from models.selfsup.probes import evaluation
from models.selfsup.probes.cached import CachedFeatures
from models.selfsup.probes.evaluation import probe_encoder
from models.selfsup.probes.frozen import EncoderChangedError, state_digest
from models.selfsup.probes.images import Normalisation, probe_data
from models.selfsup.probes.nearest import NEIGHBOURS
from models.selfsup.probes.search import train_best
from models.selfsup.probes.settings import ProbeSettings
from models.selfsup.probes.training import ClassifierTraining, TrainingPlan, Workplace
from models.selfsup.views.recipes import RECIPES
from models.training.errors import TrainingError
from tests.support.probes import SmallEncoder, digits_to_probe, small_digits


@pytest.fixture(autouse=True, scope="module")
def quick_collections() -> Iterator[None]:
    """A training ends with a garbage collection, which would go through all that other tests have left."""
    gc.freeze()
    yield
    gc.unfreeze()


def probed(folder: Path, encoder: SmallEncoder | None = None, **settings: Any) -> list[dict[str, Any]]:
    with Progress(quiet=True) as progress:
        wanted = ProbeSettings(**settings)
        return list(probe_encoder(encoder or SmallEncoder(), digits_to_probe(), wanted, folder, progress))


def test_every_record_says_what_its_figures_depend_on(tmp_path: Path) -> None:
    encoder = SmallEncoder()
    records = probed(
        tmp_path,
        encoder,
        probe=("cached", "knn", "augmented", "labels", "fine-tuning"),
        label_fraction=(1.0, 0.3),
        probe_steps=4,
        probe_seed=7,
    )
    assert [(one["probe"], one["label_fraction"]) for one in records] == [
        (probe, fraction)
        for probe in ("cached", "knn", "augmented", "labels", "fine-tuning")
        for fraction in (1.0, 0.3)
    ]
    data = digits_to_probe()
    for record in records:
        assert record["data_digest"] == data.digest
        assert record["encoder_digest"] == state_digest(encoder)
        assert record["probe_seed"] == 7
        assert record["test_images"] == 100
        assert record["labels"] in (200, 60)
        assert 0 < record["top1"] <= 1
        assert {"mean_per_class", "mean_average_precision"} < record.keys()
        if record["probe"] in ("augmented", "labels", "fine-tuning"):
            assert {"learning_rate", "weight_decay", "batch", "steps", "epochs", "optimizer"} < record.keys()
    assert json.loads(json.dumps(records)) == records
    rates = {(one["probe"], one["label_fraction"]): one["learning_rate"] for one in records if "learning_rate" in one}
    assert rates["labels", 1.0] == 0.1
    assert rates["augmented", 1.0] == 3.0


def test_a_probe_repeats_itself_and_depends_on_its_seed(tmp_path: Path) -> None:
    settings = {"probe": ("augmented", "labels"), "label_fraction": (0.3,), "probe_steps": 5}
    first, again = (probed(tmp_path / name, **settings) for name in ("a", "b"))
    assert first == again
    other = probed(tmp_path / "c", **settings, probe_seed=1)
    assert [one["top1"] for one in other] != [one["top1"] for one in first]


def test_probes_learn(tmp_path: Path) -> None:
    cached, augmented = probed(tmp_path, probe=("cached", "augmented"), probe_steps=100)
    (tuned,) = probed(tmp_path, probe=("fine-tuning",), probe_steps=60, probe_rate=(0.1,))
    assert cached["top1"] > 0.75
    assert augmented["top1"] > 0.4
    assert tuned["top1"] > 0.4


def test_a_killed_probe_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    whole = probed(tmp_path / "whole", probe=("labels",), label_fraction=(1.0,), probe_steps=6, probe_batch=50)
    steps: list[int] = []

    class Killed(ClassifierTraining):
        def after_step(self, step: int) -> None:
            steps.append(step)
            if len(steps) == 5:
                raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.selfsup.probes.fine_tuning.ClassifierTraining", Killed)
        with pytest.raises(KeyboardInterrupt):
            probed(tmp_path / "killed", probe=("labels",), label_fraction=(1.0,), probe_steps=6, probe_batch=50)
    resumed = probed(tmp_path / "killed", probe=("labels",), label_fraction=(1.0,), probe_steps=6, probe_batch=50)
    assert resumed == whole


def test_a_folder_with_a_probe_of_another_encoder_is_refused(tmp_path: Path) -> None:
    settings = {"probe": ("augmented",), "probe_steps": 2}
    probed(tmp_path, SmallEncoder(0), **settings)
    with pytest.raises(TrainingError, match="written with other settings"):
        probed(tmp_path, SmallEncoder(1), **settings)


class Leaky(SmallEncoder):
    """Forgets that it is frozen: its batch norms follow what it sees."""

    leaks = False

    def forward(self, images: Tensor) -> Tensor:
        if self.leaks:
            self.train()
        return super().forward(images)


@pytest.mark.parametrize("probe", ["cached", "knn", "augmented"])
def test_a_probe_that_changes_the_encoder_gives_no_figures(probe: str, tmp_path: Path) -> None:
    encoder = Leaky()
    encoder.leaks = True
    with pytest.raises(EncoderChangedError, match="running_mean first"):
        probed(tmp_path, encoder, probe=(probe,), probe_steps=2)


def test_no_probe_changes_the_encoder(tmp_path: Path) -> None:
    encoder = SmallEncoder().train()
    before = state_digest(encoder)
    probed(
        tmp_path,
        encoder,
        probe=("cached", "knn", "augmented", "labels", "fine-tuning"),
        probe_steps=2,
        label_fraction=(0.3,),
    )
    assert state_digest(encoder) == before
    assert encoder.training


def test_fine_tuning_takes_the_best_of_its_grid_on_validation_images(tmp_path: Path) -> None:
    (record,) = probed(
        tmp_path, probe=("fine-tuning",), probe_rate=(1e-6, 0.1), probe_decay=(0.0, 1e-3), probe_steps=20
    )
    tried = record["search"]["tried"]
    assert [(one["learning_rate"], one["weight_decay"]) for one in tried] == [
        (1e-6, 0.0),
        (1e-6, 1e-3),
        (0.1, 0.0),
        (0.1, 1e-3),
    ]
    best = max(tried, key=lambda one: one["validation_top1"])
    assert (record["learning_rate"], record["weight_decay"]) == (best["learning_rate"], best["weight_decay"])
    assert record["learning_rate"] == 0.1
    assert record["search"]["validation_images"] == 20
    assert record["labels"] == 200


def test_a_search_trains_without_the_validation_images_and_then_on_all() -> None:
    data, seen = digits_to_probe(), []

    def start(numbers: Tensor, plan: TrainingPlan) -> ClassifierTraining:
        seen.append(set(numbers.tolist()))
        return ClassifierTraining(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), data.train, numbers, plan)

    chosen = torch.arange(0, 200, 2)
    plans = [TrainingPlan(rate, 0.0, 1, 50, 0) for rate in (0.1, 0.2)]
    with Progress(quiet=True) as progress, pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.selfsup.probes.search.train_classifier", lambda method, place: None)
        train_best(start, data, chosen, plans, Workplace(Path(), "probe", {}, progress))
    assert seen[0] == seen[1] < seen[2] == set(chosen.tolist())
    held = torch.bincount(data.train.labels[sorted(seen[2] - seen[0])], minlength=10)
    of_class = torch.bincount(data.train.labels[chosen])
    assert held.tolist() == [max(1, round(0.1 * count)) for count in of_class.tolist()]


def test_probes_have_the_published_settings() -> None:
    settings = ProbeSettings()
    assert settings.fractions_of("labels") == (0.01, 0.1)
    assert [settings.rates_of("labels", fraction) for fraction in (0.01, 0.1)] == [(0.05,), (0.1,)]
    assert [settings.steps_of("labels", fraction) for fraction in (0.01, 0.1)] == [3000, 60_000]
    assert settings.batch_of("labels") == 240
    assert settings.steps_of("fine-tuning", 1.0) == 20_000
    assert len(settings.rates_of("fine-tuning", 1.0)) > 1
    assert settings.neighbours == NEIGHBOURS == 200


@pytest.mark.parametrize(
    ("images", "steps", "expected"),
    [(12_811, 3_000, 3_000), (128_116, 60_000, 60_000), (500, 3_000, 360), (50_000, 20_000, 20_000)],
)
def test_published_lengths_hold_where_they_were_published(images: int, steps: int, expected: int) -> None:
    plan = TrainingPlan(0.1, 0.0, steps, 240, 0)
    assert plan.steps_on(images) == expected
    assert plan.record(images)["epochs"] == expected * min(240, images) / images


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"probe": ()}, "probe is empty"),
        ({"label_fraction": (0.0,)}, "label_fraction is 0.0"),
        ({"neighbours": 0}, "neighbours is 0"),
        ({"l2": 0.0}, "l2 is 0.0"),
        ({"probe_rate": (-1.0,)}, "probe_rate is"),
        ({"probe_decay": ()}, "probe_decay is"),
        ({"probe_steps": 0}, "probe_steps is 0"),
        ({"probe_seed": -1}, "seed is -1"),
        ({"probe": ("knn", "labels"), "label_fraction": (0.01,)}, "leaves 0 labels of 200 images for 10 classes"),
        ({"probe": ("knn", "cached"), "label_fraction": (0.05,)}, "of 10 labels for 10 classes, 0 has 1"),
    ],
)
def test_impossible_settings_are_refused_before_any_work(
    settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    class NeverUsed(SmallEncoder):
        def forward(self, images: Tensor) -> Tensor:
            raise AssertionError

    encoder = SmallEncoder()
    encoder.__class__ = NeverUsed
    with pytest.raises(ValueError, match=message):
        probed(tmp_path, encoder, **settings)
    assert not list(tmp_path.iterdir())


def test_features_that_are_not_finite_name_the_image(tmp_path: Path) -> None:
    class Broken(SmallEncoder):
        def forward(self, images: Tensor) -> Tensor:
            return super().forward(images) / (images.flatten(1).sum(1, keepdim=True) != total)

    encoder = SmallEncoder()
    total = next(digits_to_probe().train.plain([torch.tensor([5])])).sum()
    encoder.__class__ = Broken
    with pytest.raises(ValueError, match="for image 5 is not finite"):
        probed(tmp_path, encoder, probe=("knn",))


def test_features_are_computed_once_for_all_probes(tmp_path: Path) -> None:
    counted: list[int] = []

    class Counting(CachedFeatures):
        def _of(self, title: str, split: str) -> Tensor:
            before = len(self._found)
            found = super()._of(title, split)
            counted.append(len(self._found) - before)
            return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "CachedFeatures", Counting)
        probed(tmp_path, probe=("cached", "knn"), label_fraction=(1.0, 0.5))
    assert sum(counted) == 2


def test_augmented_images_depend_on_seed_epoch_and_number_alone() -> None:
    images = digits_to_probe().train
    (whole,) = images.augmented([torch.arange(10)], 3, 2)
    parts = list(images.augmented([torch.tensor([7, 2]), torch.tensor([5])], 3, 2))
    torch.testing.assert_close(torch.cat(parts), whole[[7, 2, 5]])
    for seed, epoch in ((4, 2), (3, 1)):
        assert (next(images.augmented([torch.arange(10)], seed, epoch)) - whole).abs().max() > 0.1


def test_plain_images_are_normalised_as_views_are() -> None:
    recipe = RECIPES["imagenet"]
    data = probe_data(small_digits(), (3, 224, 224), recipe)
    (image,) = data.train.plain([torch.tensor([0])])
    assert image.shape == (1, 3, 224, 224)
    mean, std = (torch.tensor(one).view(3, 1, 1) for one in (recipe.mean, recipe.std))
    back = image[0] * std + mean
    assert back.min() >= -1e-6
    assert back.max() <= 1 + 1e-6
    assert Normalisation(recipe.mean, recipe.std).pixels(3)[0][0] == pytest.approx(0.485 * 255)
    assert Normalisation().pixels(1) == ((0.0,), (255.0,))
