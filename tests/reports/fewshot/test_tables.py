"""The tables of chapter 5: every row has its network, what is measured is shown, and nothing is trained twice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.fewshot.class_images import FewShotData
from models.fewshot.procedural import procedural
from models.progress import Progress
from reports.claims.verdicts import verdicts_on
from reports.fewshot.claims import claims_of
from reports.fewshot.experiments import network_config
from reports.fewshot.networks import NETWORKS
from reports.fewshot.published import PUBLISHED
from reports.fewshot.scales import SCALES, Scale
from reports.fewshot.sets import table_data
from reports.fewshot.summaries import chosen_coefficients, summaries
from reports.fewshot.tables import measure_tables, train_tables, training_table
from reports.fewshot.training_tables import TRAINING_TABLES
from tests.support.fewshot import random_classes
from tests.support.fewshot_records import made_up_records
from tests.support.images import write_batches
from tests.support.interrupted import STAGES, measure_until

SMALL = SCALES["small"]
TINY = replace(
    SMALL,
    name="tiny",
    widths={"4x32": 4},
    common=SMALL.common | {"tasks": 2, "batches": 2, "epochs": 1, "validation_episodes": 2, "test_episodes": 2},
    learners={
        "maml": {"query": 2, "inner_steps": 1, "fine_tuning_steps": 1, "way_through_tasks": "loop"},
        "classical": {"shot": 1, "query": 2},
    },
    episodes=8,
    tuned_episodes=4,
    pairs=20,
)


def results(**changes: Any) -> dict[str, Any]:
    records = made_up_records()
    chosen = chosen_coefficients(records)
    row = {"epoch_s": 1.5, "total_min": 2.5}
    return {
        "networks": summaries(records),
        "chosen": chosen,
        "claims": verdicts_on(claims_of(chosen), records),
        "times": dict.fromkeys(PUBLISHED["5.8"].names, row),
        "scale": "tiny",
        "data": "drawings by class, split 0",
        "seeds": [0, 1],
        **changes,
    }


@pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_can_be_configured(name: str, scale: Scale) -> None:
    data = procedural(0, images=9)
    if scale.name == "small":
        config = network_config(name, 1, data, scale)
        assert config.seed == 1
        assert config.shot + config.query <= 9
    else:
        assert scale.configured(NETWORKS[name].settings, 1, 5, 600).width is None


@pytest.mark.parametrize("number", PUBLISHED)
def test_every_row_that_can_be_measured_has_a_number_of_ours(number: str) -> None:
    shown = training_table(number, results())
    ours = [index for index, column in enumerate(shown.columns) if column.startswith("ours")]
    assert ours
    assert "scale tiny, drawings by class, split 0, 2 seeds" in shown.note
    assert ("batch norm" in shown.note) == (number != "5.8")
    rows = [row for row in shown.rows if "drawings by class" in row] or shown.rows
    assert all(row[index] for row in rows for index in ours)
    if number != "5.8":
        assert all("±" in row[index] for row in rows for index in ours)


def test_columns_of_a_published_data_set_are_filled() -> None:
    shown = training_table("5.3", results(data="CIFAR-FS"))
    assert [column for column in shown.columns if column.startswith("ours")] == [
        "ours, CIFAR-FS 1-shot",
        "ours, CIFAR-FS 5-shot",
    ]


@pytest.mark.parametrize("number", ["5.2", "5.4"])
def test_rows_of_a_published_data_set_are_filled(number: str) -> None:
    shown = training_table(number, results(data="CIFAR-FS"))
    assert len(shown.rows) == len(PUBLISHED[number].rows)
    ours = [index for index, column in enumerate(shown.columns) if column.startswith("ours")]
    for row in shown.rows:
        assert all(bool(row[index]) == (row[1] == "CIFAR-FS") for index in ours)


def test_the_coefficient_is_chosen_by_validation_classes() -> None:
    records = made_up_records()
    for seed, accuracy in ((0, 0.1), (1, 0.99)):
        records["R2-D2-C R_HV 0.1"][seed]["validation"]["accuracies"] = [accuracy] * 3
    for coefficient in ("0.02", "0.05"):
        for record in records[f"R2-D2-C R_HV {coefficient}"].values():
            record["validation"]["accuracies"] = [0.5, 0.5]
    assert chosen_coefficients(records)["R2-D2"]["R_HV"] == "R2-D2-C R_HV 0.1"
    for name in records:
        for record in records[name].values():
            record.pop("validation", None)
    assert chosen_coefficients(records)["MetaOptNet"]["R_FC"] == "MetaOptNet-C R_FC 0.05"


def test_tables_are_measured_resumed_and_shown(tmp_path: Path) -> None:
    def measure() -> dict[str, Any]:
        with Progress(quiet=True) as progress:
            return measure_tables(
                ["5.5"], procedural(0, images=8), TINY, [0], tmp_path, progress, command="wrapmac table"
            )

    first = measure()
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    again = measure()
    assert again["networks"] == first["networks"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == kept
    assert set(first["networks"]) == set(TRAINING_TABLES["5.5"])
    shown = training_table("5.5", first)
    assert [row[0] for row in shown.rows] == ["MAML-1", "MAML-5", "MAML-C"]
    modes = {one["batch_norm"] for one in first["networks"]["MAML-C"]["0"]["evaluations"]}
    assert modes == {"episode (transductive)"}


def test_data_is_found_by_its_form(tmp_path: Path) -> None:
    assert table_data(None, SMALL).name.startswith("procedural")
    write_batches(tmp_path / "cifar")
    assert table_data(tmp_path / "cifar", SMALL).name == "CIFAR-10 by classes, split 0"
    with pytest.raises(ValueError, match=r"missing.npz: no such file; `make drawings` writes it"):
        table_data(tmp_path / "missing.npz", SMALL)
    missing, out = tmp_path / "missing", tmp_path / "out"
    with (
        Progress(quiet=True) as progress,
        pytest.raises(ValueError, match="missing: no such file or folder with a few-shot data set"),
    ):
        train_tables(["5.1"], data=missing, scale="small", seeds=1, out=out, progress=progress)
    assert not out.exists()


@pytest.mark.parametrize(
    ("numbers", "counts", "message"),
    [
        (["5.1"], (8, 8, 5, 8, 8), "class test2 of few has 5 images in test; the tables' 5 shots and a query need 6"),
        (["methods"], (8, 8, 5, 8, 8), "class test2 of few has 5 images in test"),
        (["methods"], (8, 8, 8, 8), "few has 4 classes in test; the table of methods needs 5 and more"),
    ],
)
def test_data_that_is_too_small_is_refused_before_anything_is_trained(
    numbers: list[str], counts: tuple[int, ...], message: str, tmp_path: Path
) -> None:
    splits = {"train": random_classes("train", (8,) * 6, size=16), "test": random_classes("test", counts, size=16)}
    with Progress(quiet=True) as progress, pytest.raises(ValueError, match=message):
        measure_tables(numbers, FewShotData("few", splits), SMALL, [0], tmp_path, progress)
    assert not list(tmp_path.iterdir())


RESUMED = replace(TINY, common=TINY.common | {"batches": 3, "epochs": 3})


def measure_resumed(out: Path) -> dict[str, Any]:
    with Progress(quiet=True) as progress:
        data = procedural(0, images=8)
        return measure_tables(["5.5"], data, RESUMED, [0], out, progress, command="wrapmac table")["networks"]


@pytest.mark.slow
def test_tables_that_are_killed_three_times_end_with_the_same_numbers(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    for sought in STAGES:
        measure_until(measure_resumed, broken, sought)
        assert len(list(broken.glob("runs/*/record.json"))) < len(TRAINING_TABLES["5.5"])
    assert measure_resumed(broken) == measure_resumed(tmp_path / "unbroken")
