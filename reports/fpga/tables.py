"""Tables of units on FPGAs."""

from collections.abc import Sequence
from typing import Any

from reports.mac.published import reference_among
from reports.tables.table import Table


def fpga_tables(results: Sequence[dict[str, Any]]) -> list[Table]:
    """Returns one table for each device, with the resources, clock frequency and ratios of each unit."""
    devices = dict.fromkeys(result["device"] for result in results)
    return [_device_table(device, [one for one in results if one["device"] == device]) for device in devices]


def _device_table(device: str, results: Sequence[dict[str, Any]]) -> Table:
    by_name = {result["name"]: result for result in results}
    name = reference_among(list(by_name))
    reference = by_name[name]
    dsp = any(result["dsps"] for result in results)
    kinds = ("luts", "carries", "registers", *["dsps"] * dsp, "logic_cells")
    rows = []
    for result in results:
        slowest, fastest = min(result["fmax_by_seed"]), max(result["fmax_by_seed"])
        rows.append(
            (
                result["name"],
                *(str(result[kind]) for kind in kinds),
                f"{result['fmax_mhz']:.0f} ({slowest:.0f}-{fastest:.0f})",
                f"{result['logic_cells'] / reference['logic_cells']:.2f}",
                f"{reference['fmax_mhz'] / result['fmax_mhz']:.2f}",
                "proved" if result["equivalent"] else "NOT PROVED",
            )
        )
    seeds = len(reference["fmax_by_seed"])
    note = (
        f"LUTs, carry cells{',' if dsp else ' and'} registers{' and multiplier blocks' * dsp} after mapping. Cells: "
        "sites used after place and route, each for a LUT or a bit of a carry chain. MHz: maximum clock frequency "
        f"between registers, median and range over {seeds} seed{'s' * (seeds > 1)}. Area and cycle: cells and "
        f"cycle time relative to {name}. Proved: the mapped netlist is equivalent to the Verilog."
    )
    columns = ("design", "LUT", "carry", "FF", *["DSP"] * dsp, "cells", "MHz", "area", "cycle", "RTL")
    return Table(f"Units on {device}", columns, rows, note)
