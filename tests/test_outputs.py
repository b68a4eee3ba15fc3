"""Outputs: what is no regular file stays, no file overwrites another, and all is checked before the work."""

import json
import os
from pathlib import Path

import pytest

from reports.commands.methods.wrapnet import TrainedWrapNet
from tests.support.commands import Command, assert_refused
from tests.support.liberty import CELLS, NAND
from tests.support.reports import layout_record


def test_a_device_takes_the_results_of_a_command_and_stays(command: Command) -> None:
    reader, writer = os.openpty()
    terminal = Path(os.ttyname(writer))
    finished = command("prove", "1x1x2", "--json", str(terminal))
    assert finished.returncode == 0, finished.stderr
    assert terminal.is_char_device()
    assert b"proved" in os.read(reader, 10000)
    os.close(reader)
    os.close(writer)


def test_a_link_among_the_files_of_a_page_is_followed(tmp_path: Path, command: Command) -> None:
    (tmp_path / "layout.json").write_text(json.dumps(layout_record()))
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").symlink_to(tmp_path / "elsewhere.html")
    finished = command("redraw", "layout.json", "--out", "page")
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "page" / "index.html").is_symlink()
    assert "Table 2.13" in (tmp_path / "elsewhere.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["check", "3x1x8k2", "--layer", "layer.npz", "--json", "layer.npz"],
            "layer.npz is also an input",
        ),
        (["synth", "1x1x2", "--library", "builtin", "osu018", "--json", "a.md"], "a.md and a.md are the same file"),
        (
            ["sweep", "1x1x2", "--out", "o", "--json", "o/../o/sweep.json"],
            "sweep.json are the same file; each output needs its own",
        ),
        (["generate", "1x1x2", "--out", "layer.npz"], "layer.npz is not a folder"),
        (["check", "1x1x2", "--out", "layer.npz/deeper"], "layer.npz is not a folder"),
        (["check", "1x1x2", "--waves", "/dev/null"], "/dev/null is not a folder"),
        (["prove", "1x1x2", "--out", "layer.npz"], "layer.npz is not a folder"),
        (["fpga", "1x1x2", "--out", "layer.npz"], "layer.npz is not a folder"),
        (["prove", "1x1x2", "--out", "new", "--json", "./new"], "new is to be both a file and a folder"),
        (["synth", "1x1x2", "--out", "x" * 300], "File name too long"),
        (["synth", "1x1x2", "--out", "o", "--json", "o/1x1x2/netlist.v"], "netlist.v are the same file"),
        (["figure", "2.1", "--out", "layer.npz"], "layer.npz is not a folder"),
        (["train", "wrapnet", "--out", "layer.npz"], "layer.npz is not a folder"),
        (["mutants", "1x1x2", "--json", "layer.npz/mutants.json"], "layer.npz is not a folder"),
        (["bench", "gemm", "--json", ".."], ".. is a folder; a file is to be written there"),
        (["bench", "training", "--json", "x" * 256], "File name too long"),
    ],
)
def test_outputs_that_cannot_be_written_are_refused_before_the_work(
    arguments: list[str], message: str, tmp_path: Path, layer_file: Path, command: Command
) -> None:
    assert_refused(command(*arguments), message, tmp_path, left=[layer_file])


@pytest.mark.parametrize("onnx", ["./a.npz", "link.npz", "hard.npz"])
def test_an_export_to_one_file_twice_is_refused(onnx: str, tmp_path: Path, command: Command, exported: None) -> None:
    (tmp_path / "link.npz").symlink_to("a.npz")
    if onnx == "hard.npz":
        (tmp_path / "a.npz").touch()
        (tmp_path / "hard.npz").hardlink_to(tmp_path / "a.npz")
    finished = command("export", "run", "--out", "a.npz", "--onnx", onnx)
    assert finished.returncode == 2
    assert f"a.npz and {onnx.removeprefix('./')} are the same file; each output needs its own" in finished.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "run", "--out", "run/result.json"],
        ["export", "run", "--out", "n.npz", "--onnx", "run/model.safetensors"],
        ["evaluate", "run", "--json", "run/config.json"],
    ],
)
def test_a_run_is_not_overwritten_by_what_is_made_from_it(
    arguments: list[str], tmp_path: Path, command: Command, exported: None
) -> None:
    finished = command(*arguments)
    assert finished.returncode == 2
    assert f"{arguments[-1]} is also an input; choose another output" in finished.stderr
    assert not (tmp_path / "n.npz").exists()


@pytest.mark.parametrize("command_line", [["synth", "1x1x2", "--json"], ["mutants", "1x1x2", "--json"]], ids=str)
@pytest.mark.parametrize("library", ["a.lib,b.lib", "L"])
def test_a_file_of_a_library_is_not_overwritten(
    command_line: list[str], library: str, tmp_path: Path, command: Command
) -> None:
    cells = f"library (x) {{ {CELLS} }}", f"library (x) {{ {NAND.replace('NAND', 'MORE')} }}"
    (tmp_path / "L").mkdir()
    for folder in (tmp_path, tmp_path / "L"):
        for name, text in zip(("a.lib", "b.lib"), cells, strict=True):
            (folder / name).write_text(text)
    output = "L/b.lib" if library == "L" else "./b.lib"
    finished = command(*command_line, output, "--library", library)
    assert finished.returncode == 2
    assert f"{Path(output)} is also an input" in finished.stderr
    assert (tmp_path / output).read_text() == cells[1]


def test_a_file_of_a_data_set_is_not_overwritten(tmp_path: Path, command: Command, exported: None) -> None:
    picture = tmp_path / "data" / "train" / "c" / "0.png"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    (tmp_path / "link").symlink_to("data/train")
    for output in ("data/train/c/0.png", "link/c/0.png"):
        finished = command("evaluate", "run", "--dataset", "cifar10", "--data", "data", "--json", output)
        assert finished.returncode == 2
        assert f"{output} is also an input" in finished.stderr
    assert picture.read_bytes() == b"a picture"


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a run of wrapnet, which is not read."""
    (tmp_path / "run").mkdir()
    for name in ("config.json", "result.json", "model.safetensors", "metrics.jsonl"):
        (tmp_path / "run" / name).write_text("{}")
    monkeypatch.setattr("reports.commands.methods.registry.load_trained", lambda _: TrainedWrapNet(None))


@pytest.mark.slow
def test_links_among_netlists_are_followed_and_stay(tmp_path: Path, command: Command) -> None:
    (tmp_path / "o" / "1x1x2").mkdir(parents=True)
    link = tmp_path / "o" / "1x1x2" / "netlist.v"
    link.symlink_to(tmp_path / "elsewhere.v")
    finished = command("synth", "1x1x2", "--out", "o")
    assert finished.returncode == 0, finished.stderr
    assert link.is_symlink()
    assert "module mac_1x1x2" in (tmp_path / "elsewhere.v").read_text()


def test_a_design_named_twice_is_generated_once(tmp_path: Path, command: Command) -> None:
    widths = ["--activation-bits", "3", "--weight-bits", "1", "--accumulator-bits", "8", "--slope", "2"]
    finished = command("generate", "3x1x8k2", *widths, "--out", "v")
    assert finished.returncode == 0, finished.stderr
    assert [path.name for path in (tmp_path / "v").iterdir()] == ["3x1x8k2.v"]
