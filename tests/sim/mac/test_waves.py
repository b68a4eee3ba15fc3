"""Waveforms of the bench hold the signals of the whole run, with the values that a unit must have."""

from pathlib import Path
from typing import Any

import pytest
import pywellen

from hw.mac.design import PUBLISHED
from hw.mac.verilog import mac_verilog
from sim.mac.bench import BenchJob, simulate
from sim.simulators import SimulatorName
from sim.waves import WaveFormat, can_write

SMALL = PUBLISHED["3x1x8k2"]
UNIT = "bench.lane[0].unit"
PERIOD = 2000  # ps
_BEFORE_THE_EDGE = 999


def run(folder: Path, simulator: SimulatorName, form: WaveFormat, verilog: str | None = None) -> tuple[Any, Path]:
    source, path = folder / "unit.v", folder / "waves" / f"3x1x8k2.{form}"
    source.write_text(verilog or mac_verilog(SMALL))
    verdict = simulate(BenchJob(design=SMALL, sources=(source,), simulator=simulator, waves=path), folder / "run")
    return verdict, path


class Waves:
    """The signals in a file by cycle of the simulation, just before the clock's edge."""

    def __init__(self, path: Path) -> None:
        found = pywellen.Waveform(str(path))
        self.format = found.file_format
        self.signals = {variable.full_name: variable.signal for variable in found.all_vars()}

    def at(self, name: str, cycle: int) -> Any:
        return self.signals[name].value_at(cycle * PERIOD + _BEFORE_THE_EDGE)

    def playing(self, cycle: int) -> str:
        """The family of stimuli in that cycle; it may be named a step before it starts."""
        number = int(self.at("bench.playing", cycle))
        return number.to_bytes(24, "big").lstrip(b"\0").decode()


def assert_it_shows_products(path: Path) -> None:
    """Each product of the smallest unit is a sum, three edges after its operands."""
    found = Waves(path)
    assert found.format == path.suffix[1:].upper()
    for port in ("clk", "rst", "enable", "first", "activation", "weight", "sum", "out"):
        assert f"{UNIT}.{port}" in found.signals
    assert not [name for name in found.signals if "words" in name or "rows" in name]
    cycles = [cycle for cycle in range(2000) if found.playing(cycle) == "products"]
    seen = set()
    for cycle in cycles[1:]:
        if found.at(f"{UNIT}.enable", cycle) and found.at(f"{UNIT}.first", cycle):
            activation, weight = (found.at(f"{UNIT}.{port}", cycle) for port in ("activation", "weight"))
            product = activation if weight else -activation
            assert found.at(f"{UNIT}.sum", cycle + 3) == product % 256
            seen.add(product)
    assert seen == set(range(-7, 8))


@pytest.mark.slow
@pytest.mark.debian
@pytest.mark.parametrize("form", ["fst", "vcd"])
def test_icarus_writes_both_formats(form: WaveFormat, tmp_path: Path) -> None:
    verdict, path = run(tmp_path, "icarus", form)
    assert verdict["passed"]
    assert_it_shows_products(path)
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["fst", "vcd"])
def test_verilator_writes_what_it_can(form: WaveFormat, tmp_path: Path) -> None:
    if not can_write("verilator", form):
        pytest.skip("the libraries for FST are missing")
    verdict, path = run(tmp_path, "verilator", form)
    assert verdict["passed"]
    assert_it_shows_products(path)


@pytest.mark.slow
@pytest.mark.debian
def test_waveforms_show_a_mismatch_at_its_cycle(tmp_path: Path) -> None:
    good = mac_verilog(SMALL)
    broken = good.replace("8'h55", "8'h56")  # a fold one integer late
    assert broken != good
    verdict, path = run(tmp_path, "icarus", "fst", broken)
    assert not verdict["passed"]
    first = verdict["first_mismatches"][0]
    found = Waves(path)
    places = [
        place
        for place in range(verdict["vectors"] + 1000)
        if found.at("bench.cycle", place) == first["cycle"] and found.playing(place) == first["stimulus"]
    ]
    assert first["got"] % 256 in [found.at(f"{UNIT}.{first['signal']}", place) for place in places]
