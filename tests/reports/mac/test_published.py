"""The published tables are consistent with each other in the ways that the dissertation states."""

import pytest

from hw.mac.parts import PARTS
from reports.mac.published import MAC_UNITS, PUBLISHED, area_ratio, published_shares


@pytest.mark.parametrize("name", MAC_UNITS)
def test_tables_agree_with_each_other(name: str) -> None:
    row = MAC_UNITS[name]
    throughput = 2 / row.cycle_time_ns  # Gops (section 2.6.3)
    # The source is 6% off in the row of 3x1x8k2, and within 3% elsewhere.
    assert row.area_efficiency_total == pytest.approx(row.area_um2 / throughput, rel=0.07)
    assert row.energy_total == pytest.approx(1000 * row.power_mw / throughput, rel=0.05)
    assert sum(row.area_efficiency.values()) == pytest.approx(row.area_efficiency_total, abs=1)
    assert sum(row.energy.values()) == pytest.approx(row.energy_total, abs=1.5)
    assert tuple(row.area_efficiency) == tuple(row.energy) == PARTS
    assert sum(published_shares(name).values()) == pytest.approx(1)


def test_area_ratios() -> None:
    ratios = {name: round(area_ratio(name), 2) for name in MAC_UNITS}
    assert ratios == {"8x8x32": 1, "3x1x32": 0.56, "8x8x8k2": 0.40, "8x8x8k4": 0.40, "3x1x8k2": 0.22, "3x1x8k4": 0.22}


@pytest.mark.parametrize("number", ["2.12", "2.13"])
@pytest.mark.parametrize("name", MAC_UNITS)
def test_printed_shares_are_those_of_the_parts(number: str, name: str) -> None:
    table = PUBLISHED[number]
    for part in PARTS:
        if part != "cyclic" or "k" in name:
            share = table.numeric(name, part) / table.numeric(name, "total")
            assert table.numeric(name, f"{part} share") / 100 == pytest.approx(share, abs=0.015)


@pytest.mark.parametrize("name", MAC_UNITS)
def test_units_have_the_widths_of_their_names_and_two_operations_a_cycle(name: str) -> None:
    row = PUBLISHED["2.11"]
    widths = [int(row.numeric(name, f"{kind} bits")) for kind in ("activation", "weight", "accumulator")]
    assert "x".join(map(str, widths)) == name.split("k")[0]
    if "k" in name:
        assert row.numeric(name, "slope k") == int(name.split("k")[1])
    assert row.numeric(name, "throughput") == pytest.approx(2 / row.numeric(name, "cycle time"), rel=0.02)
