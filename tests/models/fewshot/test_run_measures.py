"""Measures of finished runs: of which features, in which mode of batch norm, and against another run."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from models.backbones.batch_norm import set_batch_norm
from models.fewshot.class_images import ClassImages, FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.evaluation import embed
from models.fewshot.measurement import alignment, class_separation
from models.fewshot.measures import feature_clustering_of_split
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.fewshot.run_measures import Measurement, measure_runs, run_features
from models.fewshot.statistics import paired_difference
from models.progress import Progress
from tests.support.fewshot import random_classes

CONFIG = FewShotConfig(
    encoder="4x32", width=4, way=3, query=2, tasks=2, batches=2, epochs=1, validation_episodes=0, test_episodes=2
)
COUNTS = (8,) * 4
WANTED = Measurement(pairs=300, printed=True)
QUIET = Progress(quiet=True)


def data(size: int = 16) -> FewShotData:
    splits = {name: random_classes(name, COUNTS, size=size) for name in ("train", "val", "test")}
    return FewShotData("random images", splits)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FewShotRun]:
    folder = tmp_path_factory.mktemp("runs")
    configs = {
        "prototype": CONFIG,
        "ridge": replace(CONFIG, learner="ridge"),
        "maml": replace(CONFIG, learner="maml", inner_steps=1, fine_tuning_steps=1, way_through_tasks="loop"),
        "wide": replace(CONFIG, width=6),
    }
    for name, config in configs.items():
        run_few_shot(config, data(), folder / name, QUIET)
    return {name: load_run(folder / name) for name in configs}


def measured(*of: FewShotRun, wanted: Measurement = WANTED) -> Any:
    return measure_runs(of, [run_features(one, data(), wanted.split, QUIET) for one in of], data(), wanted)


def in_order(split: ClassImages, order: torch.Tensor) -> ClassImages:
    return ClassImages(split.images[order], split.counts, split.names)


def test_a_run_is_measured_by_the_features_of_its_encoder(runs: dict[str, FewShotRun]) -> None:
    one = runs["prototype"]
    record = measured(one)
    features = embed(one.network, data(), "test")
    separation = class_separation(features, COUNTS, 300, 0)
    (of_run,) = record["runs"]
    assert of_run["feature_clustering"]["mean"] == separation.clustering.mean
    assert of_run["hyperplane_variation"]["standard_error"] == separation.variation.standard_error
    assert of_run["printed_hyperplane_variation"]["mean"] == separation.printed_variation.mean
    assert of_run["printed_feature_clustering"] == feature_clustering_of_split(features, COUNTS).item()
    assert of_run["batch_norm"] == "running"
    assert (record["split"], record["classes"], record["images"], record["pairs"]) == ("test", 4, 32, 300)
    assert "alignment" not in record
    assert "printed_feature_clustering" not in measured(one, wanted=Measurement(pairs=10))["runs"][0]


def test_training_classes_are_measured_and_counted(runs: dict[str, FewShotRun]) -> None:
    record = measured(runs["prototype"], wanted=Measurement(split="train", pairs=10))
    assert (record["split"], record["runs"][0]["seen_classes"]) == ("train", 4)
    assert measured(runs["prototype"])["runs"][0]["seen_classes"] == 0


def test_of_a_fine_tuned_network_no_image_changes_with_its_company(runs: dict[str, FewShotRun]) -> None:
    """In mode `episode` a batch of other images changes an image's features; with fixed statistics it does not."""
    one = runs["maml"]
    found = run_features(one, data(), "test", QUIET)
    assert found.batch_norm == "fixed statistics of all images in test"
    assert one.network.get_submodule("classifier").in_features == found.features.shape[1]
    order = torch.arange(32).view(4, 8).flip(1).flatten()
    splits = dict(data().splits) | {"test": in_order(data().split("test"), order)}
    mixed = run_features(one, FewShotData("mixed", splits), "test", QUIET)
    assert torch.allclose(mixed.features, found.features[order], atol=1e-5)


def test_the_fixed_statistics_are_those_of_the_whole_split(runs: dict[str, FewShotRun]) -> None:
    """All images of this small split fit one batch, so its statistics are those that mode `episode` computes.

    The running variance has the correction n / (n - 1), which these few pixels make visible.
    """
    one = runs["maml"]
    encoder = one.network.get_submodule("encoder")
    found = run_features(one, data(), "test", QUIET).features
    together = embed(encoder, data(), "test")
    assert (found - together).abs().max() < 0.05 * together.abs().max()
    set_batch_norm(encoder, "running")  # with the statistics that the run never used
    try:
        assert (found - embed(encoder, data(), "test")).abs().max() > 0.2 * found.abs().max()
    finally:
        set_batch_norm(encoder, "episode")


def test_measuring_leaves_the_network_as_it_is(runs: dict[str, FewShotRun]) -> None:
    before = {name: tensor.clone() for name, tensor in runs["maml"].network.state_dict().items()}
    measured(runs["maml"])
    assert all(torch.equal(before[name], tensor) for name, tensor in runs["maml"].network.state_dict().items())


def test_two_runs_are_compared_on_the_same_pairs_and_images(runs: dict[str, FewShotRun]) -> None:
    one, other = runs["prototype"], runs["ridge"]
    record = measured(one, other)
    assert record["runs"] == [measured(one)["runs"][0], measured(other)["runs"][0]]
    features = [embed(each.network, data(), "test") for each in (one, other)]
    separations = [class_separation(each, COUNTS, 300, 0) for each in features]
    expected = paired_difference(separations[0].variations, separations[1].variations)
    assert record["difference"]["hyperplane_variation"]["mean"] == expected.mean
    assert record["difference"]["hyperplane_variation"]["standard_error"] == expected.standard_error
    kernels = alignment(*features)
    assert record["alignment"] == {"unbiased": kernels.unbiased, "biased": kernels.biased}


def test_the_distance_is_in_units_of_the_first_networks_filters(runs: dict[str, FewShotRun]) -> None:
    one, other = runs["prototype"], runs["ridge"]
    expected = 0.0
    for name, weight in one.network.named_parameters():
        if weight.dim() > 1:
            moved = (other.network.get_parameter(name) - weight).detach().flatten(1)
            expected += sum(float((m @ m) / (w @ w)) for m, w in zip(moved, weight.detach().flatten(1), strict=True))
    assert measured(one, other)["filter_distance"] == pytest.approx(expected**0.5, rel=1e-5)
    assert measured(one, one)["filter_distance"] == 0


def test_a_classifier_does_not_count_and_other_shapes_have_no_distance(runs: dict[str, FewShotRun]) -> None:
    assert measured(runs["maml"], runs["prototype"])["filter_distance"] > 0
    record = measured(runs["prototype"], runs["wide"])
    assert record["filter_distance"] is None
    assert 0 < record["alignment"]["biased"] <= 1


def test_a_run_against_itself_does_not_differ(runs: dict[str, FewShotRun]) -> None:
    record = measured(runs["maml"], runs["maml"])
    assert record["difference"]["feature_clustering"] == {"mean": 0, "standard_error": 0}
    assert record["alignment"] == pytest.approx({"unbiased": 1, "biased": 1})


def test_images_of_another_shape_and_a_missing_split_are_named(runs: dict[str, FewShotRun]) -> None:
    with pytest.raises(ValueError, match=r"takes images of \(3, 16, 16\) .*, not \(3, 17, 17\) as random images has"):
        run_features(runs["maml"], data(17), WANTED.split, QUIET)
    with pytest.raises(ValueError, match="random images has no split 'held out'"):
        measured(runs["maml"], wanted=Measurement(split="held out"))


def test_impossible_pairs_and_seeds_are_refused_before_anything_is_embedded() -> None:
    with pytest.raises(ValueError, match="pairs is 1; allowed are the integers 2 to 16777216"):
        Measurement(pairs=1)
    with pytest.raises(ValueError, match="seed is -1; allowed are the integers 0 to"):
        Measurement(seed=-1)
