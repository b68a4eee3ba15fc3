"""Sweeps over a small unit: kept, resumed, the same on a cluster, with failures listed."""

import ast
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.generated import GeneratedUnit
from hw.yosys import YosysError
from models.progress import Progress
from reports.layout.layouts import MAPPINGS
from reports.sweep import cluster, points
from reports.sweep.choices import mappings
from reports.sweep.cluster import ClusterError, open_executor
from reports.sweep.points import SOURCES, Point, measure_mapped, toolbox
from reports.sweep.report import errors, is_sound, sweep_report
from reports.sweep.sweep import Sweep
from wrapmac import main

ROOT = Path(__file__).parents[3]
TINY = MacDesign(2, 1, 4, 2)


def report(cache: Path, out: Path, scheduler: str | None = None) -> dict[str, Any]:
    with Progress(quiet=True) as progress, open_executor(scheduler, 2) as executor:
        return sweep_report(Sweep(executor, cache, progress, quick=True), [TINY], out)


def figures(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [{key: value for key, value in one.items() if key != "seconds"} for one in found["points"]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("sweep")
    return report(folder / "cache", folder), folder


@pytest.mark.slow
@pytest.mark.debian
def test_a_sweep_ends_with_a_proved_front(whole: tuple[dict[str, Any], Path]) -> None:
    found, folder = whole
    assert is_sound(found)
    assert json.loads((folder / "sweep.json").read_text()) == found
    front = [one for one in found["points"] if one["on_front"]]
    routed = [one for one in found["points"] if "cycle_time_ns" in one]
    for one in routed:
        beaten = any(
            (other["cell_area"] <= one["cell_area"] and other["cycle_time_ns"] < one["cycle_time_ns"])
            or (other["cell_area"] < one["cell_area"] and other["cycle_time_ns"] <= one["cycle_time_ns"])
            for other in routed
        )  # fmt: skip
        assert not (beaten and one["on_front"])
        assert one["cycle_time_ns"] > one["mapped_cycle_time_ns"]
        assert sum(one["area_by_part"].values()) == pytest.approx(one["cell_area"])
    for one in front:
        assert one["equivalent"]
        netlist = (folder / TINY.name / f"{one['implementation']}-{one['mapping']}.v").read_text()
        assert f"module {TINY.module}" in netlist
    (summary,) = found["designs"]
    assert summary["best"]["area"]["cell_area"] == min(one["cell_area"] for one in routed)
    assert summary["best"]["cycle_time"]["cycle_time_ns"] == min(one["cycle_time_ns"] for one in routed)
    product = summary["best"]["product"]
    assert product["cell_area"] * product["cycle_time_ns"] == pytest.approx(
        min(one["cell_area"] * one["cycle_time_ns"] for one in routed)
    )
    for name in ("pareto.png", "pareto.svg", f"{TINY.name}/pareto.png", "sweep.md"):
        assert (folder / name).stat().st_size > 100


@pytest.mark.slow
@pytest.mark.debian
def test_a_second_run_measures_nothing(
    whole: tuple[dict[str, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something was measured")

    monkeypatch.setattr(points, "_measured", refuse)
    again = report(whole[1] / "cache", tmp_path)
    assert again["points"] == whole[0]["points"]


@pytest.mark.debian
@pytest.mark.parametrize(
    ("where", "tools"),
    [("version", lambda package: "0.1"), ("debian_versions", lambda packages: {"qrouter": "0.1"})],
)
def test_a_changed_tool_version_changes_the_key(where: str, tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = toolbox()
    monkeypatch.setattr(points, where, tools)
    assert toolbox.__wrapped__() != before


@pytest.mark.debian
def test_a_machine_with_other_tools_is_refused() -> None:
    with pytest.raises(ClusterError, match="other versions"):
        measure_mapped(Point(TINY.name, GeneratedUnit(TINY, "module"), mappings(TINY)[0]), "another machine's")


def imported(path: Path) -> set[Path]:
    """The project's files that a module imports, itself included."""
    found, left = set[Path](), [path]
    while left:
        file = left.pop()
        if file in found:
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                candidates = [ROOT / f"{name.replace('.', '/')}.py" for name in names]
                left += [one for one in candidates if one.is_file()]
    return found


def test_the_key_covers_the_code_that_measures() -> None:
    """What is left out: what makes the Verilog (an input), and records, names and versions, which change no figure."""
    covered = {name for name in SOURCES if name.endswith(".py")}
    needed = {str(path.relative_to(ROOT)) for path in imported(ROOT / "reports/sweep/points.py")}
    figureless = {
        "reports/records/kept.py",
        "reports/records/provenance.py",
        "reports/bench/processor.py",
        "reports/mac/published.py",
    }
    figureless |= {"reports/sweep/cluster.py", "reports/cells/builtin.py", "reports/cells/liberty.py"}
    left_out = {name for name in needed - covered if name.startswith("reports/")} - figureless
    assert covered <= needed
    assert not left_out
    assert all((ROOT / name).is_file() for name in SOURCES)


@pytest.mark.slow
@pytest.mark.debian
def test_points_that_fail_are_listed_and_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = points.map_to_cells

    def crash_at(recipes: set[str]) -> None:
        def crashing(unit: GeneratedUnit, technology: Any, mapping: Any, folder: Path) -> Any:
            if mapping.recipe in recipes:
                raise YosysError("ABC crashed")
            return original(unit, technology, mapping, folder)

        monkeypatch.setattr(points, "map_to_cells", crashing)

    crash_at({"area"})
    found = report(tmp_path / "some", tmp_path)
    assert errors(found) == ["2x1x4k2 brent-kung-area-1ps: YosysError: ABC crashed"]
    assert is_sound(found)
    crash_at({"area", "delay"})
    found = report(tmp_path / "none", tmp_path)
    assert len(errors(found)) == len(found["points"])
    assert not is_sound(found)


@pytest.mark.slow
@pytest.mark.debian
def test_a_killed_sweep_goes_on_to_the_same_figures(whole: tuple[dict[str, Any], Path], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    options = ["--quick", "--workers", "1", "--out", str(tmp_path / "out"), "--cache", str(cache)]
    command = [sys.executable, "-m", "wrapmac", "sweep", TINY.name, *options]
    running = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(kept := list(cache.rglob("*measure_mapped*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL
    assert kept
    assert not list(cache.rglob("*measure_proof*.json"))
    written = {path: path.stat().st_mtime_ns for path in kept}
    assert figures(report(cache, tmp_path)) == figures(whole[0])
    assert written == {path: path.stat().st_mtime_ns for path in kept}


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
        yield started.scheduler_address


@pytest.mark.slow
@pytest.mark.debian
def test_a_cluster_gives_the_same_figures(whole: tuple[dict[str, Any], Path], scheduler: str, tmp_path: Path) -> None:
    assert figures(report(tmp_path / "cache", tmp_path, scheduler)) == figures(whole[0])


def test_a_scheduler_that_does_not_answer_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--out", str(tmp_path), "--cache", str(tmp_path / "cache")]
    monkeypatch.setattr(sys, "argv", ["wrapmac", "sweep", TINY.name, *folders, "--scheduler", "tcp://127.0.0.1:9"])
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert capsys.readouterr().err == "wrapmac: error: no Dask scheduler answers at 'tcp://127.0.0.1:9'\n"


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install 'wrapmac\[cluster\]'"), open_executor("tcp://127.0.0.1:9", 1):
        pass


def test_impossible_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="workers is 0"), open_executor(None, 0):
        pass
    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="margin is -1"):
        Sweep(executor, tmp_path, Progress(quiet=True), margin=-1)


def test_a_sweep_tries_all_that_a_layout_does() -> None:
    for design in PUBLISHED.values():
        ways = mappings(design)
        assert set(MAPPINGS) < set(ways)
        assert any(way.booth for way in ways) == (design.weight_bits > 1)
        assert len({way.name for way in ways}) == len(ways)
