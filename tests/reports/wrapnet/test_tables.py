"""Tables of trained networks: what rows train, what they share, and what is shown."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import reports
from models.data.images import ImageData, Split
from models.progress import Progress
from models.quantization.formats import Bounded, parse_weight_format
from reports.wrapnet.experiments import SCALES, Scale, row_experiment
from reports.wrapnet.tables import measure_tables, train_tables, training_table
from reports.wrapnet.training_tables import TRAINING_TABLES

TINY = Scale("tiny", 24, {"epochs": 1, "pretrain_epochs": 1, "batch_size": 12}, {"vgg7": 2, "resnet20": 2})


def pictures(count: int = 30) -> ImageData:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)
    split = Split(images, torch.arange(count) % 10)
    classes = tuple(str(label) for label in range(10))
    return ImageData("noise", split, split, classes, (127.0,) * 3, (74.0,) * 3)


@pytest.mark.parametrize("scale", SCALES.values(), ids=list(SCALES))
def test_every_row_of_every_table_can_be_configured(scale: Scale) -> None:
    names: dict[str, set[str]] = {}
    for table in TRAINING_TABLES.values():
        for row in table.rows:
            one = row_experiment(table, row, scale, 0)
            names.setdefault(one.key, set()).add(f"{table.number} {row.label}")
    shared = [sorted(rows) for rows in names.values() if len(rows) > 1]
    # The default WrapNet stands in four tables and is trained once.
    assert ["2.10 WrapNet, 0.0", "2.2 k = 2", "2.3 p = 5%", "2.4 no penalty, p = 5%", "2.9 cyclic, k = 2"] in shared
    for table in TRAINING_TABLES.values():
        labels = [row.label for row in table.rows]
        assert len(set(labels)) == len(labels)


def test_the_rivals_never_overflow_by_construction() -> None:
    table = TRAINING_TABLES["avoidance"]
    rivals = [row for row in table.rows if row.method == "exact"]
    assert all(isinstance(parse_weight_format(row.changes["weights"]), Bounded) for row in rivals)
    assert sorted(row.changes["accumulator_bits"] for row in rivals) == [8, 10, 12, 16]


@pytest.mark.slow
def test_tables_are_measured_resumed_and_shown(tmp_path: Path) -> None:
    def measure() -> dict[str, Any]:
        with Progress(quiet=True) as progress:
            return measure_tables(["2.1", "2.5"], pictures(), TINY, [0, 1], tmp_path, progress, "wrapmac table")

    first = measure()
    stages = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pt")}
    assert sum(path.name.startswith("float") for path in stages) == 2  # one a seed
    again = measure()
    assert again["tables"] == first["tables"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.pt")} == stages  # nothing was trained again

    record = first["tables"]["2.1"]["3-bit activations"]["0"]
    assert record["config"]["activation_bits"] == 3
    assert 0 <= record["wrapped_accuracy"] <= 1
    packed = first["tables"]["2.5"]["carry variance penalty"]["1"]
    assert packed["carry_layers"] == 6
    assert packed["carry_mean"] > 0

    shown = training_table("2.1", first)
    assert shown.columns[1:5] == ("published", "ours", "published, wrapping", "ours, wrapping")
    (row,) = (row for row in shown.rows if row[0] == "3-bit activations")
    assert row[1] == "91.08%"
    assert "±" in row[2]
    assert "24 training images of noise, 2 seeds" in shown.note


def test_tables_that_are_not_trained_are_refused(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress:
        with pytest.raises(ValueError, match=r"table '2\.7' is not trained; allowed are 2\.1, "):
            measure_tables(["2.1", "2.7"], pictures(), TINY, [0], tmp_path, progress)
        with pytest.raises(ValueError, match=r"tables that are trained \(2\.1, 2\.2\) need --data"):
            train_tables(["2.1", "2.2"], data=None, scale="small", seeds=1, out=tmp_path, progress=progress)


def test_a_table_of_one_seed_has_no_spread() -> None:
    row = TRAINING_TABLES["2.2"].rows[0]
    results = {
        "tables": {"2.2": {one.label: {"0": {"accuracy": 0.5}} for one in TRAINING_TABLES["2.2"].rows}},
        "scale": "small",
        "train_images": 1000,
        "data": "CIFAR-10",
        "seeds": [0],
    }
    shown = training_table("2.2", results)
    assert shown.rows[0] == (row.label, "90.24%", "50.00%")
    assert shown.rows[-1] == ("modulo", "diverges", "50.00%")


@pytest.mark.parametrize("name", ["tables-small", "tables-small-seeds"])
def test_the_results_that_are_kept_are_shown_as_their_record_says(name: str) -> None:
    folder = Path(reports.__file__).parent / "results" / "wrapnet"
    record = json.loads((folder / f"{name}.json").read_text())
    shown = (folder / "tables-small.md").read_text()
    for number in record["tables"]:
        assert training_table(number, record).markdown() in shown
