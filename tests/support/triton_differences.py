"""Prints the largest difference between the Triton kernel and torch, values and gradients, as JSON by case.

Runs in a process of its own: Triton's interpreter has to be chosen before Triton is first imported.
"""

import json

from tests.support.attention import SIZES, local_attention, random_maps, values_and_gradients


def difference(size: tuple[int, int], swap: bool, position_bias: bool) -> float:
    module = local_attention(swap, position_bias)
    maps = random_maps(12, size)
    results = []
    for backend in ("sdpa", "triton"):
        module.backend = backend
        results.append(values_and_gradients(module, module(maps), maps))
    return max((one - other).abs().max().item() for one, other in zip(*results, strict=True))


if __name__ == "__main__":
    cases = [(size, swap, size != (3, 7)) for size in SIZES for swap in (False, True)]
    print(json.dumps({str(case): difference(*case) for case in cases}))
