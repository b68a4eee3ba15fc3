"""Measures units on FPGAs and returns one record."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from hw.mac.generated import generate_all
from models.progress import Progress
from reports.fpga.mapping import map_to_device, nextpnr_version, place_mapped, summarise
from reports.fpga.nextpnr import find_device
from reports.mac.synthesis import PROOF_LIMIT
from reports.records.provenance import provenance, tool_versions


@dataclass(frozen=True)
class FpgaTrials:
    """Units and devices to try, each pair with several seeds.

    devices: names in `DEVICES`. seeds: place-and-route runs of each pair, with the seeds 1 to `seeds`. dsp: lets Yosys
    use multiplier blocks. proof_limit: seconds for each proof. Raises ValueError if there is no device, if a device is
    unknown or lacks its package, if a unit has logic at its ports, or if seeds is less than 1.
    """

    designs: Sequence[MacDesign]
    devices: Sequence[str]
    seeds: int = 9
    dsp: bool = False
    proof_limit: float = PROOF_LIMIT

    def __post_init__(self) -> None:
        if not self.devices:
            raise ValueError("name at least one device")
        for name in self.devices:
            find_device(name)
        for design in self.designs:
            if design.architecture.early or design.architecture.bare:
                raise ValueError(f"{design.name} has logic at its ports, whose delay is not measured on FPGAs")
        if self.seeds < 1:
            raise ValueError(f"seeds is {self.seeds}; allowed is an integer of at least 1")


def fpga_report(trials: FpgaTrials, folder: Path, progress: Progress) -> dict[str, Any]:
    """Maps, proves, places and routes the units; returns their results and provenance.

    Leaves the files of each unit in the folder DEVICE/NAME of `folder`.
    Raises NextpnrError if nextpnr fails, for example because a device is too small.
    """
    devices = {name: find_device(name) for name in trials.devices}
    generated = generate_all(trials.designs)
    units = [(unit, name, folder / name / unit.design.name) for name in devices for unit in generated]
    tools = tool_versions()
    task = progress.task("preparing nextpnr", len(devices))
    for device in devices.values():
        tools[device.package] = nextpnr_version(device)
        task.advance(note=device.package)
    results = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        task = progress.task("mapping and proving", len(units))
        mapping = [
            pool.submit(map_to_device, unit, devices[name], place, dsp=trials.dsp, proof_limit=trials.proof_limit)
            for unit, name, place in units
        ]
        mapped = []
        for (unit, name, _), future in zip(units, mapping, strict=True):
            mapped.append(future.result())
            task.advance(note=f"{unit.design.name} on {name}")
        task = progress.task("place and route", len(units) * trials.seeds)
        for (unit, name, place), found in zip(units, mapped, strict=True):
            runs = []
            for run in pool.map(partial(place_mapped, devices[name], place), range(1, trials.seeds + 1)):
                runs.append(run)
                task.advance(note=f"{unit.design.name} on {name}")
            results.append(summarise(unit.design.name, name, found, runs).record())
    return {"designs": results, **provenance(tools=tools)}
