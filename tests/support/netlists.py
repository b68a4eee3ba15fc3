"""Netlists for tests of the gate-level simulator: mapped units, and small ones made by hand."""

import json
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from reports.cells.liberty import load_library
from reports.mac.synthesis import FLAT_NETLIST, synthesize
from sim.gates.cells import read_cells
from sim.gates.logic import Gates
from sim.gates.netlist import read_gates

CELLS = read_cells(load_library("builtin").text)


def mapped_gates(name: str, folder: Path) -> Gates:
    """The gates of a unit, mapped onto the built-in library."""
    design = MacDesign.parse(name)
    assert synthesize(GeneratedUnit.generate(design), load_library("builtin"), folder).equivalent
    return read_gates(folder / FLAT_NETLIST, design.module, CELLS)


def gates_by_hand(
    cells: list[tuple[str, dict[str, int | str]]], inputs: dict[str, int], outputs: dict[str, int], folder: Path
) -> Gates:
    """The gates of a module `hand` with one-bit ports and cells on the given nets; net 1 is the clock."""
    ports = {name: {"direction": "input", "bits": [net]} for name, net in {"clk": 1, **inputs}.items()}
    ports |= {name: {"direction": "output", "bits": [net]} for name, net in outputs.items()}
    nets = sorted({net for _, pins in cells for net in pins.values() if isinstance(net, int)})
    module: dict[str, Any] = {
        "ports": ports,
        "cells": {
            f"u{place}": {"type": kind, "connections": {pin: [net] for pin, net in pins.items()}}
            for place, (kind, pins) in enumerate(cells)
        },
        "netnames": {f"net{net}": {"hide_name": 0, "bits": [net]} for net in nets},
    }
    path = folder / "hand.json"
    path.write_text(json.dumps({"modules": {"hand": module}}))
    return read_gates(path, "hand", CELLS)
