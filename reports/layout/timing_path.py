"""The path that limits a circuit's clock, parsed from OpenSTA's report."""

import re
from dataclasses import dataclass

_STEP = re.compile(r"^\s*(-?[\d.]+)\s+-?[\d.]+(?:\s+[\^v])?\s+(\S.*)$", re.MULTILINE)
_PIN = re.compile(r"(\S+)/(\w+) \(\w+\)")
_PORT = re.compile(r"(\S+) \((?:in|out)\)")
_NEEDS = ("library setup time", "output external delay")


@dataclass(frozen=True)
class Stage:
    """A cell on a path. delay: delay of the cell and of the wire before it, ns."""

    instance: str
    delay: float


@dataclass(frozen=True)
class TimingPath:
    """A path from a register or input through cells to a register or output; all times in ns.

    start, end: the instance of the register, or the port. start_delay: from the clock edge at the start to the
    start's output. need: how long before the clock edge the end's input must be stable; the setup time of a register.
    skew: how much later the clock arrives at the end than at the start, which gives the path more time; the clock
    arrives at ports without delay.
    """

    start: str
    start_delay: float
    stages: tuple[Stage, ...]
    end: str
    need: float
    skew: float

    @property
    def length(self) -> float:
        """The part of a clock cycle that the path needs, ns."""
        return self.start_delay + sum(stage.delay for stage in self.stages) + self.need - self.skew

    @property
    def instances(self) -> list[str]:
        """The cells on the path, including the registers or ports at its ends."""
        return [self.start, *(stage.instance for stage in self.stages), self.end]


def read_path(report: str) -> TimingPath:
    """Parses the path in a report of OpenSTA's `report_checks -format full`. Raises ValueError if there is none."""
    steps = [(float(delay), text) for delay, text in _STEP.findall(report)]
    latencies = [delay for delay, text in steps if text.startswith("clock network delay")]
    needs = [-delay for delay, text in steps if text in _NEEDS]
    edge = next((place for place, (_, text) in enumerate(steps[1:], 1) if text.startswith("clock clk")), None)
    if edge is None or len(latencies) != 2 or len(needs) != 1:
        raise ValueError("no path was found")
    delays: dict[str, float] = {}  # by instance or port, in path order; pins of an instance are adjacent
    for delay, text in steps[:edge]:
        found = _PIN.match(text) or _PORT.match(text)
        if found is not None:
            delays[found.group(1)] = delays.get(found.group(1), 0.0) + delay
    outside = sum(delay for delay, text in steps[:edge] if text == "input external delay")
    (start, launch), *between, (end, wire) = delays.items()
    stages = [Stage(instance, delay) for instance, delay in between]
    if stages:
        stages[-1] = Stage(stages[-1].instance, round(stages[-1].delay + wire, 4))
    else:
        launch += wire
    skew = latencies[1] - latencies[0]
    return TimingPath(start, round(launch + outside, 4), tuple(stages), end, needs[0], round(skew, 4))
