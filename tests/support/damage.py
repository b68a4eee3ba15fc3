"""Damages files in many ways, as full disks, broken transfers and careless editors do."""

import copy
import json
import random
from typing import Any

_JSON_VALUES = (None, [], {}, "", "text", -1, 0, 1 << 62, 10**400, 0.5, 1e300, float("nan"), float("inf"), True, [[]])


def damaged(data: bytes, seed: int) -> bytes:
    """`data` with one or two random faults: cut, bits flipped, a block zeroed, doubled or removed, or bytes put in."""
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 2))):
        data = _with_fault(data, chance)
    return data


def damaged_json(text: str, seed: int) -> str:
    """A JSON text with one or two values replaced or dropped."""
    chance = random.Random(seed)
    content = [json.loads(text)]
    for _ in range(chance.choice((1, 1, 2))):
        _spoil(content, chance)
    return json.dumps(content[0])


def _with_fault(data: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    # The structure of a file is mostly near its beginning and its end.
    start = chance.choice((start, min(start, chance.randrange(256)), len(data) - min(start, chance.randrange(256))))
    end = min(len(data), start + 1 + int(chance.expovariate(1 / 40)))
    block = data[start:end]
    match chance.randrange(7):
        case 0:
            return data[:start]
        case 1:
            return data[:start] + bytes(byte ^ 1 << chance.randrange(8) for byte in block[:1]) + data[start + 1 :]
        case 2:
            return data[:start] + bytes(len(block)) + data[end:]
        case 3:
            return data[:start] + b"\xff" * len(block) + data[end:]
        case 4:
            return data[:start] + block + block + data[end:]
        case 5:
            return data[:start] + data[end:]
    return data[:start] + chance.randbytes(len(block)) + data[start:]


def _spoil(content: list[Any], chance: random.Random) -> None:
    """Replaces or drops one value, at any depth."""
    outer: Any = content
    key: Any = 0
    while isinstance(outer[key], dict | list) and outer[key] and chance.random() < 0.8:
        outer = outer[key]
        key = chance.choice(list(outer)) if isinstance(outer, dict) else chance.randrange(len(outer))
    if outer is not content and chance.random() < 0.3:
        del outer[key]
    else:
        outer[key] = copy.deepcopy(chance.choice(_JSON_VALUES))
