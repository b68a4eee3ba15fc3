"""Loads a library by name: the built-in one, an installed technology, or Liberty files."""

from os.path import isdir, isfile  # Path's own methods raise OSError for a list that is longer than any name
from pathlib import Path

from models.listing import listed
from reports.cells.builtin import builtin_text
from reports.cells.liberty_copy import liberty_text
from reports.cells.liberty_text import load_unit, time_unit
from reports.cells.library import NAMED, Library
from reports.cells.sources import read_source
from reports.cells.technology import installed_technologies, read_technology
from sim.gates.cells import cell_name
from sim.gates.liberty import Group, parse_liberty

BUILTIN = "builtin"

_DONT_USE = ("FA_X1", "HA_X1")


def load_library(name: str, dont_use: tuple[str, ...] = ()) -> Library:
    """Returns a library of standard cells.

    name: `builtin`, the name of an installed qflow technology such as osu018, or the path of a Liberty file, plain or
    gzipped. A library in several files is given as a folder that holds no other Liberty files, or as paths separated by
    commas. dont_use: cells to exclude in addition to the library's own exclusions. Raises ValueError if a file cannot
    be read or is not Liberty, if the files are not parts of one library, or if there are no flip-flops or gates.
    """
    library = _library(name, dont_use)
    if not library.chosen_cells and library.cells:
        if all(cell.for_logic for cell in library.cells.values()):
            raise ValueError(f"dont_use leaves no cell of {name}: {', '.join(dont_use)}")
        raise ValueError(f"{name} has no cell for logic{_reasons(library)}")
    chosen = library.chosen_cells.values()
    if not any(cell.flip_flop is None for cell in chosen):
        raise ValueError(f"{name} has no gates (no pin with a function){_reasons(library)}")
    if all(cell.flip_flop is None for cell in chosen):
        raise ValueError(
            f"{name} has no flip-flops (no cell with an ff group); a MAC unit needs them{_reasons(library)}"
        )
    return library


def library_files(name: str) -> list[Path]:
    """Returns the files that `load_library` reads. Raises ValueError for a folder without Liberty files."""
    if name == BUILTIN:
        return []
    if name in installed_technologies():
        return sorted(read_technology(name).folder.iterdir())
    if not isdir(name):
        return _paths(name)
    paths = sorted(path for path in Path(name).iterdir() if path.name.endswith((".lib", ".lib.gz")))
    if not paths:
        raise ValueError(f"{name} holds no Liberty files (.lib or .lib.gz)")
    return paths


def _library(name: str, dont_use: tuple[str, ...]) -> Library:
    if name == BUILTIN:
        return Library("Nangate 45 nm (built-in table)", builtin_text(), (*_DONT_USE, *dont_use))
    if name in installed_technologies():
        cells = read_technology(name).library
        return Library(cells.name, cells.text, (*cells.dont_use, *dont_use), left_out=cells.left_out)
    paths = library_files(name)
    return Library(Path(name).resolve().name if isdir(name) else _common_name(paths), _whole(paths), dont_use)


def _paths(name: str) -> list[Path]:
    """Returns the files in a list separated by commas, which the name of an existing file may contain as well."""
    parts, paths = name.split(","), []
    while parts:
        longest = next((end for end in range(len(parts), 1, -1) if isfile(",".join(parts[:end]))), 1)
        paths.append(Path(",".join(parts[:longest])))
        parts = parts[longest:]
    return paths


def _whole(paths: list[Path]) -> str:
    """Returns the library in one or several files, as Liberty source."""
    texts = [_read(path) for path in paths]
    libraries = [parse_liberty(text, str(path)) for text, path in zip(texts, paths, strict=True)]
    return texts[0] if len(texts) == 1 else _merged(libraries, paths)


def _read(path: Path) -> str:
    if not path.exists():
        raise ValueError(
            f"{path}: no such file; a library is '{BUILTIN}', a Liberty file, several separated by commas, or a folder"
        )
    return read_source(path)


def _merged(libraries: list[Group], paths: list[Path]) -> str:
    """Merges libraries into the first. Raises ValueError if their units differ or two define the same cell."""
    first, origin = libraries[0], dict[str, Path]()
    for library, path in zip(libraries, paths, strict=True):
        if _units(library, path) != _units(first, paths[0]):
            raise ValueError(f"{path} and {paths[0]} are not one library: their units differ")
        for name in dict.fromkeys(map(cell_name, library.all("cell"))):
            if name in origin:
                raise ValueError(f"{path} and {origin[name]} both have a cell {name}")
            origin[name] = path
    items = tuple(item for library in libraries for item in library.items)
    return liberty_text(Group(first.kind, first.names, items))


def _units(library: Group, path: Path) -> tuple[float, float]:
    return time_unit(library, str(path)), load_unit(library, str(path))


def _common_name(paths: list[Path]) -> str:
    """Returns the name of a file, or what several names begin with; all names, joined by +, if that is nothing."""
    names = [path.name for path in paths]
    if len(names) == 1:
        return names[0]
    same = next((place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), 0)
    return names[0][:same].rstrip("_-.") or "+".join(names)


def _reasons(library: Library) -> str:
    """Returns which cells are not used, and why, to end a message with."""
    avoided = [name for name in library.cells if name not in library.chosen_cells]
    notes = [library.note, f"avoided are {listed(avoided, NAMED)}" if avoided else None]
    return "".join(f"; {note}" for note in notes if note is not None)
