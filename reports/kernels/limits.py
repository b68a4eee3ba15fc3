"""What the instructions of the kernels allow at most: their speed in registers alone, and how many a layer needs."""

import time
from typing import Any

from models.kernels import available_paths
from models.kernels.paths import PATHS, native

KINDS = (("binary 8", 2, 8), ("ternary 8", 3, 8), ("binary 16", 2, 16))
"""Names, values of weights, and bits of accumulators."""

_COUNTED_PATH = "avx512"
_REGISTER_BITS = 512
_ROUNDS = 20_000
_REPEATS = 9


def look_up_speeds(channels: int) -> dict[str, float]:
    """GMAC/s of look-ups and additions in registers alone, by kind and path, of the kernels that 3x3 layers take."""
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
    """Instructions that 3x3 convolutions have to take on AVX-512, at least, by kind and path; none on other machines.

    `look_ups`: permutations, with as many additions, for all positions of the kernel that are not beside the map, each
    of them `products` multiply-accumulates; `table_permutations` and `table_stores`: tables of all pixels, each made
    once, as many groups of channels at a time as tables.inc has in a register.
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
    """The kernel that a 3x3 convolution of so many channels and filters takes."""
    shape: dict[str, Any] = {"channels": channels, "filters": channels, "kernel_rows": 3, "kernel_columns": 3}
    number: int = native.lib.wrap_choose(PATHS.index(path), base, bits, native.ffi.new("wrap_shape *", shape))
    return number
