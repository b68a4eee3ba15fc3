"""The path that limits a unit's clock: by cell, by part and in words."""

import re
from dataclasses import dataclass
from typing import Any

from reports.layout.circuit import Circuit, Instance
from reports.layout.timing_path import TimingPath

_NAME = re.compile(r"(?:.*\.)?(?P<name>[a-zA-Z]\w*)(?:\$\d+)?(?:\[(?P<bit>\d+)\])?")
_OWNERS = {
    "multiplier": "the multiplier",
    "accumulator": "the accumulator",
    "cyclic": "the cyclic activation",
    "auxiliary": "the auxiliary part",
}
_SHOWN = 3  # slowest cells listed in the description


@dataclass(frozen=True)
class _Step:
    """A cell on the path. pins: number of input pins and output ports that it drives."""

    cell: str
    kind: str
    part: str
    pins: int
    delay_ns: float


def describe_path(path: TimingPath, circuit: Circuit) -> dict[str, Any]:
    """Describes a path by the circuit's parts and the names in the unit's Verilog; docs/layout.md lists the keys."""
    instances = {instance.name: instance for instance in circuit.instances}
    driven = [net for one in circuit.instances for pin, net in one.nets.items() if pin != one.output]
    steps = []
    for stage in path.stages:
        cell = instances[stage.instance]
        net = cell.nets[cell.output]
        pins = driven.count(net) + circuit.outputs.count(net)
        steps.append(_Step(cell.name, cell.kind, cell.part, pins, stage.delay))
    by_part: dict[str, float] = {}
    for step in steps:
        by_part[step.part] = round(by_part.get(step.part, 0.0) + step.delay_ns, 4)
    start, end = (_Place.of(name, circuit, instances) for name in (path.start, path.end))
    return {
        "from": start.part,
        "to": end.part,
        "cells": sum(name in instances for name in path.instances),
        "starts_at": start.name,
        "ends_at": end.name,
        "start_ns": path.start_delay,
        "need_ns": path.need,
        "skew_ns": path.skew,
        "ns_by_part": by_part,
        "stages": [vars(step) for step in steps],
        "words": _words(path, start, end, steps, by_part),
    }


@dataclass(frozen=True)
class _Place:
    """An end of a path. part: `input` or `output` for a port. name: as in the Verilog. words: its name in prose."""

    part: str
    name: str
    words: str

    @classmethod
    def of(cls, name: str, circuit: Circuit, instances: dict[str, Instance]) -> "_Place":
        if name not in instances:
            side = "input" if name in circuit.inputs else "output"
            called = next(one for one, net in circuit.original.items() if net == name)
            return cls(side, called, f"the {side} {called}")
        register = instances[name]
        owner = _OWNERS[register.part]
        net = register.nets[register.output]
        for called in sorted((one for one, place in circuit.original.items() if place == net), key=len):
            found = _NAME.fullmatch(called)
            if found is not None:
                bit = "" if found["bit"] is None else f"[{found['bit']}]"
                which = "" if found["bit"] is None else f"bit {found['bit']} of "
                words = f"{which}{owner}'s {found['name']} register"
                return cls(register.part, f"{register.part}.{found['name']}{bit}", words)
        return cls(register.part, f"{register.part}.{name}", f"a register of {owner} ({name})")


def _words(path: TimingPath, start: _Place, end: _Place, steps: list[_Step], by_part: dict[str, float]) -> str:
    begins = "from the clock's edge to its output" if start.part != "input" else "after the clock's edge"
    needs = "setup" if end.part != "output" else "taken by a register outside"
    skew = f"the clock arrives {abs(path.skew):.3f} ns {'later' if path.skew > 0 else 'earlier'} there"
    slowest = sorted(steps, key=lambda step: -step.delay_ns)[:_SHOWN]
    shares = [f"{step.kind} {step.delay_ns:.2f} ns (drives {_pins(step.pins)})" for step in slowest]
    return (
        f"{path.length:.2f} ns: from {start.words} ({path.start_delay:.2f} ns {begins}){_through(steps, by_part)}, "
        f"to {end.words} ({path.need:.2f} ns {needs}{f'; {skew}' if round(path.skew, 3) else ''})."
        + (f" Slowest: {_listed(shares)}." if shares else "")
    )


def _through(steps: list[_Step], by_part: dict[str, float]) -> str:
    """Returns the number of cells and the delay of each part, in words; empty if the path contains no cells."""
    counts = {part: sum(step.part == part for step in steps) for part in by_part}
    parts = [f"{_counted(counts[part])} of {_OWNERS[part]} ({ns:.2f} ns)" for part, ns in by_part.items()]
    return f", through {_listed(parts)}" if parts else ""


def _counted(cells: int) -> str:
    return "one cell" if cells == 1 else f"{cells} cells"


def _pins(count: int) -> str:
    return "one pin" if count == 1 else f"{count} pins"


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
