"""The directions of imports (docs/architecture.md), read from the source of every module."""

import ast
import subprocess
import sys
from collections.abc import Container, Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "models.arithmetic": ("models.arithmetic",),
    "models": ("models",),
    "hw": ("hw",),
    "sim": ("sim", "hw", "models"),
    "reports": ("reports", "sim", "hw", "models"),
    "wrapmac": ("reports", "sim", "hw", "models"),
    "tests": ("tests.support", "wrapmac", "reports", "sim", "hw", "models"),
}
"""What the modules of each room may import; the first room that a module lies in counts."""

Imports = Mapping[str, set[str]]


@cache
def project_imports() -> Imports:
    """Every module of ours with the modules of ours that it imports; a package is its `__init__`."""
    files = [ROOT / "wrapmac.py", *(path for room in ALLOWED for path in (ROOT / room).rglob("*.py"))]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in files}
    return {name: {found for found in imported(path, modules) if found in modules} for name, path in modules.items()}


def imported(path: Path, modules: Container[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from (alias.name, f"{alias.name}.__init__")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = inner in modules or f"{inner}.__init__" in modules
                yield from (inner, f"{inner}.__init__") if is_module else (f"{node.module}", f"{node.module}.__init__")


def lies_in(module: str, room: str) -> bool:
    return f"{module}.".startswith(f"{room}.")


def wrong_directions(imports: Imports) -> list[str]:
    rooms = {module: next(room for room in ALLOWED if lies_in(module, room)) for module in imports}
    return [
        f"{module} imports {found}"
        for module, all_found in imports.items()
        for found in sorted(all_found)
        if not any(lies_in(found, allowed) for allowed in ALLOWED[rooms[module]])
    ]


def circles(imports: Imports) -> list[str]:
    """The circles among the children of each package, which are modules or packages themselves."""
    children: dict[str, dict[str, set[str]]] = {}
    for module, all_found in imports.items():
        for found in all_found:
            parts, others = module.split("."), found.split(".")
            depth = next((at for at, (one, other) in enumerate(zip(parts, others, strict=False)) if one != other), None)
            if depth is not None:
                child, other = ".".join(parts[: depth + 1]), ".".join(others[: depth + 1])
                children.setdefault(".".join(parts[:depth]), {}).setdefault(child, set()).add(other)
    found_circles = []
    for graph in children.values():
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            found_circles.append(" <- ".join(error.args[1]))
    return found_circles


def test_every_import_goes_the_right_way() -> None:
    assert wrong_directions(project_imports()) == []


def test_no_packages_import_each_other_in_a_circle() -> None:
    assert circles(project_imports()) == []


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("models.arithmetic.integers", "models.files"),
        ("hw.mac.unit", "models.arithmetic.integers"),
        ("models.wrapnet.run", "sim.mac.golden"),
        ("models.integer_network.layer", "hw.mac.design"),
        ("sim.simulators", "reports.cells.liberty"),
        ("reports.mac.flow", "wrapmac"),
        ("sim.mac.golden", "tests.support.netlists"),
        ("tests.models.test_files", "tests.conftest"),
    ],
)
def test_a_wrong_import_is_found(module: str, imported: str) -> None:
    imports = dict(project_imports())
    imports[module] = imports[module] | {imported}
    assert f"{module} imports {imported}" in wrong_directions(imports)


def without_encoding(source: str) -> list[int]:
    """The lines that open a file as text, or read or write one, and do not name its encoding."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if is_of_text(call) and not any(keyword.arg == "encoding" for keyword in call.keywords)
    ]


def is_of_text(call: ast.Call) -> bool:
    """Whether a call is of a path's read_text or write_text, or opens a path as text."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("read_text", "write_text"):
        return True
    is_function = isinstance(call.func, ast.Name) and call.func.id == "open"
    is_method = isinstance(call.func, ast.Attribute) and call.func.attr == "open"
    stated = [*call.args[int(is_function) :], *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [str(value.value) for value in stated if isinstance(value, ast.Constant)]
    is_of_path = is_function or (is_method and len(modes) == len(stated))  # others open images, archives, descriptors
    return is_of_path and not any("b" in mode for mode in modes)


@pytest.mark.parametrize("room", ["models", "hw", "sim", "reports", "wrapmac"])
def test_every_file_of_text_is_read_and_written_in_a_named_encoding(room: str) -> None:
    files = [ROOT / "wrapmac.py"] if room == "wrapmac" else (ROOT / room).rglob("*.py")
    found = {str(path.relative_to(ROOT)): without_encoding(path.read_text(encoding="utf-8")) for path in files}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.read_text()", True),
        ("path.write_text(text)", True),
        ("path.open()", True),
        ("path.open('w')", True),
        ("open(path, 'w')", True),
        ("open(path, mode='a')", True),
        ("path.read_text(encoding='ascii')", False),
        ("path.open('rb')", False),
        ("open(path, mode='ab')", False),
        ("path.read_bytes()", False),
        ("write_text(path, text)", False),
        ("os.open(folder, os.O_RDONLY)", False),
        ("tarfile.open(path, tarinfo=Header)", False),
    ],
)
def test_a_file_without_an_encoding_is_found(source: str, found: bool) -> None:
    assert without_encoding(source) == ([1] if found else [])


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("models.data.sources", "models.wrapnet.run"),
        ("reports.cells.liberty", "reports.layout.page"),
        ("models.training.seeds", "models.training.loop"),
        ("hw.mac.design", "hw.mac.unit"),
    ],
)
def test_a_circle_is_found(module: str, imported: str) -> None:
    imports = dict(project_imports())
    imports[module] = imports[module] | {imported}
    assert circles(imports) != []


@pytest.mark.parametrize(("package", "others"), [("models.arithmetic", ("hw",)), ("hw", ("models",))])
def test_the_ground_floor_loads_neither_the_other_rooms_nor_matplotlib(package: str, others: tuple[str, ...]) -> None:
    code = f"import sys, {package}; print(*{{name.split('.')[0] for name in sys.modules}})"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"sim", "reports", "matplotlib", *others} & set(loaded.stdout.split())
