"""The dissertation's tables, as data."""

from collections.abc import Sequence
from dataclasses import dataclass

from hw.mac.parts import PARTS


@dataclass(frozen=True)
class PublishedMac:
    """One row of Tables 2.11 to 2.13: a unit in 28 nm CMOS after place and route, 0.9 V, 25 C.

    cycle_time_ns, area_um2, power_mw: Table 2.11. area_efficiency: um2 per Gops, by part, and area_efficiency_total
    (Table 2.12). energy: fJ per operation, by part, and energy_total (Table 2.13). The parts are rounded in the
    source, so they need not add up to the totals.
    """

    cycle_time_ns: float
    area_um2: float
    power_mw: float
    area_efficiency: dict[str, float]
    area_efficiency_total: float
    energy: dict[str, float]
    energy_total: float


def _row(
    cycle_time: float, area: float, power: float, area_parts: tuple[float, ...], energy_parts: tuple[float, ...]
) -> PublishedMac:
    return PublishedMac(
        cycle_time,
        area,
        power,
        dict(zip(PARTS, area_parts, strict=False)),
        area_parts[-1],
        dict(zip(PARTS, energy_parts, strict=False)),
        energy_parts[-1],
    )


MAC_UNITS: dict[str, PublishedMac] = {
    "8x8x32": _row(0.31, 1298, 2.78, (96, 91, 0, 12, 199), (144, 173, 0, 111, 428)),
    "3x1x32": _row(0.29, 732, 1.90, (3, 93, 0, 9, 105), (10, 197, 0, 64, 271)),
    "8x8x8k2": _row(0.24, 521, 1.60, (31, 12, 10, 10, 63), (48, 29, 17, 98, 192)),
    "8x8x8k4": _row(0.25, 523, 1.64, (33, 12, 8, 12, 65), (53, 28, 17, 105, 203)),
    "3x1x8k2": _row(0.24, 290, 0.93, (2, 17, 15, 3, 37), (8, 42, 23, 42, 115)),
    "3x1x8k4": _row(0.24, 285, 0.87, (2, 18, 12, 3, 35), (6, 42, 24, 33, 105)),
}
"""Tables 2.11, 2.12 and 2.13, by design."""

REFERENCE = "8x8x32"
"""The design that ratios are taken to."""


def reference_among(names: Sequence[str]) -> str:
    """The design that ratios are taken to: the reference, or the first where that is not among them."""
    return REFERENCE if REFERENCE in names else names[0]


def published_shares(name: str) -> dict[str, float]:
    """Each part's share of a unit's published area; Table 2.12 rounds the parts, so they are scaled to add up to 1."""
    parts = MAC_UNITS[name].area_efficiency
    return {part: value / sum(parts.values()) for part, value in parts.items()}


def area_ratio(name: str) -> float:
    """Published cell area relative to 8x8x32."""
    return MAC_UNITS[name].area_um2 / MAC_UNITS[REFERENCE].area_um2


RESNET18_MILLISECONDS = (234.74, 312.42)
"""A whole ResNet-18 with accumulators of 8 and of 32 bits (2.4.5)."""

KERNEL_MILLISECONDS = {
    "64x56x56": (3.467, 8.339, 29.80, 83.705),
    "128x28x28": (2.956, 6.785, 23.86, 80.557),
    "256x14x14": (2.499, 5.498, 21.71, 86.753),
    "512x7x7": (2.710, 5.520, 20.41, 87.671),
}
"""Tables 2.7 and 2.8: ms with accumulators of 8 and of 32 bits by AVX2; without vectors, packed and naive."""
