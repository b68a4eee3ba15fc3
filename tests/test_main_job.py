"""The main job as a whole: killed, resumed, repeated, and what its report says."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hw.mac.design import PUBLISHED
from hw.mac.parts import PARTS
from models.integer_network.layer import LayerExport

pytestmark = [pytest.mark.slow, pytest.mark.debian]

FLOW = [sys.executable, "-m", "wrapmac", "flow", "--out", "report"]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a main job that was killed once while training and once while checking, then left to finish."""
    folder = tmp_path_factory.mktemp("job")
    for milestone in ("training/stages-*/pretrain-*.pt", "work/*/rtl/result.json"):
        process = subprocess.Popen(FLOW, cwd=folder, stderr=subprocess.DEVNULL)
        while not list((folder / "report").glob(milestone)):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run(FLOW, cwd=folder, check=True)
    return folder / "report"


def read(out: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def steps_written(out: Path) -> dict[Path, int]:
    """When each step of the job left its record."""
    return {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}


def test_six_units_are_checked_covered_and_proved(out: Path) -> None:
    designs = read(out)["designs"]
    assert [design["name"] for design in designs] == list(PUBLISHED)
    for design in designs:
        assert design["mismatches"] == 0
        assert design["vectors"] >= 100_000
        assert min(design["coverage"].values()) > 0
        assert design["equivalent"] is True
        assert design["gate_level"]["mismatches"] == 0
        assert design["gate_level"]["simulator"] == "icarus"
        assert design["layer_macs"] > 1_000_000
        assert sum(design["area_by_part"].values()) == pytest.approx(design["area"])
        assert tuple(design["area_by_part"]) == PARTS


def test_narrow_accumulators_make_smaller_units(out: Path) -> None:
    ratio = {design["name"]: design["area_ratio"] for design in read(out)["designs"]}
    assert ratio["8x8x32"] == 1
    assert ratio["3x1x8k2"] < ratio["3x1x32"] < 0.6
    assert ratio["8x8x8k2"] < 0.6


def test_the_cyclic_activation_saves_the_network(out: Path) -> None:
    found = read(out)["trained_layer"]["accuracies"]
    accuracies = {name: entry["accuracy"] for name, entry in found.items()}
    assert accuracies["float"] > 0.97
    assert accuracies["wrapnet"] > accuracies["float"] - 0.03
    assert accuracies["quantized, exact accumulator"] > accuracies["float"] - 0.03
    assert accuracies["quantized, plain wrap"] < 0.5
    assert max(found["quantized, plain wrap"]["overflow_rates"]) > 0.03


def test_the_layer_and_the_report_are_there_to_be_used(out: Path) -> None:
    trained = LayerExport.load(out / "training" / "layer.npz")
    wide = LayerExport.load(out / "training" / "layer-8bit.npz")
    assert (trained.weight_bits, trained.activation_bits, trained.dot_length) == (1, 3, 1152)
    assert (wide.weight_bits, wide.activation_bits) == (8, 8)
    for name in ("index.html", "report.md", "verilog/8x8x32.v"):
        assert (out / name).stat().st_size > 0


def test_a_repeated_job_redoes_nothing_and_reports_the_same(out: Path) -> None:
    before, written = read(out), steps_written(out)
    assert len(written) == 6 * 3 + 1
    subprocess.run(FLOW, cwd=out.parent, check=True)
    after = read(out)
    assert {**after, "created": None} == {**before, "created": None}
    assert steps_written(out) == written
