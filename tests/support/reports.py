"""Records of the right form, with numbers that no run gave."""

from dataclasses import asdict
from typing import Any

from hw.mac.design import PUBLISHED
from hw.mac.parts import PARTS
from reports.mac.published import MAC_UNITS, area_ratio


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


def flow_record() -> dict[str, Any]:
    """The record of a whole flow."""
    designs = [
        {
            **asdict(design),
            "name": name,
            "vectors": 100_000 * (index + 1),
            "mismatches": 0,
            "coverage": {"length: 1": 5, "wraps: up": index + 1},
            "layer_macs": 1_000_000,
            "layer_macs_per_second": 1_500_000,
            "gate_level": {"simulator": "icarus", "vectors": 1000, "mismatches": 0},
            "library": "made-up cells",
            "area": 1000.0 / (index + 1),
            "area_ratio": 1 / (index + 1),
            "area_by_part": dict.fromkeys(PARTS, 250.0 / (index + 1)) | ({} if design.slope else {"cyclic": 0.0}),
            "equivalent": True,
            "published": {**asdict(MAC_UNITS[name]), "area_ratio": area_ratio(name)},
        }
        for index, (name, design) in enumerate(PUBLISHED.items())
    ]
    names = ("float", "quantized, exact accumulator", "quantized, plain wrap", "wrapnet")
    layer = {
        "accuracies": {name: {"accuracy": 0.9, "overflow_rates": [0.1, 0.05]} for name in names},
        "epochs": 20,
        "held_out_images": 599,
        "data": "digits",
        "weight_bits": 1,
        "activation_bits": 3,
        "accumulator_bits": 8,
        "slope": 2,
    }
    return {
        "designs": designs,
        "trained_layer": layer,
        "tools": {"torch": "<b>2</b>"},
        "command": "wrapmac flow",
        "seed": 0,
        "machine": "a machine",
        "created": "2026-01-01T00:00:00+00:00",
    }
