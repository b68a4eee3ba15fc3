"""Bounds of the kernels: the speed of look-ups in registers alone, and the instructions that a layer needs."""

import time
from typing import Any

from models.kernels import available_paths
from models.kernels.paths import PATHS, native

KINDS = (("binary 8", 2, 8), ("ternary 8", 3, 8), ("binary 16", 2, 16))
"""Kernels: name, number of values of a weight, bits of the accumulator."""

_COUNTED_PATH = "avx512"
_REGISTER_BITS = 512
_ROUNDS = 20_000
_REPEATS = 9


def look_up_speeds(channels: int) -> dict[str, float]:
    """GMAC/s of look-ups and additions in registers alone, by name and path, for the kernels of 3x3 layers."""
    found = {}
    for path in available_paths()[:-1]:
        for name, base, bits in KINDS:
            kernel = _kernel(path, base, bits, channels)
            if native.lib.wrap_look_up(kernel, 1):
                found[f"{name} {path}"] = max(_look_up_speed(kernel) for _ in range(_REPEATS))
    return found


def _look_up_speed(kernel: int) -> float:
    start = time.perf_counter()
    done: int = native.lib.wrap_look_up(kernel, _ROUNDS)
    return done / (time.perf_counter() - start) / 1e9


def counted_work(channels: int, size: int) -> dict[str, dict[str, int]]:
    """The least instructions of 3x3 convolutions on AVX-512, by name and path; empty on other machines.

    `look_ups`: permutations, with one addition each, for all kernel positions inside the map; each does `products`
    multiply-accumulates. `table_permutations` and `table_stores`: to make the tables of every pixel once, for as many
    groups of channels at a time as tables.inc holds in a register.
    """
    if _COUNTED_PATH not in available_paths():
        return {}
    found = {}
    for name, base, bits in KINDS:
        layout = native.lib.wrap_layout_of(_kernel(_COUNTED_PATH, base, bits, channels))
        found[f"{name} {_COUNTED_PATH}"] = _work(channels, size, base, layout.group, layout.lanes)
    return found


def _work(channels: int, size: int, base: int, group: int, lanes: int) -> dict[str, int]:
    groups, blocks = -(-channels // group), -(-channels // lanes)
    registers = -(-(base**group) // lanes)
    low_digits = -(-group // 2)
    low_and_high_sums = base**low_digits + base ** (group - low_digits)
    at_a_time = lanes // low_and_high_sums
    batches = -(-groups // at_a_time) * size**2
    return {
        "products": group * lanes,
        "look_ups": (3 * size - 2) ** 2 * groups * blocks,
        "table_permutations": (low_digits + 2 * at_a_time * registers) * batches,
        "table_stores": at_a_time * registers * batches,
    }


def _kernel(path: str, base: int, bits: int, channels: int) -> int:
    """The number of the kernel for a 3x3 convolution with `channels` channels and filters."""
    shape: dict[str, Any] = {"channels": channels, "filters": channels, "kernel_rows": 3, "kernel_columns": 3}
    number: int = native.lib.wrap_choose(PATHS.index(path), base, bits, native.ffi.new("wrap_shape *", shape))
    return number
