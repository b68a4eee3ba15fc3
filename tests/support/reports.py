"""Records of the right form, with numbers that no run gave."""

from typing import Any

from hw.mac.design import PUBLISHED
from hw.mac.parts import PARTS


def layout_record(names: tuple[str, ...] = tuple(PUBLISHED), *, energy: bool = True) -> dict[str, Any]:
    """The record of a layout: each design has half the area and time of the one before."""
    designs = []
    for index, name in enumerate(names):
        design = {
            "name": name,
            "cell_area": 4000.0 / 2**index,
            "core_area": 4400.0 / 2**index,
            "cycle_time_ns": 4.0 / 2**index,
            "area_by_part": dict.fromkeys(PARTS, 1000.0 / 2**index),
            "critical_path": {"from": "auxiliary", "to": "accumulator", "cells": 9, "words": f"<{name}> is slow."},
            "drc_violations": 0,
            "lvs_match": True,
            "equivalent": index > 0,
        }
        if energy:
            shares = dict.fromkeys(PARTS, 800.0 / 2**index)
            whole = 3200.0 / 2**index
            design |= {"power_mw": 1.0, "energy_fj_per_op": whole, "energy_by_part": shares}
            design |= {"energy_without_glitches_fj_per_op": 0.9 * whole}
        designs.append(design)
    return {
        "designs": designs,
        "library": "made-up cells",
        "tools": {"magic": "<b>8</b>"},
        "command": "wrapmac layout all",
        "seed": 1,
        "machine": "a machine",
        "created": "2026-01-01T00:00:00+00:00",
    }
