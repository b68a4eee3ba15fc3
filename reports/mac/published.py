"""The dissertation's Tables 2.11 to 2.13: multiply-accumulate units in 28 nm CMOS."""

from collections.abc import Sequence
from dataclasses import dataclass

from hw.mac.parts import PARTS
from reports.tables.published import Column, Mark, PublishedTable, by_number, count, number, percent, text

_CONDITIONS = "After place and route; 0.9 V, 25 C, typical corner, operands from a layer of ResNet-18."
_BREAKDOWN = f"{_CONDITIONS} Parts and shares are rounded, so they need not add up to the total."
_ABSENT = Mark.ABSENT


_BY_PART: tuple[Column, ...] = (
    text("unit"),
    *(column for part in PARTS for column in (count(part), percent(f"{part} share", 0))),
    count("total"),
)


PUBLISHED = by_number(
    PublishedTable(
        "2.11",
        "A multiply-accumulate unit in 28 nm CMOS",
        (
            text("unit"),
            count("activation bits"),
            count("weight bits"),
            count("accumulator bits"),
            count("slope k"),
            number("cycle time", 2, "ns"),
            number("throughput", 1, "Gops"),
            number("cell area", 0, "um2"),
            number("power", 2, "mW"),
        ),
        (
            ("8x8x32", 8, 8, 32, _ABSENT, 0.31, 6.5, 1298, 2.78),
            ("3x1x32", 3, 1, 32, _ABSENT, 0.29, 7.0, 732, 1.90),
            ("8x8x8k2", 8, 8, 8, 2, 0.24, 8.3, 521, 1.60),
            ("8x8x8k4", 8, 8, 8, 4, 0.25, 8.1, 523, 1.64),
            ("3x1x8k2", 3, 1, 8, 2, 0.24, 8.3, 290, 0.93),
            ("3x1x8k4", 3, 1, 8, 4, 0.24, 8.3, 285, 0.87),
        ),
        f"{_CONDITIONS} Throughput: two operations a cycle.",
    ),
    PublishedTable(
        "2.12",
        "Area of a multiply-accumulate unit for its throughput by part, um2/Gops",
        _BY_PART,
        (
            ("8x8x32", 96, 48, 91, 46, _ABSENT, _ABSENT, 12, 6, 199),
            ("3x1x32", 3, 2, 93, 89, _ABSENT, _ABSENT, 9, 9, 105),
            ("8x8x8k2", 31, 49, 12, 19, 10, 16, 10, 16, 63),
            ("8x8x8k4", 33, 50, 12, 19, 8, 13, 12, 18, 65),
            ("3x1x8k2", 2, 5, 17, 46, 15, 41, 3, 8, 37),
            ("3x1x8k4", 2, 5, 18, 52, 12, 35, 3, 8, 35),
        ),
        f"{_BREAKDOWN} 3x1x8k2's total is 6% above its area by its throughput in Table 2.11.",
    ),
    PublishedTable(
        "2.13",
        "Energy of a multiply-accumulate unit by part, fJ for each operation",
        _BY_PART,
        (
            ("8x8x32", 144, 34, 173, 40, _ABSENT, _ABSENT, 111, 26, 428),
            ("3x1x32", 10, 4, 197, 73, _ABSENT, _ABSENT, 64, 23, 271),
            ("8x8x8k2", 48, 25, 29, 15, 17, 9, 98, 51, 192),
            ("8x8x8k4", 53, 26, 28, 14, 17, 8, 105, 52, 203),
            ("3x1x8k2", 8, 7, 42, 37, 23, 20, 42, 36, 115),
            ("3x1x8k4", 6, 6, 42, 40, 24, 23, 33, 31, 105),
        ),
        _BREAKDOWN,
    ),
)
"""The published tables by number."""


@dataclass(frozen=True)
class PublishedMac:
    """One row of Tables 2.11 to 2.13: a unit in 28 nm CMOS after place and route, 0.9 V, 25 C.

    cycle_time_ns, area_um2, power_mw: Table 2.11. area_efficiency: um2 per Gops by part; area_efficiency_total: of the
    unit (Table 2.12). energy: fJ per operation by part; energy_total: of the unit (Table 2.13). The source rounds the
    parts, so they need not add up to the totals.
    """

    cycle_time_ns: float
    area_um2: float
    power_mw: float
    area_efficiency: dict[str, float]
    area_efficiency_total: float
    energy: dict[str, float]
    energy_total: float


def _unit(name: str) -> PublishedMac:
    summary, area, energy = (PUBLISHED[number] for number in ("2.11", "2.12", "2.13"))
    return PublishedMac(
        summary.numeric(name, "cycle time"),
        summary.numeric(name, "cell area"),
        summary.numeric(name, "power"),
        _breakdown(area, name),
        area.numeric(name, "total"),
        _breakdown(energy, name),
        energy.numeric(name, "total"),
    )


def _breakdown(table: PublishedTable, name: str) -> dict[str, float]:
    """Returns the figure of each part; 0 if the unit lacks the part and the table prints a dash."""
    return {part: 0 if table.cell(name, part) is _ABSENT else table.numeric(name, part) for part in PARTS}


MAC_UNITS: dict[str, PublishedMac] = {name: _unit(name) for name in PUBLISHED["2.11"].names}
"""The rows of Tables 2.11, 2.12 and 2.13, by design."""

REFERENCE = "8x8x32"
"""The reference design: ratios are relative to it."""


def reference_among(names: Sequence[str]) -> str:
    """Returns the reference design of a comparison: 8x8x32, or the first design if 8x8x32 is not among them."""
    return REFERENCE if REFERENCE in names else names[0]


def published_shares(name: str) -> dict[str, float]:
    """Returns each part's share of a unit's published area, scaled to sum to 1 as Table 2.12 rounds the parts."""
    parts = MAC_UNITS[name].area_efficiency
    return {part: value / sum(parts.values()) for part, value in parts.items()}


def area_ratio(name: str) -> float:
    """Returns the published cell area relative to 8x8x32."""
    return MAC_UNITS[name].area_um2 / MAC_UNITS[REFERENCE].area_um2
