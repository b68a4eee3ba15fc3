"""The tables of chapter 7 show what was measured beside what was published; the claims are decided by it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.data.digits import digits
from models.data.images import ImageData, Split
from models.progress import Progress
from models.selfsup.probes.settings import ProbeSettings
from models.selfsup.run import load_run
from reports.selfsup.encoders.experiments import Encoders, Records
from reports.selfsup.encoders.names import ENCODERS, LEARNERS, OPTIONS, few_labels, trained, transferred, with_option
from reports.selfsup.encoders.scales import SELF_SUPERVISED_SCALES, Scale
from reports.selfsup.encoders.sets import LabelledImages, Sets, read_sets
from reports.selfsup.plans import TRAINING_TABLES
from reports.selfsup.published import PUBLISHED, ROTATION
from reports.selfsup.tables import described, is_of_imagenet, measure_tables, summarised, training_table, wanted
from reports.tables.beside import rendered
from tests.support.selfsup_records import TARGETS, TEST_IMAGES, made_up_encoders
from tests.support.selfsup_training import SMALL, small_data

TINY = Scale(
    name="tiny",
    settings={**SMALL, "batch": 64, "epochs": 1},
    few_labels=ProbeSettings(probe=("labels",), probe_steps=2, probe_batch=16),
    transfer=ProbeSettings(probe=("fine-tuning",), probe_steps=2, probe_batch=16, probe_rate=(0.01, 0.1)),
)
RECORDS = made_up_encoders((0, 1))


def small_digits(name: str, train: int, test: int) -> ImageData:
    data = digits()
    parts = [Split(one.images[:count], one.labels[:count]) for one, count in ((data.train, train), (data.test, test))]
    return ImageData(name, *parts, data.classes, data.mean, data.std, data.white)


def encoders(targets: tuple[LabelledImages, ...] = ()) -> Encoders:
    training = small_data(700)
    assert training.labelled is not None
    own = LabelledImages(training.name, training.labelled)
    return Encoders(Sets({0: training}, {0: own}, targets, by_seed=False), TINY)


def summary(records: Records) -> dict[str, Any]:
    return summarised(records, TARGETS, claims=True, same_units=True)


SUMMARY = summary(RECORDS)
ABOUT = {**described(encoders(), [0]), "seeds": [0, 1]}


def results(**changes: Any) -> dict[str, Any]:
    return {**SUMMARY, **ABOUT, **changes}


def rightness(name: str, place: int) -> np.ndarray:
    """(seeds, test images), in percent."""
    found = [bytes.fromhex(record["probes"][place]["right"]) for record in RECORDS[name].values()]
    return np.array([100.0 * np.unpackbits(np.frombuffer(one, np.uint8), count=TEST_IMAGES) for one in found])


def standard_error(values: np.ndarray) -> float:
    of_seeds = values.mean(1).std(ddof=1) / np.sqrt(len(values))
    of_images = values.mean(0).std(ddof=1) / np.sqrt(values.shape[1])
    return float(np.hypot(of_seeds, of_images))


def cells_of(number: str, row: tuple[str, ...], **changes: Any) -> dict[str, str]:
    shown = training_table(number, results(**changes))
    found = next(one for one in shown.rows if one[: len(row)] == row)
    return dict(zip(shown.columns, found, strict=True))


@pytest.mark.parametrize("number", [number for number in TRAINING_TABLES if number not in ("claims7", "options7")])
def test_published_numbers_stay_and_ours_stand_beside_them(number: str) -> None:
    table = PUBLISHED.get(number, ROTATION)
    shown, published = training_table(number, results()), rendered(table)
    ours = {row[: table.labels]: dict(zip(shown.columns, row, strict=True)) for row in shown.rows}
    for row in published.rows:
        cells = ours[tuple(row[: table.labels])]
        for column, cell in zip(published.columns[table.labels :], row[table.labels :], strict=True):
            assert cells[f"published, {column}"] == cell
        assert any("±" in cell for column, cell in cells.items() if column.startswith("ours"))
    assert "scale tiny" in shown.note
    assert shown.note.endswith("2 seeds, mean and 1 SE over test images and seeds.")


def test_a_figure_is_a_mean_over_seeds_and_test_images() -> None:
    for place, column in enumerate(("accuracy", "k-NN accuracy")):
        values = rightness("ProtoNet", place)
        cells = cells_of("7.1", ("ProtoNet", "ResNet-18"))
        assert cells[f"ours, {column}"] == f"{values.mean():.1f} ± {standard_error(values):.1f}%"
    values = rightness(few_labels("R2-D2"), 1)
    cells = cells_of("7.3", ("R2-D2", "ResNet-50"))
    assert cells["ours, 10% of the labels"] == f"{values.mean():.1f} ± {standard_error(values):.1f}%"


def test_rows_without_training_are_of_random_weights() -> None:
    values = rightness(few_labels("random encoder"), 0)
    assert f"{values.mean():.1f} ±" in cells_of("7.3", ("Supervised baseline",))["ours, 1% of the labels"]
    values = rightness(transferred("random encoder"), 0)
    assert f"{values.mean():.1f} ±" in cells_of("7.4", ("Baseline",))["ours, digits"]


def test_a_target_of_table_7_4_has_its_own_measure() -> None:
    scores = [100 * one["probes"][1]["mean_average_precision"] for one in RECORDS[transferred("BYOL")].values()]
    error = np.std(scores, ddof=1) / np.sqrt(2)
    assert cells_of("7.4", ("BYOL",))["ours, VOC2007"] == f"{np.mean(scores):.1f} ± {error:.1f}%"
    assert cells_of("7.4", ("R2-D2",))["published, VOC2007"] == "69.9%"


def test_the_table_of_rotations_has_one_published_number_and_paired_differences() -> None:
    shown = training_table("rotation", results())
    published = {row[:2]: row[2] for row in shown.rows if row[2]}
    assert published == {("BYOL", "both"): "94.6%"}
    assert [row[:2] for row in shown.rows][:5] == [("SimCLR", rotation) for rotation in ROTATION_NAMES]
    values = rightness("R2-D2, rotation task", 0) - rightness("R2-D2", 0)
    cells = cells_of("rotation", ("R2-D2", "task"))
    assert cells["ours, difference"] == f"{values.mean():+.2f} ± {standard_error(values):.2f}"
    assert cells_of("rotation", ("R2-D2", "none"))["ours, difference"] == ""
    assert cells_of("rotation", ("raw pixels",))["ours, accuracy"]


def test_options_stand_beside_what_they_change() -> None:
    shown = training_table("options7", results())
    assert not [column for column in shown.columns if column.startswith("published")]
    values = rightness("R2-D2, rotation auxiliary, weight 3", 1) - rightness("R2-D2, rotation auxiliary", 1)
    cells = cells_of("options7", ("R2-D2, rotation auxiliary", "weight 3"))
    assert cells["ours, k-NN difference"] == f"{values.mean():+.2f} ± {standard_error(values):.2f}"
    assert cells_of("options7", ("R2-D2", "-"))["ours, accuracy"]
    configs = {option: encoders().config(with_option(name, option), 0) for name, option in OPTIONS}
    assert configs["ridge x t of 25"].used_temperature * configs["ridge x t of 25"].ridge == 25
    assert configs["weight 3"].rotation_weight == 3


ROTATION_NAMES = ("none", "sample", "task", "auxiliary", "both")


def test_a_note_says_where_probe_and_neighbours_disagree() -> None:
    by_measure = [sorted(LEARNERS, key=lambda name: -rightness(name, place).mean()) for place in range(2)]
    assert by_measure[0] != by_measure[1]
    note = training_table("7.1", results()).note
    assert f"best first: {', '.join(by_measure[0])} by the probe, {', '.join(by_measure[1])} by k-NN." in note
    agreeing = {
        name: {
            seed: {"probes": [one["probes"][0], {**one["probes"][0], "probe": "knn"}]} for seed, one in found.items()
        }
        for name, found in RECORDS.items()
        if name in TRAINING_TABLES["7.1"]
    }
    assert "agree in their order" in training_table("7.1", results(**summary(agreeing))).note


def test_small_forms_say_what_they_are() -> None:
    for number, words in (("7.2", "encoders of Table 7.1"), ("7.3", "1% and 10% of 700 labels"), ("7.4", "to digits")):
        assert words in training_table(number, results()).note
        assert words not in training_table(number, results(imagenet=True)).note
    assert "Beside them, linear and k-NN: raw pixels" in training_table("7.5", results()).note
    assert "Ours are of scikit-learn digits, not of CIFAR-10." in training_table("7.1", results()).note
    assert "not of CIFAR-10" not in training_table("7.1", results(data="CIFAR-10")).note


def test_claims_are_decided_by_paired_differences() -> None:
    found = {(one["table"], one["claim"]): one for one in results()["claims"]}
    assert len(found) == len(results()["claims"])
    values = rightness("BYOL", 1) - rightness("BYOL, rotation sample", 1)
    claim = found["7.5", "BYOL: rotation of each view hurts, k-NN"]
    assert claim["difference"] == pytest.approx(values.mean())
    assert claim["standard_error"] == pytest.approx(standard_error(values))
    assert ("7.4", "R2-D2 beats SimCLR on digits") in found
    assert ("baselines", "SimCLR beats random encoder, calibrated, linear") in found
    shown = training_table("claims7", results())
    assert shown.title == "Claims of chapter 7"
    assert "paired: on the same test images" in shown.note


def test_tables_of_imagenet_and_of_cifar_need_commands_of_their_own() -> None:
    paper = SELF_SUPERVISED_SCALES["paper"]
    assert is_of_imagenet(["7.2", "7.4"], paper)
    assert not is_of_imagenet(["7.1", "rotation", "claims7"], paper)
    assert not is_of_imagenet(["7.1", "7.2"], SELF_SUPERVISED_SCALES["small"])
    with pytest.raises(ValueError, match=r"tables 7\.3 are of ImageNet and 7\.1, claims7 of CIFAR-10"):
        is_of_imagenet(["7.1", "7.3", "claims7"], paper)
    assert set(wanted(["7.2"], paper, imagenet=True)) == {*LEARNERS, "random encoder", "random encoder, calibrated"}
    assert set(wanted(["claims7"], paper, imagenet=False)) == {
        *ENCODERS,
        "raw pixels",
        "random encoder",
        "random encoder, calibrated",
    }


def test_published_settings_are_those_of_the_text() -> None:
    paper = SELF_SUPERVISED_SCALES["paper"]
    cifar, large = (paper.configured(ENCODERS["SimCLR"], 0, imagenet=imagenet) for imagenet in (False, True))
    assert (cifar.batch, cifar.epochs, cifar.optimizer, cifar.scaled_rate, cifar.encoder) == (
        *(1024, 1000, "lars", 4.0, "resnet18"),
    )
    assert (large.batch, large.epochs, large.scaled_rate, large.encoder) == (256, 100, 2.4, "resnet50")
    assert (cifar.used_temperature, large.used_temperature, large.warmup_share) == (0.5, 0.1, 0.1)
    assert replace(paper, mixed_precision="no").precision == "no"


def test_sets_are_digits_without_data_and_named_ones_with(tmp_path: Path) -> None:
    sets = read_sets(None, (), TINY, [0, 1], imagenet=False, targets=True)
    assert sets.by_seed
    assert sets.training[0].digest != sets.training[1].digest
    assert [one.title for one in sets.targets] == ["procedural"]
    with pytest.raises(ValueError, match="no such folder or archive with CIFAR-10"):
        read_sets(tmp_path / "none", (), TINY, [0], imagenet=False, targets=False)


def test_encoders_are_trained_once_for_all_tables_and_finished_ones_are_kept(tmp_path: Path) -> None:
    names = ["SimCLR", "R2-D2, rotation both", "raw pixels", "random encoder", "random encoder, calibrated"]
    further = [few_labels("SimCLR"), transferred("random encoder"), transferred("SimCLR")]
    target = LabelledImages("others", small_digits("others", 200, 50))
    study = encoders((target,))
    with Progress(quiet=True) as progress, pytest.MonkeyPatch.context() as patch:
        patch.setattr("reports.selfsup.tables.TRAINING_TABLES", {"7.1": names, "7.4": [*names, *further]})
        found = measure_tables(["7.1", "7.4"], study, [0], tmp_path, progress, "a command")
        files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")}
        again = measure_tables(["7.4"], study, [0], tmp_path, progress, "a command")
    assert len(files) == len(names) + len(further)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")} == files
    assert again["figures"] == found["figures"]
    assert set(found["figures"]["SimCLR"]) == {"linear", "k-NN"}
    assert set(found["figures"][transferred("SimCLR")]) == {"others"}
    run = load_run(study.run_folder(trained("R2-D2", "both"), 0, tmp_path))
    assert (run.config.learner, run.config.rotation) == ("r2d2", "both")
    for name in (*names, *further):
        for probe in found["details"][name]["0"]["probes"]:
            assert "right" not in probe
            assert {"probe", "labels", "data_digest", "encoder_digest", "top1"} <= set(probe)
        measured = found["figures"][name]
        tops = [probe["top1"] for probe in found["details"][name]["0"]["probes"]]
        assert [figure["mean"] for figure in measured.values()] == pytest.approx([100 * top for top in tops])
    untrained, calibrated = (found["details"][name]["0"]["probes"][0] for name in names[-2:])
    assert untrained["encoder_digest"] != calibrated["encoder_digest"]


def test_too_few_images_are_refused_before_any_training(tmp_path: Path) -> None:
    study = encoders((LabelledImages("few", small_digits("few", 12, 12)),))
    with (
        Progress(quiet=True) as progress,
        pytest.raises(ValueError, match="leaves 12 labels of 12 images for 10 classes, none for 3"),
    ):
        measure_tables(["7.4"], study, [0], tmp_path, progress)
    assert not list(tmp_path.iterdir())
