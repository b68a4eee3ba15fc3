"""The tables of chapter 3 show what was measured beside what was published; killed measurements resume."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from models.progress import Progress
from reports.federated.experiments import Records, Study
from reports.federated.learners import LEARNERS, parts_of
from reports.federated.plans import ROWS, TRAINING_TABLES
from reports.federated.results import difference, error_rates, moved_over_seeds, over_seeds
from reports.federated.scales import FEDERATED_SCALES, Scale, libri_speech, rows_of_words
from reports.federated.tables import measure_tables, training_table
from tests.support.commands import Command, assert_refused
from tests.support.interrupted import STAGES, measure_until
from tests.support.libri_speech import write_chapter

SHORT: dict[str, Any] = {"bands": 8, "rounds": 2, "clients_per_round": 2, "client_batch": 2, "evaluate_every": 2}
TINY = Scale(
    name="tiny",
    read=partial(rows_of_words, rows=60, held_out=4),  # enough to have every word
    clients=("iid", "speaker"),
    pretraining=SHORT,
    federated=SHORT,
    averaging={"client_batch": 1, "local_steps": 2},
    central={},
    note="Tiny.",
)
NUMBERS = ["3.3"]


def measured(out: Path) -> dict[str, Any]:
    """Table 3.3 at a scale of seconds."""
    with Progress(quiet=True) as progress:
        return measure_tables(NUMBERS, Study(TINY.read(None), TINY), (0,), out, progress, command="test")


def record(seed: int, wrong: list[int], **last: float) -> dict[str, Any]:
    return {"run": {"seed": seed, "last": last}, "heard": {"": {"wrong": wrong, "said": [2, 3, 5]}}}


RECORDS: Records = {
    "FedAVG float32, IID": {0: record(0, [0, 0, 1]), 1: record(1, [0, 1, 1])},
    "FedAVG int8, IID": {0: record(0, [1, 0, 1], moved=0.25), 1: record(1, [1, 1, 1], moved=0.75)},
}


def test_the_word_error_rate_is_that_of_all_words() -> None:
    assert error_rates(RECORDS["FedAVG int8, IID"][0]["heard"][""]).mean().item() == pytest.approx(20)
    figures = over_seeds(RECORDS)
    assert figures["FedAVG float32, IID"][""]["mean"] == pytest.approx(15)
    assert figures["FedAVG int8, IID"][""]["mean"] == pytest.approx(25)
    found = difference(RECORDS, "FedAVG int8, IID", "FedAVG float32, IID")[""]
    assert found["mean"] == pytest.approx(10)
    each = 100 * (torch.tensor([1.0, 0.0, 0.0]) - 0.1 * torch.tensor([2, 3, 5])) * 3 / 10  # with either seed
    assert found["standard_error"] == pytest.approx(each.std().item() / 3**0.5)
    assert moved_over_seeds(RECORDS) == {"FedAVG int8, IID": {"mean": 50, "standard_error": pytest.approx(25)}}


def test_every_row_has_a_recogniser_and_every_recogniser_a_row() -> None:
    assert {name for rows in ROWS.values() for name in rows.values()} == set(LEARNERS)
    for names in TRAINING_TABLES.values():
        for name in names:
            assert TINY.configured(LEARNERS[parts_of(name)[0]], 3).seed == 3


@pytest.mark.slow
def test_a_killed_measurement_resumes_with_the_same_numbers(tmp_path: Path) -> None:
    """Runs that are killed within are tested by themselves."""
    expected = json.loads(json.dumps(measured(tmp_path / "whole")))
    measure_until(measured, tmp_path / "killed", STAGES[1])
    found = measured(tmp_path / "killed")
    for name in ("figures", "moved", "differences", "details", "data"):
        assert json.loads(json.dumps(found[name])) == expected[name]
    table = training_table("3.3", found)
    assert [row[0] for row in table.rows] == ["float32", "QAT", "FedAQT"]
    assert table.columns[-1] == "ours, by speaker, difference"
    assert table.rows[0][-1] == "-"
    assert table.rows[1][1] == "2.0"
    assert "scale tiny, 1 seed" in table.note


@pytest.mark.slow
def test_recognisers_of_libri_speech_are_measured_on_each_of_its_held_out_parts(tmp_path: Path) -> None:
    parts = (
        "train-clean-100",
        "train-clean-360",
        "train-other-500",
        "test-clean",
        "test-other",
        "dev-clean",
        "dev-other",
    )
    for speaker, part in enumerate(parts, 10):
        write_chapter(tmp_path / "LibriSpeech" / part, str(speaker), "1")
    pieces = SHORT | {"tokens": "pieces", "pieces": 24}
    scale = replace(TINY, read=libri_speech, clients=("iid",), pretraining=pieces, federated=pieces)
    with Progress(quiet=True) as progress:
        study = Study(scale.read(tmp_path), scale)
        found = measure_tables(["3.1"], study, (0,), tmp_path / "out", progress, command="test")
    table = training_table("3.1", found)
    assert table.columns[:3] == ("bit-width", "published, test-clean (WER, %)", "ours, test-clean (WER, %)")
    assert table.columns[-4:] == tuple(f"ours, {part}, difference" for part in parts[3:])
    assert table.rows[0][-1] == "-"
    assert float(table.rows[1][2].split(" ")[0]) > 0
    assert "9 utterances, 12 held out" in table.note


def test_the_scale_of_the_dissertation_has_its_rounds() -> None:
    paper = FEDERATED_SCALES["paper"]
    for learner in LEARNERS.values():
        settings = paper.configured(learner, 0)
        assert (settings.size, settings.rounds, settings.clients_per_round) == ("L", 6000, 128)
        assert settings.client_batch == (10 if settings.algorithm == "central" else 2)
    assert paper.configured(LEARNERS["FedAVG int8"], 0).used_utterances == 10
    paper.pretrained(0)


def test_data_that_a_scale_lacks_are_named(command: Command, tmp_path: Path) -> None:
    assert_refused(command("table", "3.1", "--scale", "paper"), "--scale paper needs --data", tmp_path)
    refused = command("table", "3.1", "--scale", "paper", "--data", str(tmp_path))
    assert_refused(refused, "no such folder with LibriSpeech's part test-clean", tmp_path)
    refused = command("table", "3.1", "--data", "nowhere")
    assert_refused(refused, "nowhere: no such folder or archive with spoken digits", tmp_path)
