"""Damaged files of libraries and technologies are read, or refused by name; nothing else happens."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hw.mac.design import MacDesign
from hw.mac.generated import GeneratedUnit
from hw.tools import ToolError
from reports.cells.liberty import load_library
from reports.cells.technology import read_technology
from reports.mac.synthesis import synthesize
from tests.support.liberty import CELLS, RAM
from tests.support.technology import LEF, LIBERTY, SCRIPT, small_technology

VARIANTS = 200
LIBRARY = f"/* \xa9 */ {LIBERTY.replace(CELLS, CELLS + RAM)}\n".replace("; ", ";\n").encode("latin-1")

Damage = Callable[[random.Random, bytes], bytes]


def cut(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data))]


def flip(chance: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def drop_or_double_lines(chance: random.Random, data: bytes) -> bytes:
    lines = data.splitlines(keepends=True)
    start = chance.randrange(len(lines))
    end = start + chance.randint(1, 5)
    return b"".join([*lines[:start], *lines[start:end] * chance.choice((0, 2)), *lines[end:]])


def swap_marks(chance: random.Random, data: bytes) -> bytes:
    marks = [place for place, byte in enumerate(data) if byte in b'{}"();:=']
    damaged = bytearray(data)
    damaged[chance.choice(marks or [0])] = chance.choice(b'{}"();:=')
    return bytes(damaged)


def insert(chance: random.Random, data: bytes) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + chance.randbytes(chance.randint(1, 8)) + data[place:]


def remove(chance: random.Random, data: bytes) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + data[place + chance.randint(1, 30) :]


DAMAGES: tuple[Damage, ...] = (cut, flip, drop_or_double_lines, swap_marks, insert, remove)


def damaged(data: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    return chance.choice(DAMAGES)(chance, data)


def reads(read: Callable[[], object], name: str) -> bool:
    """Whether a file is read; if not, the error is one line that names it."""
    message = complaint(read)
    assert message is None or name in message
    assert "\n" not in (message or "")
    return message is None


def complaint(action: Callable[[], object]) -> str | None:
    try:
        action()
    except (ValueError, ToolError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("packed", [False, True])
def test_damaged_libraries_are_read_or_named(packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "mine.lib"
    original = gzip.compress(LIBRARY, mtime=0) if packed else LIBRARY

    def read() -> None:
        library = load_library(str(path))
        assert library.note != ""
        assert library.usable_text.isascii()
        assert library.constraints

    path.write_bytes(original)
    assert reads(read, "mine.lib")
    read_ones = 0
    for seed in range(VARIANTS):
        path.write_bytes(damaged(original, seed))
        read_ones += reads(read, "mine.lib")
    assert read_ones < VARIANTS
    assert read_ones > 20 or packed


@pytest.mark.parametrize(("file", "original"), [("small.lef", LEF), ("small.sh", SCRIPT), ("small.lib", LIBERTY)])
def test_damaged_technologies_are_read_or_named(file: str, original: str, tmp_path: Path) -> None:
    folder = small_technology(tmp_path)
    read_ones = 0
    for seed in range(VARIANTS):
        (folder / file).write_bytes(damaged(original.encode(), seed))
        read_technology.cache_clear()
        read_ones += reads(lambda: read_technology(str(folder)).library.note, str(folder))
    assert 20 < read_ones < VARIANTS


@pytest.mark.slow
def test_damaged_libraries_that_are_read_are_mapped_onto_or_refused(tmp_path: Path) -> None:
    unit = GeneratedUnit.generate(MacDesign.parse("1x1x2"))
    path, tried = tmp_path / "mine.lib", 0
    for seed in range(VARIANTS):
        path.write_bytes(damaged(LIBRARY, seed))
        if tried < 10 and reads(lambda: load_library(str(path)), "mine.lib"):
            tried += 1
            reads(lambda: synthesize(unit, load_library(str(path)), tmp_path / "out"), "mine.lib")
    assert tried == 10
