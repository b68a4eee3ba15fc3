"""The tables of chapter 4 show what was measured beside what was published; the claims are decided by it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.progress import Progress
from reports.attention.benches.attention_bench import AttentionSetting, size_name
from reports.attention.benches.speed_tables import speed_setting
from reports.attention.cells import COLUMNS, ROWS
from reports.attention.claims import claims_of
from reports.attention.latencies import measured_latencies
from reports.attention.networks.experiments import Records
from reports.attention.networks.names import (
    GLOBAL,
    LENGTHS,
    NETWORKS,
    OURS,
    RUN_WITH,
    SWIN,
    parts_of,
    record_name,
)
from reports.attention.networks.scales import ATTENTION_SCALES
from reports.attention.networks.sets import read_sets
from reports.attention.plans import TRAINING_TABLES
from reports.attention.published import PUBLISHED
from reports.attention.results import over_seeds
from reports.attention.tables import measure_tables, training_table, wanted
from reports.claims.rightness import unpacked
from reports.claims.verdicts import verdicts_on
from tests.support.attention_tables import TEST_IMAGES, TINY, made_up_networks, measured, study
from tests.support.commands import Command, assert_refused
from tests.support.interrupted import STAGES, measure_until

RECORDS = made_up_networks(list(dict.fromkeys(name for names in TRAINING_TABLES.values() for name in names)))
SIZES = [{"name": "s12", "parameters": 16_514_152, "multiply_adds": 2_483_000_000}]


def results(**changes: Any) -> dict[str, Any]:
    return {
        "figures": over_seeds(RECORDS),
        "claims": verdicts_on(claims_of(RECORDS, TINY), RECORDS),
        "sizes": SIZES,
        "latencies": {},
        "operations": {},
        "lengths": {str(one): TINY.length(one) for one in LENGTHS},
        "tasks": {"classify": "noise", "segment": "scenes", "detect": "scenes"},
        "detects": True,
        "untrained": {},
        "scale": "tiny",
        "published_data": False,
        "seeds": [0, 1],
        **changes,
    }


def cells_of(number: str, row: str, **changes: Any) -> dict[str, str]:
    shown, labels = training_table(number, results(**changes)), PUBLISHED[number].labels
    found = next(one for one in shown.rows if ", ".join(one[:labels]) == row)
    return dict(zip(shown.columns, found, strict=True))


def accuracies(name: str) -> np.ndarray:
    """(seeds, test images), in percent."""
    return np.array([100 * unpacked(next(iter(one["right"].values())), TEST_IMAGES) for one in RECORDS[name].values()])


@pytest.mark.parametrize("number", list(ROWS))
def test_rows_and_columns_are_those_of_the_published_tables(number: str) -> None:
    if number in PUBLISHED:
        assert set(ROWS[number]) <= set(PUBLISHED[number].names)
        assert set(COLUMNS[number]) <= set(PUBLISHED[number].headings)
    assert set(ROWS[number].values()) <= NETWORKS.keys()


def test_seventeen_classifiers_serve_all_tables_at_small_scale() -> None:
    names = wanted(list(TRAINING_TABLES), ATTENTION_SCALES["small"])
    assert len([name for name in names if parts_of(name)[1] == "classify"]) == 17
    assert {NETWORKS[parts_of(name)[0]]["network"] for name in names} == {"s12"}


def test_a_figure_is_a_mean_over_seeds_and_test_images() -> None:
    values = accuracies(SWIN)
    error = np.hypot(values.mean(1).std(ddof=1) / np.sqrt(2), values.mean(0).std(ddof=1) / np.sqrt(TEST_IMAGES))
    assert cells_of("4.2", "Swin")["ours, accuracy"] == f"{values.mean():.1f} ± {error:.1f}%"
    found = [100 * one["figures"]["mean_iou"] for one in RECORDS[record_name(OURS, "segment")].values()]
    error = np.std(found, ddof=1) / np.sqrt(2)
    assert cells_of("4.11", "LSA (Ours)")["ours, ADE20K mIoU"] == f"{np.mean(found):.1f} ± {error:.1f}%"


@pytest.mark.parametrize("number", [number for number in TRAINING_TABLES if number in PUBLISHED])
def test_published_numbers_stay_and_the_scale_is_named(number: str) -> None:
    shown, table = training_table(number, results()), PUBLISHED[number]
    for heading in table.headings[table.labels :]:
        assert any(column.startswith(f"published, {heading}") for column in shown.columns) or not ROWS.get(number)
    assert ("scale tiny" in shown.note) == bool(TRAINING_TABLES[number])


def test_rows_without_a_measurement_have_a_dash_and_a_reason() -> None:
    untrained = {"4.4": ["MetaFormer-S18 (LSA)"]}
    cells = cells_of("4.4", "ResNet101", untrained=untrained)
    assert (cells["published, accuracy"], cells["ours, accuracy"]) == ("80.8%", "-")
    assert cells_of("4.4", "MetaFormer-S12 (LSA)")["ours, FLOPs (G)"] == "2.5"
    assert (
        "Not trained at this scale: MetaFormer-S18 (LSA)." in training_table("4.4", results(untrained=untrained)).note
    )
    assert "torchvision is not installed" in training_table("4.11", results(detects=False)).note


def bench(number: str) -> dict[str, Any]:
    """A result of the bench in which every model takes 7 ms."""
    setting = speed_setting(number)
    rows = [
        {"name": f"{size_name(size)}, eager", "case": model, "least_ms": 7.0}
        for size in setting.sizes
        for model in setting.models
    ]
    return {"rows": rows, "backends": ["eager"], "rounds": 2, "machine": "a machine"}


def test_latencies_and_operations_stand_beside_accuracies() -> None:
    counts = {model: {"reshape": 28, "transpose": 24} for model in ("s12:CCWA:ln", "s12:CCLA:ln")}
    cells = cells_of("4.2", "Swin", latencies={"4.2": bench("4.2")}, operations=counts)
    assert (cells["ours, here, eager (ms)"], cells["ours, reshapes"], cells["ours, transposes"]) == ("7.00", "28", "24")
    assert cells["published, reshapes"] == "62"
    assert cells_of("4.2", "SRA", operations=counts)["ours, reshapes"] == "-"
    assert "coremltools" in training_table("4.2", results()).note
    assert "least of 2 rounds" in training_table("4.3", results(latencies={"4.3": bench("4.3")})).note


def test_latencies_are_measured_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured_tables = []

    def bench_attention(setting: AttentionSetting, progress: Progress) -> dict[str, Any]:
        measured_tables.append(setting.models)
        return {"rounds": setting.rounds}

    monkeypatch.setattr("reports.attention.latencies.bench_attention", bench_attention)
    with Progress(quiet=True) as progress:
        found = [measured_latencies(["4.1", "4.6", "4.9"], 3, tmp_path, progress) for _ in range(2)]
        assert measured_latencies(["4.1"], 0, tmp_path, progress) == {}
    assert found == [{number: {"rounds": 3} for number in ("4.1", "4.6")}] * 2
    assert len(measured_tables) == 2


def test_table_4_10_is_read_from_the_networks() -> None:
    shown = training_table("4.10", results())
    for row in shown.rows:
        cells = dict(zip(shown.columns, row, strict=True))
        for name in ("S12", "S18", "S24", "Swin-S"):
            published, ours = (int(cells[f"{whose}, {name}"]) for whose in ("published", "ours"))
            assert ours == (published // 2 if row[0] == "stem, first" else published)


def test_claims_are_decided_by_paired_differences() -> None:
    shown = training_table("claims4", results())
    claims = claims_of(RECORDS, TINY)
    assert len({(claim.where, claim.text) for claim in claims}) == len(claims) == len(shown.rows)
    difference = (accuracies(OURS) - accuracies(SWIN)).mean()
    row = next(one for one in shown.rows if one[1] == "LSA beats windows without shift, accuracy")
    assert row[2] == f"{difference:+.2f}%"
    assert {one[4] for one in shown.rows} <= {"seen", "not seen", "reversed"}


NAMES = [OURS, GLOBAL, record_name(OURS, "segment")]


def measure_some(out: Path) -> Records:
    return measured(NAMES, out)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Records]:
    out: Path = tmp_path_factory.mktemp("tables") / "whole"
    return out, measure_some(out)


def test_a_run_serves_all_tables_and_is_kept(finished: tuple[Path, Records]) -> None:
    out, records = finished
    files = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/record.json")}
    plans = {"4.7": (GLOBAL, OURS), "4.11": (OURS, NAMES[-1]), "claims4": tuple(NAMES)}
    with Progress(quiet=True) as progress, pytest.MonkeyPatch.context() as patch:
        patch.setattr("reports.attention.tables.TRAINING_TABLES", plans)
        found = measure_tables(list(plans), study("segment"), [0], out, progress, "a command")
    assert {path: path.stat().st_mtime_ns for path in out.glob("runs/*/record.json")} == files
    assert len(files) == len(NAMES)
    assert found["figures"] == over_seeds(records)
    whole = found["figures"][OURS]["accuracy"]
    shown = training_table("4.7", found)
    cells = dict(zip(shown.columns, shown.rows[-1], strict=True))
    assert cells["ours, 49"] == f"{whole['mean']:.1f} ± {whole['standard_error']:.1f}%"
    for number in ("4.7", "claims4"):
        assert "20 images of 16 x 16, epochs: 1" in training_table(number, found).note
    assert "8 images of 24 x 24" in training_table("4.11", found).note


def test_networks_of_table_4_7_run_with_every_length(finished: tuple[Path, Records]) -> None:
    found = over_seeds(finished[1])
    for name in (OURS, GLOBAL):
        own = [f"accuracy at {TINY.length(one)}" for one in RUN_WITH[name]]
        assert found[name].keys() == {*own, "accuracy"}
        assert found[name][own[0]] == found[name]["accuracy"]


def test_a_killed_job_ends_with_the_same_numbers(finished: tuple[Path, Records], tmp_path: Path) -> None:
    out = tmp_path / "killed"
    measure_until(measure_some, out, STAGES[0])
    assert measure_some(out) == finished[1]


def test_sets_are_digits_without_data_and_named_ones_with(tmp_path: Path) -> None:
    small, paper = (ATTENTION_SCALES[name] for name in ("small", "paper"))
    data = read_sets(None, small, ["classify"])["classify"]
    assert data.training.name == "scikit-learn digits"
    assert (data.training.shape, data.training.test_count, data.measured.test_count) == ((3, 32, 32), 500, 599)
    with pytest.raises(ValueError, match="no such folder or archive with CIFAR-10"):
        read_sets(tmp_path / "none", small, ["classify"])
    with pytest.raises(ValueError, match="a folder that holds imagenet, ade20k, coco"):
        read_sets(None, paper, ["segment"])
    with pytest.raises(ValueError, match="imagenet/train"):
        read_sets(tmp_path, paper, ["classify"])


def test_published_settings_are_those_of_the_text() -> None:
    paper = ATTENTION_SCALES["paper"]
    classify, segment, detect = (paper.configured(NETWORKS[OURS], task, 0) for task in paper.tasks)
    assert (classify.batch_size, classify.epochs, classify.used_weight_decay, classify.length) == (1024, 300, 0.05, 49)
    assert (classify.used_schedule, classify.warmup, classify.used_learning_rate) == ("cosine", 3, 1e-3)
    assert (segment.steps, segment.used_learning_rate, segment.used_weight_decay) == (40_000, 1e-4, 1e-4)
    assert (paper.has_published_data, TINY.has_published_data) == (True, False)
    assert (detect.epochs, detect.used_schedule, detect.warmup, detect.used_weight_decay) == (12, "steps", 1000, 0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("4.2 --data nowhere", "nowhere: no such folder or archive with CIFAR-10"),
        ("4.3 --scale paper", "at this scale, --data is needed: a folder that holds imagenet, ade20k, coco"),
        ("4.14", "there is no table '4.14'"),
        ("mixers4 --seeds 0", "seeds is 0; allowed is an integer of at least 1"),
        ("4.2 --on digits", "name a table that takes them"),
    ],
)
def test_bad_input_is_refused_in_one_line(command: Command, tmp_path: Path, options: str, message: str) -> None:
    assert_refused(command("table", *options.split()), message, tmp_path)
