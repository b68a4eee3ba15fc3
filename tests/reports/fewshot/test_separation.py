"""`wrapmac measure`: what it prints and writes."""

import json
from pathlib import Path
from typing import Any

import pytest

from models.fewshot.config import FewShotConfig
from models.fewshot.readers.registry import read_source
from models.fewshot.run import run_few_shot
from models.fewshot.sources import FewShotSource
from models.progress import Progress
from reports.fewshot.separation import likeness_lines, separation_table
from tests.support.commands import Command, assert_refused


def of_run(run: str, **more: Any) -> dict[str, Any]:
    described = {"run": run, "learner": "ridge", "encoder": "4x32", "dimensions": 1600, "batch_norm": "running"}
    figure = {"mean": 1.5, "standard_error": 0.25}
    return {
        **described,
        "seen_classes": 0,
        "feature_clustering": figure,
        "hyperplane_variation": figure,
        "isotropic_hyperplane_variation": 1.0909,
        **more,
    }


def record(*runs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"data": "shapes", "split": "val", "classes": 16, "pairs": 10_000, "seed": 3, "runs": runs, **more}


COMPARED = record(
    of_run("a"),
    of_run("b", seen_classes=2),
    difference={name: {"mean": -0.5, "standard_error": 0.1} for name in ("feature_clustering", "hyperplane_variation")},
    alignment={"unbiased": 0.7, "biased": 0.8},
    filter_distance=2.5,
)


def test_a_run_has_a_column_and_no_lines() -> None:
    printed = {
        "printed_hyperplane_variation": {"mean": 0.5, "standard_error": 0.01},
        "printed_feature_clustering": 65.0,
    }
    table = separation_table(record(of_run("a", **printed)))
    assert table.title == "Class separation in val of shapes"
    assert table.columns == ("measure", "a")
    assert dict(table.rows) == {
        "R_FC": "1.5000 ± 0.2500",
        "R_HV": "1.5000 ± 0.2500",
        "4 R_FC / (4 + R_FC)": "1.0909",
        "R_HV as printed": "0.5000 ± 0.0100",
        "R_FC as printed, all classes at once": "65.0000",
    }
    assert "10,000 random pairs of 16 classes" in table.note
    assert "a: ridge, 4x32, 1,600 dimensions, batch norm: running." in table.note
    assert likeness_lines(record(of_run("a"))) == []


def test_two_runs_have_a_paired_difference_and_lines_on_their_likeness() -> None:
    table = separation_table(COMPARED)
    assert table.columns == ("measure", "a", "b", "difference")
    assert table.rows[0] == ("R_FC", "1.5000 ± 0.2500", "1.5000 ± 0.2500", "-0.5000 ± 0.1000")
    assert table.rows[2] == ("4 R_FC / (4 + R_FC)", "1.0909", "1.0909", "")
    assert "trained on 2 of these classes" in table.note
    assert likeness_lines(COMPARED) == [
        "CKA of a and b: 0.7000 (unbiased), 0.8000 (biased)",
        "filter-normalised distance of the encoders: 2.5 filters of a",
    ]
    assert "differ in shape" in likeness_lines(COMPARED | {"filter_distance": None})[1]


SOURCE = FewShotSource(images=7)
OPTIONS = ("--images", "7", "--pairs", "50")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few") / "run"
    small = {"encoder": "4x32", "width": 2, "tasks": 1, "batches": 1, "epochs": 1}
    config = FewShotConfig(**small, query=1, validation_episodes=0, test_episodes=2)  # type: ignore[arg-type]
    run_few_shot(config, read_source(SOURCE), folder, Progress(quiet=True))
    return folder


def test_the_command_prints_and_writes_what_it_measured(trained: Path, tmp_path: Path, command: Command) -> None:
    finished = command("measure", str(trained), str(trained), *OPTIONS, "--split", "train", "--json", "measures.json")
    assert finished.returncode == 0, finished.stderr
    written = json.loads((tmp_path / "measures.json").read_text())
    assert written["split"] == "train"
    assert [run["seen_classes"] for run in written["runs"]] == [64, 64]
    assert written["runs"][0] == written["runs"][1]
    assert f"{written['runs'][0]['feature_clustering']['mean']:.4f}" in finished.stdout
    assert "trained on 64 of these classes" in finished.stdout
    assert "1.0000 (unbiased)" in finished.stdout


def test_the_command_draws_the_plane_of_three_classes(trained: Path, tmp_path: Path, command: Command) -> None:
    finished = command("measure", str(trained), *OPTIONS, "--plane", "plane.png")
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "plane.png").read_bytes().startswith(b"\x89PNG")
    finished = command("measure", str(trained), *OPTIONS, "--plane", "same", "--json", "same")
    assert finished.returncode == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pairs", "1"], "pairs is 1; allowed are the integers 2 to "),
        (["--seed", "-1"], "seed is -1"),
        (["--data", "nowhere", "--dataset", "folders"], "nowhere"),
        (["--json", "."], ". is a folder"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    options: list[str], message: str, trained: Path, tmp_path: Path, command: Command
) -> None:
    finished = command("measure", str(trained), "--images", "7", *options)
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1].startswith("wrapmac: error: ")
    assert message in finished.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_run_and_a_run_of_another_method_are_refused(
    trained: Path, tmp_path: Path, command: Command
) -> None:
    assert_refused(command("measure", "nowhere"), "nowhere does not hold a run: config.json is missing", tmp_path)
    (tmp_path / "other").mkdir()
    config = tmp_path / "other" / "config.json"
    config.write_text(json.dumps({"method": "wrapnet"}))
    message = "other holds a run of method 'wrapnet'; measures are of fewshot runs"
    assert_refused(command("measure", str(trained), "other"), message, tmp_path, [config])


def test_a_file_of_the_run_is_not_overwritten(trained: Path, command: Command) -> None:
    finished = command("measure", str(trained), "--json", str(trained / "result.json"))
    assert finished.returncode == 2
    assert "is also an input; choose another output" in finished.stderr
