"""The command line as a user meets it: help, results, one-line errors with exit code 2."""

import json
import os
import shlex
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import reports.commands
from hw.tools import ToolError
from models.data.digits import digits
from models.integer_network.evaluator import IntegerEvaluator
from models.integer_network.graph import IntegerGraph
from reports.cells import technology
from reports.commands.check import writable_format
from reports.commands.methods.registry import METHODS
from reports.records.provenance import typed_command
from sim import waves
from tests.support.commands import Command, assert_refused, wrapmac
from tests.support.images import write_batches
from tests.support.liberty import BUS_NAND, CELLS, FLIP_FLOP, INVERTER, NAND, RAM
from tests.support.reports import layout_record
from tests.support.technology import small_technology
from wrapmac import COMMANDS


@pytest.mark.parametrize(
    "name",
    [
        "flow",
        "generate",
        "check",
        "synth",
        "prove",
        "layout",
        "fpga",
        "redraw",
        "train wrapnet",
        "table",
        "export",
        "embed",
    ],
)
def test_help_says_what_each_option_does(name: str, command: Command) -> None:
    finished = command(*name.split(), "--help")
    assert finished.returncode == 0
    assert "default:" in finished.stdout
    assert "--out " in finished.stdout


def test_every_module_of_a_command_is_listed_with_the_first_line_of_its_help() -> None:
    modules = {path.stem for path in Path(reports.commands.__file__).parent.glob("*.py")}
    assert modules - {"__init__", "options", "output"} == set(COMMANDS)
    for name, description in COMMANDS.items():
        function = getattr(import_module(f"reports.commands.{name}"), name)
        assert " ".join(function.__doc__.split("\n\n")[0].split()) == description


def test_every_method_is_listed(command: Command) -> None:
    finished = command("train", "--help")
    assert finished.returncode == 0
    assert all(f" • {name} " in finished.stdout for name in METHODS)


WITHOUT_TORCH = """
import sys
from wrapmac import COMMANDS, main
try:
    main()
except SystemExit as ended:
    heavy = {"torch", "matplotlib", "amaranth", "sklearn", "cocotb_tools"} & set(sys.modules)
    print(ended.code, *sorted(heavy), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--help", 0),
        ("", 2),
        ("nosuch", 2),
        ("generate --help", 0),
        ("generate", 2),
        ("generate 9x9", 2),
        ("generate --depth 3", 2),
        ("figure", 2),
        ("figure 9.9", 2),
        ("redraw none.json", 2),
        ("layout nonsense", 2),
        ("bench", 2),
        ("bench gemm --help", 0),
        ("bench episodes --help", 0),
        ("bench augment --help", 0),
        ("table --help", 0),
        ("evaluate --help", 0),
        ("measure --help", 0),
        ("models --help", 0),
        ("export", 2),
        ("embed --help", 0),
        ("classify --help", 0),
        ("classify", 2),
        ("flow --help", 0),
        ("train --help", 0),
        ("train nosuch", 2),
        ("train wrapnet --help", 0),
        ("train wrapnet --width many", 2),
        ("sweep --help", 0),
        ("sweep 3x1x8k2 --workers 0", 2),
    ],
)
def test_help_and_bad_usage_import_no_heavy_library(arguments: str, code: int, tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, *arguments.split()], cwd=tmp_path, capture_output=True, text=True
    )
    assert finished.stderr.splitlines()[-1] == str(code), finished.stderr


@pytest.mark.parametrize("streams", [">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
@pytest.mark.parametrize(("arguments", "code"), [("--help", 0), ("nosuch", 2), ("generate 9x9", 2)])
def test_streams_that_are_closed_or_full_give_no_traceback(
    streams: str, arguments: str, code: int, tmp_path: Path
) -> None:
    line = f"{shlex.quote(sys.executable)} -m wrapmac {arguments} {streams}"
    finished = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    assert finished.returncode == (2 if streams == ">/dev/full" else code)
    assert "Traceback" not in finished.stdout + finished.stderr
    assert "Exception ignored" not in finished.stderr


def test_an_unset_path_is_no_error(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PATH"}
    command = [sys.executable, "-m", "wrapmac", "generate", "2x1x4k1", "--out", "v"]
    finished = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--help", 0),
        ("figure 2.1 --out 日本", 0),
        ("table 3.2", 0),
        ("generate 1x1x2 --out 日本", 0),
        ("redraw 日本", 2),
    ],
)
def test_characters_that_the_terminal_does_not_know_are_replaced(arguments: str, code: int, tmp_path: Path) -> None:
    finished = wrapmac(*arguments.split(), cwd=tmp_path, env=ASCII)
    assert finished.returncode == code, finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stderr.isascii()
    assert finished.stdout.isascii()
    if code == 0 and "日本" in arguments:
        assert len(list((tmp_path / "日本").iterdir())) > 0


def test_the_command_in_a_record_is_text_whatever_bytes_were_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["wrapmac", "figure", os.fsdecode("日\n".encode() + b"\xff")])
    assert typed_command() == "wrapmac figure '日\n\ufffd'"


def test_an_error_stays_on_one_line_whatever_names_hold(command: Command) -> None:
    finished = command("redraw", "two\nlines\x1b[31m")
    assert finished.stderr == "wrapmac: error: two lines [31m: no such file\n"


@pytest.mark.slow
def test_units_are_checked_in_a_folder_that_make_cannot_read(tmp_path: Path) -> None:
    folder = tmp_path / "sp ace" / "日本$(x)"
    folder.mkdir(parents=True)
    finished = wrapmac("check", "1x1x2k1", "--waves", "waves", "--wave-format", "vcd", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    assert (folder / "waves" / "1x1x2k1.vcd").stat().st_size > 1000
    left = sorted(path.name for path in (folder / "build" / "check" / "1x1x2k1").iterdir())
    assert left == ["simulator.log", "unit.v"]


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["generate", "9x9"], "ValueError: unknown design '9x9'"),
        (["prove", "3x1x32", "--json", "."], "IsADirectoryError: "),
    ],
)
def test_a_variable_shows_where_an_error_came_from(
    arguments: list[str], kind: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRAPMAC_TRACEBACK", "1")
    finished = command(*arguments)
    assert finished.returncode == 2
    assert finished.stderr.startswith("Traceback (most recent call last):")
    assert kind in finished.stderr
    assert finished.stderr.splitlines()[-1].startswith("wrapmac: error: ")


def test_a_variable_shows_where_a_failing_tool_was_run(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ToolError("a tool failed")

    monkeypatch.setattr("hw.mac.verilog.mac_verilog", fail)
    monkeypatch.setenv("WRAPMAC_TRACEBACK", "1")
    finished = command("generate", "8x8x32")
    assert finished.returncode == 2
    assert "in fail" in finished.stderr
    assert finished.stderr.splitlines()[-1] == "wrapmac: error: a tool failed"


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--help"], []),
        (["generate", "2x1x4k1", "--out", "v"], ["v/2x1x4k1.v"]),
        (["synth", "2x1x4k1", "--json", "made.json"], ["made.json"]),
    ],
    ids=["help", "text", "table"],
)
def test_a_reader_that_has_seen_enough_is_no_error(arguments: list[str], left: list[str], tmp_path: Path) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "wrapmac", *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdout is not None
    command.stdout.close()
    _, complaints = command.communicate()
    assert command.returncode == 128 + signal.SIGPIPE
    assert not [
        line for line in complaints.splitlines() if not line.startswith((b"generating: ", b"mapping and proving: "))
    ]
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == left


def test_generate_by_name_and_by_parameters(tmp_path: Path, command: Command) -> None:
    assert command("generate", "all", "--out", "v").returncode == 0
    parameters = ["--activation-bits", "4", "--weight-bits", "2", "--accumulator-bits", "12", "--slope", "4"]
    assert command("generate", *parameters, "--out", "v").returncode == 0
    names = sorted(path.name for path in (tmp_path / "v").iterdir())
    assert names == ["3x1x32.v", "3x1x8k2.v", "3x1x8k4.v", "4x2x12k4.v", "8x8x32.v", "8x8x8k2.v", "8x8x8k4.v"]
    assert "module mac_4x2x12k4(" in (tmp_path / "v" / "4x2x12k4.v").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "9x9"], "unknown design '9x9'"),
        (["generate", "0x8x8"], "activation_bits is 0; allowed are the integers 1 to 16"),
        (["layout"], "name at least one design"),
        (["layout", "8x8"], "unknown design '8x8'"),
        (["layout", "3x1x8k2", "--seed", "-1"], "seed is -1"),
        pytest.param(
            ["layout", "3x1x8k2", "--technology", "osu999"], "no technology 'osu999'", marks=pytest.mark.debian
        ),
        (["fpga", "3x1x8k2", "--device", "ice40-hx9k"], "unknown device 'ice40-hx9k'; known are ice40-hx1k, "),
        (["fpga", "3x1x8k2", "--seeds", "0"], "seeds is 0; allowed is an integer of at least 1"),
        (["fpga"], "name at least one design"),
        (["generate", "8x8x8k0"], "slope is 0; allowed is an integer of at least 1"),
        (["generate", "8x8x3k9"], "slope 9 needs an accumulator of at least 5 bits, not 3"),
        (["generate"], "name a design, or give --activation-bits"),
        (["generate", "--activation-bits", "4"], "missing: --weight-bits, --accumulator-bits"),
        (
            ["generate", "--activation-bits", "4", "--weight-bits", "2", "--accumulator-bits", "8", "--slope", "-1"],
            "-1",
        ),
        (["check"], "name at least one design"),
        (["check", "3x1x8k2", "--layer", "none.npz"], "none.npz: no such file"),
        (["redraw", "none.json"], "none.json: no such file"),
        (["redraw", __file__, "--out", "page"], "test_command_line.py is not JSON"),
        (["prove", "3x1x32", "--limit", "inf"], "limit is inf; allowed are more than 0 seconds, up to 1e+07"),
        (["synth", "3x1x8k2", "--proof-limit", "-1"], "limit is -1.0; allowed are more than 0 seconds"),
        (["fpga", "3x1x8k2-frugal"], "3x1x8k2-frugal has logic at its ports, whose delay is not measured on FPGAs"),
        (["prove", "3x1x32", "--json", "."], ". is a folder; a file is to be written there"),
        (["prove", "3x1x32", "--json", "/proc/made.json"], "/proc cannot be written: "),
        (["sweep", "3x1x8k2", "--workers", "0"], "workers is 0; allowed is an integer of at least 1"),
        pytest.param(
            ["layout", "3x1x8k2", "--sweep", "none"],
            "none holds no plots (SVG files) of a sweep",
            marks=pytest.mark.debian,
        ),
        (["synth", "3x1x8k2", "--library", "none.lib"], "none.lib: no such file"),
        (["synth", "3x1x8k2", "--library", "builtin", "none.lib"], "none.lib: no such file"),
        (["synth", "3x1x8k2", "--dont-use", "a; log hi"], "dont_use is 'a; log hi'; allowed are letters, digits, _"),
        (["synth", "3x1x8k2", "--dont-use", "*"], "dont_use leaves no cell of builtin: *"),
        (["synth", "nonsense"], "unknown design 'nonsense'"),
        (["prove"], "name at least one design"),
        (["prove", "3x1x32", "--limit", "0"], "limit is 0.0; allowed are more than 0 seconds"),
        (["flow", "--library", "none.lib"], "none.lib: no such file"),
        (["check", "3x1x8k2", "--seed", "99999999999999"], "seed is 99999999999999; allowed are the integers 0 to"),
        (["flow", "--seed", "-1"], "seed is -1; allowed are the integers 0 to 4294967295"),
        (["train", "wrapnet", "--dataset", "cifar10"], "--dataset cifar10 needs --data"),
        (["train", "wrapnet", "--dataset", "cifar10", "--data", "none"], "none: no such folder or archive"),
        (["train", "wrapnet", "--accumulator-bits", "1"], "accumulator_bits is 1; allowed are the integers 2 to 32"),
        (["generate", "8x8x32", "--out", "/dev/null/x"], "/dev/null"),
        (["flow", "--out", "/dev/null/x"], "/dev/null"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, command: Command
) -> None:
    assert_refused(command(*arguments), message, tmp_path)


def test_a_page_of_layouts_is_drawn_again_from_its_record(tmp_path: Path, command: Command) -> None:
    report = layout_record()
    (tmp_path / "layout.json").write_text(json.dumps(report))
    finished = command("redraw", "layout.json")
    assert finished.returncode == 0, finished.stderr
    assert "Table 2.13" in (tmp_path / "index.html").read_text()
    del report["designs"][0]["critical_path"]
    (tmp_path / "older").mkdir()
    (tmp_path / "older" / "layout.json").write_text(json.dumps(report))
    finished = command("redraw", "older/layout.json")
    assert finished.returncode == 2
    assert "older/layout.json is not a record of a flow or layout by this version: it lacks 'crit" in finished.stderr
    assert [path.name for path in (tmp_path / "older").iterdir()] == ["layout.json"]


def changed(**changes: object) -> str:
    return json.dumps(layout_record() | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "record.json is nested too deeply"),
        ('{"a":' * 100_000, "record.json is nested too deeply"),
        ("[]", "record.json holds a list where an object belongs"),
        ("null", "record.json holds a NoneType where an object belongs"),
        ("", "record.json is not JSON: Expecting value"),
        ("{" + "1" * 5000, "record.json is not JSON"),
        ('{"a": ' + "1" * 5000 + "}", "record.json is not JSON: Exceeds the limit"),
        (changed(seed=float("nan")), "record.json is not JSON: NaN is not a finite number"),
        ('{"seed": 1e999}', "record.json is not JSON: 1e999 is not a finite number"),
        ("{}", "record.json is not a record of a flow or layout by this version: it lacks 'designs'"),
        ('{"trained_layer": 1}', "record.json is not a record of a flow or layout by this version: it lacks 'designs'"),
        (changed(designs=1), "record.json is not a record of a flow or layout by this version"),
        (changed(designs=[1]), "record.json is not a record of a flow or layout by this version"),
        (changed(designs="text"), "record.json is not a record of a flow or layout by this version"),
        (changed(tools=None), "record.json is not a record of a flow or layout by this version"),
    ],
    ids=range(15),
)
def test_a_record_of_another_form_gets_one_line(text: str, message: str, tmp_path: Path, command: Command) -> None:
    (tmp_path / "record.json").write_text(text)
    finished = command("redraw", "record.json", "--out", "page")
    (tmp_path / "record.json").unlink()
    assert_refused(finished, message, tmp_path)


@pytest.mark.parametrize("content", [b"", b"text", b"\xff<svg"])
def test_a_plot_that_is_no_drawing_is_named(content: bytes, tmp_path: Path, command: Command) -> None:
    (tmp_path / "layout.json").write_text(json.dumps(layout_record()))
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "area.svg").write_bytes(content)
    finished = command("redraw", "layout.json", "--sweep", "sweep", "--out", "page")
    assert finished.returncode == 2
    assert finished.stderr == "wrapmac: error: sweep/area.svg is not an SVG drawing\n"
    assert not (tmp_path / "page").exists()


def test_waveforms_fall_back_to_vcd_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waves, "_FST_HEADERS", ("no-such-header.h",))
        assert writable_format("verilator", "fst") == "vcd"
        assert (
            "note: waveforms are VCD; for FST, Verilator needs: apt-get install liblz4-dev" in capsys.readouterr().err
        )
        assert writable_format("icarus", "fst") == "fst"
    assert capsys.readouterr().err == ""


@pytest.mark.slow
@pytest.mark.debian
def test_check_writes_waveforms_of_each_unit(tmp_path: Path) -> None:
    arguments = ["check", "3x1x8k2", "2x1x4k1", "--simulator", "icarus", "--waves", "w", "--wave-format", "vcd"]
    finished = wrapmac(*arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert sorted(path.name for path in (tmp_path / "w").iterdir()) == ["2x1x4k1.vcd", "3x1x8k2.vcd"]
    head = (tmp_path / "w" / "2x1x4k1.vcd").read_text()[:4000]
    for port in ("enable", "first", "activation", "weight", "sum", "out"):
        assert f" {port} " in head


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you")])
def test_an_allocation_that_fails_gets_one_line(
    error: Exception, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("hw.mac.verilog.mac_verilog", fail)
    assert_refused(command("generate", "8x8x32"), "this needs more memory than there is", tmp_path)


def test_a_missing_simulator_gets_one_line(tmp_path: Path) -> None:
    finished = wrapmac("check", "3x1x8k2", "--simulator", "icarus", cwd=tmp_path, env={"PATH": "/nowhere"})
    assert_refused(finished, "Icarus Verilog is missing; install it with: apt-get install iverilog", tmp_path)


def test_an_unknown_option_exits_with_2(command: Command) -> None:
    assert command("generate", "8x8x32", "--depth", "3").returncode == 2


def test_a_design_named_twice_runs_once(command: Command) -> None:
    finished = command("generate", "8x8x32", "8x8x32", "all")
    assert finished.stdout.count("8x8x32.v") == 1


def test_a_library_that_cannot_build_a_unit_leaves_nothing(tmp_path: Path, command: Command) -> None:
    library = tmp_path.with_suffix(".lib")
    library.write_text(f"library (tiny) {{ {INVERTER} {FLIP_FLOP} }}")
    finished = command("synth", "3x1x8k2", "--library", str(library), "--out", "nets")
    assert_refused(finished, "which needs at least a buffer", tmp_path)


@pytest.mark.parametrize("arguments", [["synth", "1x1x2"], ["mutants", "1x1x2", "--count", "3"]])
def test_one_line_names_the_cells_that_cannot_be_used(arguments: list[str], tmp_path: Path, command: Command) -> None:
    clockless = FLIP_FLOP.replace("DFF", "DFX").replace('clocked_on : "C";', "")
    cells = f"{CELLS.replace(NAND, BUS_NAND)} {RAM} {clockless}"
    (tmp_path / "foundry,1.lib").write_text(f"/* \xa9 */ library (x) {{ {cells} }}", encoding="latin-1")
    finished = command(*arguments, "--library", "foundry,1.lib")
    assert finished.returncode == 0, finished.stderr
    notes = [line for line in finished.stderr.splitlines() if line.startswith("wrapmac: ")]
    assert notes == [
        "wrapmac: note: foundry,1.lib: 2 of 6 cells cannot be used: RAM (has a bus), DFX (no clocked_on)",
    ]


@pytest.mark.debian
@pytest.mark.parametrize(
    ("arguments", "work"),
    [
        (["layout", "1x1x2", "--out", "out"], "reports.layout.report.layout_report"),
        (["sweep", "1x1x2", "--out", "out", "--cache", "cache"], "reports.sweep.report.sweep_report"),
    ],
)
def test_layouts_and_sweeps_name_the_cells_that_cannot_be_used(
    arguments: list[str], work: str, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise ToolError("stopped before the work")

    folder = small_technology(tmp_path, "osu018")
    library = folder / "small.lib"
    library.write_text(library.read_text().replace("cell (INV)", f"{RAM} cell (INV)"))
    monkeypatch.setattr(technology, "_INSTALLED", tmp_path)
    monkeypatch.setattr(work, stop)
    technology.read_technology.cache_clear()
    finished = command(*arguments)
    technology.read_technology.cache_clear()
    assert finished.returncode == 2
    notes = [line for line in finished.stderr.splitlines() if line.startswith("wrapmac: ")]
    assert notes == [
        "wrapmac: note: OSU 180 nm: 1 of 5 cells cannot be used: RAM (no outline of the rows' height)",
        "wrapmac: error: stopped before the work",
    ]


def test_a_pattern_that_matches_no_cell_gets_a_note(tmp_path: Path, command: Command) -> None:
    finished = command("synth", "1x1x2", "--dont-use", "NO_SUCH_CELL", "FA*", "[XY]?")
    assert finished.returncode == 0, finished.stderr
    assert "wrapmac: note: --dont-use NO_SUCH_CELL [XY]? matches no cell of Nangate" in finished.stderr


@pytest.mark.slow
@pytest.mark.debian
def test_check_prints_and_writes_its_verdict(tmp_path: Path, layer_file: Path) -> None:
    arguments = ["check", "3x1x8k2", "--simulator", "icarus", "--layer", str(layer_file), "--json", "verdict.json"]
    finished = wrapmac(*arguments, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "pass" in finished.stdout
    (verdict,) = json.loads((tmp_path / "verdict.json").read_text())
    assert verdict["name"] == "3x1x8k2"
    assert verdict["mismatches"] == 0
    assert verdict["passed"]


def test_mutants_prints_and_writes_the_fate_of_each(tmp_path: Path, command: Command) -> None:
    finished = command("mutants", "3x1x8k2", "--count", "40", "--json", "mutants.json")
    assert finished.returncode == 0, finished.stderr
    assert "3x1x8k2" in finished.stdout
    (result,) = json.loads((tmp_path / "mutants.json").read_text())
    assert len(result["mutants"]) == 40
    assert result["transitions"] == {"tried": 4096, "wrong": 0, "seconds": result["transitions"]["seconds"]}


def test_mutants_of_gates_that_are_not_proved_end_with_exit_code_1(command: Command) -> None:
    finished = command("mutants", "3x1x8k2", "--count", "5", "--proof-limit", "0.001")
    assert finished.returncode == 1, finished.stderr
    assert "NOT" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["3x1x8k2", "--count", "0"], "count is 0; allowed is an integer of at least 1"),
        (["3x1x8k2", "--seed", "-1"], "seed is -1"),
        (["3x1x8k2", "--library", "none.lib"], "none.lib: no such file"),
    ],
)
def test_mutants_refuses_bad_input(arguments: list[str], message: str, tmp_path: Path, command: Command) -> None:
    assert_refused(command("mutants", *arguments), message, tmp_path)


def test_mutants_names_a_missing_compiler(tmp_path: Path) -> None:
    finished = wrapmac("mutants", "3x1x8k2", cwd=tmp_path, env={"PATH": str(tmp_path)})
    assert_refused(finished, "there is no C compiler: cc is missing", tmp_path)


def test_synth_prints_and_writes_areas(tmp_path: Path, command: Command) -> None:
    finished = command("synth", "3x1x8k2", "3x1x32", "--json", "areas.json")
    assert finished.returncode == 0, finished.stderr
    results = json.loads((tmp_path / "areas.json").read_text())
    assert [result["name"] for result in results] == ["3x1x8k2", "3x1x32"]
    assert all(result["equivalent"] for result in results)
    assert results[0]["area"] < results[1]["area"]


RUN = [
    "train",
    "wrapnet",
    "--width",
    "2",
    "--epochs",
    "1",
    "--accumulator",
    "10",
    "--slope",
    "4",
    "--overflow-rate",
    "2",
]


@pytest.mark.slow
def test_a_trained_network_is_evaluated_and_exported(tmp_path: Path, command: Command) -> None:
    finished = command(*RUN, "--out", "run")
    assert finished.returncode == 0, finished.stderr
    record = json.loads((tmp_path / "run" / "result.json").read_text())
    assert record["accumulator_bits"] == 10
    finished = command("evaluate", "run", "--json", "figures.json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads((tmp_path / "figures.json").read_text()) == record["accuracies"]["wrapnet"]
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config.pop("method") == "wrapnet"
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))  # as older versions wrote it
    finished = command("export", "run", "--out", "network.npz", "--onnx", "network.onnx")
    assert finished.returncode == 0, finished.stderr

    images = digits().normalise(digits().test.images)
    evaluator = IntegerEvaluator(IntegerGraph.load(tmp_path / "network.npz"))
    right = evaluator.logits(images).argmax(1) == digits().test.labels
    assert right.double().mean().item() == record["accuracies"]["wrapnet"]["accuracy"]
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    (logits,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    # The stem is float: where a value lies on the border of two levels, ONNX Runtime may find the other one.
    same = np.abs(logits - evaluator.logits(images).numpy()).max(1) < 1e-4
    assert same.mean() > 0.98

    finished = command("export", "run", "--out", "network.bin")
    assert finished.returncode == 0, finished.stderr
    assert IntegerGraph.load(tmp_path / "network.bin").image_shape == (1, 8, 8)
    write_batches(tmp_path / "cifar")
    finished = command("evaluate", "run", "--dataset", "cifar10", "--data", "cifar")
    assert finished.returncode == 2
    assert finished.stderr.count("network digits takes images of (1, 8, 8) (channels, height, width), not (3, 32,") == 1


@pytest.mark.parametrize("name", ["evaluate", "export"])
def test_a_run_of_an_unknown_method_is_refused(name: str, tmp_path: Path, command: Command) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps({"method": "guesswork"}))
    finished = command(name, "run")
    assert finished.returncode == 2
    known = ", ".join(METHODS)
    assert finished.stderr == f"wrapmac: error: run holds a run of method 'guesswork'; this version knows {known}\n"


def test_bench_training_prints_and_writes_ratios(tmp_path: Path, command: Command) -> None:
    arguments = ["bench", "training", "--width", "2", "--batch", "4", "--steps", "2", "--json", "bench.json"]
    finished = command(*arguments)
    assert finished.returncode == 0, finished.stderr
    rows = json.loads((tmp_path / "bench.json").read_text())["rows"]
    assert next(row for row in rows if row["case"] == "BWN-QA")["ratio_to_bwn_qa"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "wrapnet", "--network", "vgg7"], "network vgg7 takes images of (3, 32, 32)"),
        (["train", "wrapnet", "--dataset", "imagenet"], "--dataset imagenet needs --data"),
        (["train", "wrapnet", "--dataset", "imagenet", "--data", "nowhere"], "nowhere"),
        (
            ["train", "wrapnet", "--accumulator", "3", "--weights", "4"],
            "accumulator_bits is 3: too narrow for products",
        ),
        (["evaluate", "nowhere"], "nowhere does not hold a run: config.json is missing"),
        (["export", "nowhere"], "nowhere does not hold a run: config.json is missing"),
        (["bench", "training", "--network", "lenet"], "network is 'lenet'"),
        (["bench", "training", "--batch", "1"], "batch is 1"),
        (
            ["bench", "training", "--batch", "1000000000"],
            "batch is 1000000000; allowed is an integer of at least 2, up",
        ),
        (["bench", "training", "--steps", f"{10**400}"], "allowed is an integer of at least 1, up to 1048576"),
        (["bench", "training", "--width", "1000000"], "network vgg7 of width 1000000 needs "),
        (["bench", "gemm", "--rounds", f"{10**400}"], "allowed is an integer of at least 1, up to 1048576"),
        (["train", "wrapnet", "--width", "1000000000"], "network digits of width 1000000000 needs "),
        (["train", "wrapnet", "--width", f"{10**30}"], "needs more than any machine's memory to train"),
        (["train", "wrapnet", "--batch-size", "1000000000"], "batch_size is 1000000000; allowed are the integers 2 to"),
        (["train", "wrapnet", "--epochs", f"{10**400}"], "allowed are the integers 1 to 1048576"),
        (["train", "wrapnet", "--pretrain-epochs", f"{10**400}"], "allowed are the integers 1 to 1048576"),
        (["table", "9.9", "--data", "nowhere"], "there is no table '9.9'; allowed are 2.1 to 2.14, 3.1 to 3.3, "),
        (["table"], "name at least one table of 2.1 to 2.14, 3.1 to 3.3, "),
        (["table", "3.2", "2.1"], "tables that are trained (2.1) need --data with the folder or archive of CIFAR-10"),
        (["table", "2.1", "--data", "nowhere"], "nowhere: no such folder or archive with CIFAR-10"),
        (["table", "2.1", "--data", "nowhere", "--seeds", "0"], "seeds is 0"),
    ],
)
def test_bad_input_to_training_is_refused_in_one_line(
    arguments: list[str], message: str, tmp_path: Path, command: Command
) -> None:
    assert_refused(command(*arguments), message, tmp_path)
