"""Loads a library by name: the built-in one, an installed technology, or Liberty files."""

import gzip
import re
import zlib
from pathlib import Path

from reports.cells.builtin import builtin_text
from reports.cells.liberty_text import stated_units, without_comments
from reports.cells.library import Library
from reports.cells.technology import installed_technologies, read_technology

BUILTIN = "builtin"

_DONT_USE = ("FA_X1", "HA_X1")


def load_library(name: str, dont_use: tuple[str, ...] = ()) -> Library:
    """Returns a library of standard cells.

    name: `builtin`, the name of an installed qflow technology such as osu018, or the path of a Liberty file, plain or
    gzipped. A library in several files is given as a folder that holds no other Liberty files, or as paths separated by
    commas. dont_use: cells to exclude in addition to the library's own exclusions. Raises ValueError if a file cannot
    be read or is not Liberty, if the files are not parts of one library, or if there are no flip-flops or gates.
    """
    if name == BUILTIN:
        return Library("Nangate 45 nm (built-in table)", builtin_text(), (*_DONT_USE, *dont_use))
    if name in installed_technologies():
        technology = read_technology(name)
        cells = technology.library
        return Library(cells.name, cells.text, (*cells.dont_use, *dont_use))
    folder = Path(name)
    paths = [Path(part) for part in name.split(",")]
    if folder.is_dir():
        paths = sorted(path for path in folder.iterdir() if path.name.endswith((".lib", ".lib.gz")))
        if not paths:
            raise ValueError(f"{folder} holds no Liberty files (.lib or .lib.gz)")
    texts = [_read(path) for path in paths]
    text = texts[0] if len(texts) == 1 else _joined(texts, paths)
    _check_cells(text, name)
    return Library(folder.name if len(paths) == 1 or folder.is_dir() else _common_name(paths), text, dont_use)


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except FileNotFoundError as error:
        raise ValueError(
            f"{path}: no such file; a library is '{BUILTIN}', a Liberty file, several separated by commas, or a folder"
        ) from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as a Liberty file: {error}") from error
    bare = without_comments(text)
    if not re.search(r"\blibrary\s*\(", bare) or not re.search(r"\bcell\s*\(", bare):
        raise ValueError(f"{path} is not a Liberty file: it has no library with cells")
    if bare.count("{") != bare.count("}"):
        raise ValueError(f"{path} is truncated: its braces do not match")
    return text


def _joined(texts: list[str], paths: list[Path]) -> str:
    """Merges libraries into the first. Raises ValueError if their units differ or they define a cell twice."""
    bare = [without_comments(text) for text in texts]
    cells: dict[str, Path] = {}
    for text, path in zip(bare, paths, strict=True):
        if stated_units(text) != stated_units(bare[0]):
            raise ValueError(f"{path} and {paths[0]} are not one library: their units differ")
        for cell in re.findall(r"\bcell\s*\(\s*\"?([\w.]+)", text):
            if cell in cells:
                raise ValueError(f"{path} and {cells[cell]} both have a cell {cell}")
            cells[cell] = path
    head = bare[0][: bare[0].rindex("}")]
    return "\n".join([head, *(text[text.index("{") + 1 : text.rindex("}")] for text in bare[1:]), "}\n"])


def _common_name(paths: list[Path]) -> str:
    """Returns the common prefix of the file names; all names, joined by +, if they have none."""
    names = [path.name for path in paths]
    same = next((place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), 0)
    return names[0][:same].rstrip("_-.") or "+".join(names)


def _check_cells(text: str, name: str) -> None:
    bare = without_comments(text)
    if not re.search(r"\bff\s*\(", bare):
        raise ValueError(f"{name} has no flip-flops (no cell with an ff group); a MAC unit needs them")
    if not re.search(r"\bfunction\s*:", bare):
        raise ValueError(f"{name} has no gates (no pin with a function)")
