"""The tables of chapter 6 show what was measured beside what was published; the claims are decided by it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.fewshot.class_images import FewShotData
from models.fewshot.comparison import EpisodeTest, Variant, evaluate_run
from models.fewshot.run import load_run
from models.progress import Progress
from reports.fewshot.augmentation import tables
from reports.fewshot.augmentation.cells import CELLS
from reports.fewshot.augmentation.networks import AUGMENTED_NETWORKS, DA, MM, trained_with
from reports.fewshot.augmentation.plans import TRAINING_TABLES
from reports.fewshot.augmentation.published import PUBLISHED
from reports.fewshot.augmentation.scales import AUGMENTED_SCALES
from reports.fewshot.augmentation.sets import Sets
from reports.fewshot.augmentation.tables import measure_parts, measure_tables, over_seeds, training_table, wanted
from reports.fewshot.experiments import Records, measure_networks, run_folder
from reports.fewshot.networks import across, network_of, varied
from reports.tables.beside import rendered
from tests.support.augmented_records import DOMAINS, made_up_augmented
from tests.support.fewshot import random_classes
from tests.support.interrupted import STAGES, measure_until

SMALL = AUGMENTED_SCALES["small"]
TINY = replace(
    SMALL,
    name="tiny",
    widths={"cnn4": 2, "resnet12": 2, "64x4": 2},
    common=SMALL.common | {"tasks": 2, "batches": 2, "epochs": 2, "validation_episodes": 2, "test_episodes": 2},
    episodes=20,
)
DATA = FewShotData(
    "few, split 0",
    {name: random_classes(name, (12,) * count, size=16) for name, count in (("train", 6), ("test", 4))},
)
ALONE = Sets({0: DATA}, {0: DATA}, {0: (DATA,)}, 0, "few")
CNN4 = "R2-D2, CNN-4"


def test_networks_across_domains_leave_those_of_other_tables_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Table 6.7 of drawings trains on fewer designers than Tables 6.1 to 6.5, under the same plain names."""

    def measure(names: list[str], data: Any, *others: Any) -> dict[str, Any]:
        with_parents = [*names, *(network_of(name) for name in names)]
        return {name: {0: {"of": data[0].name}} for name in with_parents}

    monkeypatch.setattr(tables, "measure_networks", measure)
    fewer = replace(DATA, name="fewer designers")
    sets = Sets({0: DATA}, {0: fewer}, {0: (DATA,)}, 0, "fewer designers")
    with Progress(quiet=True) as progress:
        found = measure_parts([CNN4, across(CNN4)], sets, TINY, [0], tmp_path, progress)
    assert found == {CNN4: {0: {"of": DATA.name}}, across(CNN4): {0: {"of": "fewer designers"}}}


def results(records: Records, *, splits_by_seed: bool = False, **changes: Any) -> dict[str, Any]:
    seeds = list(next(iter(records.values())))
    found = over_seeds(records, claims=True, others=2, same_units=not splits_by_seed)
    return {
        **found,
        **{"scale": "tiny", "standard": False, "name": "CIFAR-FS", "data": "CIFAR-FS", "trained_on": "CIFAR-FS"},
        **{"splits_by_seed": splits_by_seed, "validation": True, "seeds": seeds},
        **changes,
    }


RECORDS = made_up_augmented((0, 1))


def accuracies(name: str, shot: int) -> np.ndarray:
    """(seeds, episodes), in percent."""
    found = [
        one["accuracies"] for record in RECORDS[name].values() for one in record["evaluations"] if one["shot"] == shot
    ]
    return 100 * np.array(found)


@pytest.mark.parametrize("number", CELLS)
def test_published_numbers_stay_and_ours_stand_beside_them(number: str) -> None:
    shown, published = training_table(number, results(RECORDS)), rendered(PUBLISHED[number])
    assert [column for column in shown.columns if column.startswith("published")] == [
        f"published, {column}" for column in published.columns[published.labels :]
    ]
    for ours, row in zip(shown.rows, published.rows, strict=True):
        cells = dict(zip(shown.columns, ours, strict=True))
        assert [cells[f"published, {column}"] for column in published.columns[published.labels :]] == list(
            row[published.labels :]
        )
        named = [column for column in shown.columns if column.startswith("ours") and "difference" not in column]
        assert named
        assert all("±" in cells[column] for column in named)
    assert "scale tiny, without standard augmentation, CIFAR-FS, 2 seeds, mean and 1 SE" in shown.note


def shown_mean(values: np.ndarray, own_split: bool, sign: str = "") -> str:
    """Shares (2 seeds, episodes) in percent. own_split: whether each seed has one, so that the error is over seeds."""
    of_seeds = values.mean(1).std(ddof=1) / np.sqrt(2)
    of_episodes = 0 if own_split else values.mean(0).std(ddof=1) / np.sqrt(values.shape[1])
    return f"{100 * values.mean():{sign}.2f} ± {100 * np.hypot(of_seeds, of_episodes):.2f}"


@pytest.mark.parametrize("splits_by_seed", [False, True])
def test_a_row_is_a_mean_and_a_paired_difference(splits_by_seed: bool) -> None:
    shown = training_table("6.10", results(RECORDS, splits_by_seed=splits_by_seed))
    row = next(row for row in shown.rows if row[:2] == ("Large Rotation", "Task"))
    cells = dict(zip(shown.columns, row, strict=True))
    more, less = accuracies(f"{CNN4}, rotation:task", 5), accuracies(CNN4, 5)
    for column, values, unit in (("CNN-4 5-shot", more, "%"), ("CNN-4 5-shot difference", more - less, "")):
        assert cells[f"ours, {column}"] == shown_mean(values / 100, splits_by_seed, "" if unit else "+") + unit
    baseline = dict(zip(shown.columns, shown.rows[0], strict=True))
    assert baseline["ours, CNN-4 5-shot difference"] == ""


def test_domains_are_rows_of_table_6_7() -> None:
    shown = training_table("6.7", results(RECORDS))
    rows = {row[0]: dict(zip(shown.columns, row, strict=True)) for row in shown.rows}
    assert list(rows)[: len(PUBLISHED["6.7"].rows)] == PUBLISHED["6.7"].names
    labels = ["drawings of other designers, 5-way", "Omniglot, 5-way", "digits by classes, 5-way"]
    assert list(rows)[-3:] == labels
    for place, label in enumerate(labels):
        more, less = (
            np.array([one["evaluations"][place]["accuracies"] for one in RECORDS[across(name)].values()])
            for name in (f"R2-D2, ResNet-12, {MM}", "R2-D2, ResNet-12")
        )
        own_split = "split" in DOMAINS[place]
        assert rows[label]["ours, R2-D2 + MM"] == shown_mean(more, own_split) + "%"
        assert rows[label]["ours, R2-D2 + MM difference"] == shown_mean(more - less, own_split, "+")
    assert "over seeds, and over episodes of data sets that come with splits" in shown.note


def test_rows_that_need_validation_classes_stay_empty_without_them() -> None:
    records = {name: one for name, one in RECORDS.items() if "train+val" not in name}
    shown = training_table("6.6", results(records, validation=False))
    ours = [index for index, column in enumerate(shown.columns) if column.startswith("ours")]
    assert [any(row[index] for index in ours) for row in shown.rows] == [True] * 4 + [False] * 2
    assert "no validation classes" in shown.note
    assert not [name for name in wanted(["6.6"], validation=False, domains=0) if "train+val" in name]


def test_table_6_9_shows_times_of_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"step_ms": 20.0, "epoch_s": 2.5, "total_h": 0.125, "to_baseline": 1.75}
    rows = [f"{name}, {backbone}" for name in PUBLISHED["6.9"].names for backbone in ("CNN-4", "ResNet-12")]
    monkeypatch.setattr(tables, "augmentation_times", lambda *_: dict.fromkeys(rows, times))
    with Progress(quiet=True) as progress:
        found = measure_tables(["6.9"], ALONE, TINY, [0], tmp_path, progress)
    shown = training_table("6.9", found)
    assert [", ".join(row[:2]) for row in shown.rows] == rows
    assert shown.rows[5] == ("R2-D2 + MM", "ResNet-12", "8.2", "0.125", "2.56", "1.75", "2.50")
    assert shown.note.endswith("augmentation, few, split 0, medians of steps that took turns.")


def test_pools_are_shown_by_entry() -> None:
    shown = training_table("pools6", results(RECORDS))
    assert [row[0] for row in shown.rows] == ["single"] * 4 + ["medium"] * 6 + ["large"] * 10
    assert shown.rows[0][2] == "25.0"
    assert shown.note.endswith("CIFAR-FS, 2 seeds, means over seeds.")


def test_claims_are_decided_by_paired_differences() -> None:
    found = results(RECORDS)["claims"]
    assert len({(one["table"], one["claim"]) for one in found}) == len(found)
    claims = {one["claim"]: one for one in found}
    da = accuracies(trained_with(CNN4, DA), 1) - accuracies(CNN4, 1)
    assert claims["DA beats the baseline, 1-shot"]["difference"] == pytest.approx(da.mean())
    pools = accuracies(f"{CNN4}, support pool 5", 5) - accuracies(f"{CNN4}, query pool 5", 5)
    assert claims["a support pool of 5 beats a query pool of 5, 5-shot"]["difference"] == pytest.approx(pools.mean())
    domains = [
        np.array([[each["accuracies"] for each in one["evaluations"][1:]] for one in RECORDS[across(name)].values()])
        for name in (f"MetaOptNet, ResNet-12, {MM}", "MetaOptNet, ResNet-12")
    ]
    average = claims["MetaOptNet + MM beats MetaOptNet on average over domains"]
    assert average["difference"] == pytest.approx(100 * (domains[0] - domains[1]).mean())
    assert not any(DOMAINS[0].split(",")[0] in claim for claim in claims)
    on_omniglot = -100 * (domains[0] - domains[1])[:, 0].mean()
    assert claims["MetaOptNet beats MetaOptNet + MM on Omniglot"]["difference"] == pytest.approx(on_omniglot)
    shown = training_table("claims6", results(RECORDS, splits_by_seed=True))
    assert shown.title == "Claims of chapter 6"
    assert shown.columns[0] == "section"
    assert shown.note.endswith("2 seeds with a class split each, mean and 1 SE over seeds.")


def test_claims_about_domains_need_domains() -> None:
    assert [name for name in wanted(["claims6"], validation=True, domains=1) if "across" in name]
    assert not [name for name in wanted(["claims6"], validation=True, domains=0) if "across" in name]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Records]:
    out = tmp_path_factory.mktemp("tables")
    flipped = varied("MCT, ResNet-12", "ensemble, flip shots")
    names = [CNN4, trained_with(CNN4, MM), flipped, across(CNN4)]
    with Progress(quiet=True) as progress:
        found = measure_networks(names, DATA, TINY, [0], out, progress, AUGMENTED_NETWORKS, {0: (DATA,)})
    return out, found


@pytest.mark.parametrize(
    ("name", "network", "variant"),
    [
        (CNN4, CNN4, Variant()),
        (varied("MCT, ResNet-12", "ensemble, flip shots"), "MCT, ResNet-12", Variant(ensemble=True, flip_shots=True)),
    ],
)
def test_records_equal_evaluations_of_the_runs(
    name: str, network: str, variant: Variant, trained: tuple[Path, Records]
) -> None:
    out, records = trained
    run = load_run(run_folder(network, 0, out))
    for one in records[name][0]["evaluations"]:
        test = EpisodeTest(way=3, shots=(one["shot"],), query=one["query"], episodes=20, variants=(variant, variant))
        with Progress(quiet=True) as progress:
            (expected,) = evaluate_run(run, DATA, test, None, progress)
        assert one["accuracies"] == expected["accuracies"]
        assert one["episode_digest"] == expected["episode_digest"]


def test_records_have_curves_and_what_meta_maxup_did(trained: tuple[Path, Records]) -> None:
    _, records = trained
    record = records[trained_with(CNN4, MM)][0]
    assert record["curve"]["split"] == "test"
    assert record["curve"]["epochs"] == [1, 2]
    for kind in ("training", "held_out"):
        assert len(record["curve"][kind]) == 2
        assert all(0 < one < 1 for one in record["curve"][kind])
    assert len(record["pool"]) == 6
    assert sum(one["drawn"] for one in record["pool"].values()) == pytest.approx(1)
    assert sum(one["chosen"] for one in record["pool"].values()) == pytest.approx(1)
    assert records[CNN4][0]["pool"] == {}
    (domain,) = records[across(CNN4)][0]["evaluations"]
    assert (domain["way"], domain["shot"], len(domain["accuracies"])) == (4, 5, 1000)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((12,) * 5, "R2-D2, ResNet-12, 13 tasks: task_pool is 13; allowed are 2 to 10 tasks of 3 of 5 classes"),
        (
            (4,) + (12,) * 5,
            "support_pool and query_pool take 5 images of each class; class train0 has 4",
        ),
    ],
)
def test_too_few_training_classes_or_images_are_refused_before_anything_is_trained(
    counts: tuple[int, ...], message: str, tmp_path: Path
) -> None:
    data = FewShotData("few", {"train": random_classes("train", counts, size=16), "test": DATA.split("test")})
    sets = Sets({0: data}, {0: data}, {}, 0, "few")
    with Progress(quiet=True) as progress, pytest.raises(ValueError, match=message):
        measure_tables(["6.1", "6.10"], sets, TINY, [0], tmp_path, progress)
    assert not list(tmp_path.iterdir())


TWO = (CNN4, trained_with(CNN4, MM))


def measure_two(out: Path) -> dict[str, Any]:
    """Table 6.5 of two networks alone."""
    scale = replace(TINY, common=TINY.common | {"batches": 4, "epochs": 3})
    with pytest.MonkeyPatch.context() as patched, Progress(quiet=True) as progress:
        patched.setattr(tables, "TRAINING_TABLES", {**TRAINING_TABLES, "6.5": TWO})
        return measure_tables(["6.5"], ALONE, scale, [0], out, progress, command="wrapmac table")


@pytest.mark.slow
def test_tables_that_are_killed_three_times_end_with_the_same_numbers(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    for sought in STAGES:
        measure_until(measure_two, broken, sought)
    found, expected = measure_two(broken), measure_two(tmp_path / "unbroken")
    for kind in ("networks", "accuracies", "differences"):
        assert found[kind] == expected[kind]
