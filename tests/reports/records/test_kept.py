"""Records of finished steps are kept, and made again when anything they depend on changes."""

from pathlib import Path
from typing import Any

import pytest

from reports.records import kept as records
from reports.records.kept import digest, kept
from reports.sweep.points import SOURCES

CODE = ("module.py", "unit.v", "cells.tsv", "kernel.c", "kernel.h", "lanes.inc", "page.html.jinja")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose package `room` holds one file of each kind of code."""
    monkeypatch.setattr(records, "_ROOT", tmp_path)
    (tmp_path / "room").mkdir()
    for name in CODE:
        (tmp_path / "room" / name).write_text("code")
    return tmp_path


def fresh_digest(*packages: str) -> str:
    """The key of code as it is now: `digest` reads each package once in a process."""
    records._code_digest.cache_clear()
    return digest(packages, {})


class Step:
    """Counts how often it runs."""

    runs = 0

    def __call__(self) -> dict[str, Any]:
        self.runs += 1
        return {"run": self.runs}


def test_a_record_is_kept_while_inputs_and_code_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, path = Step(), tmp_path / "step.json"
    assert kept(path, ("hw",), {"seed": 0}, step) == {"run": 1}
    assert kept(path, ("hw",), {"seed": 0}, step) == {"run": 1}
    assert kept(path, ("hw",), {"seed": 1}, step) == {"run": 2}
    monkeypatch.setattr(records, "_code_digest", lambda package: "other code")
    assert kept(path, ("hw",), {"seed": 1}, step) == {"run": 3}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": 1}'])
def test_a_record_that_cannot_be_read_is_made_anew(content: str, tmp_path: Path) -> None:
    path = tmp_path / "step.json"
    path.write_text(content)
    assert kept(path, ("hw",), {}, Step()) == {"run": 1}


def test_a_step_that_fails_leaves_no_record(tmp_path: Path) -> None:
    def fail() -> dict[str, Any]:
        raise RuntimeError

    path = tmp_path / "step.json"
    kept(path, ("hw",), {"seed": 0}, Step())
    with pytest.raises(RuntimeError):
        kept(path, ("hw",), {"seed": 1}, fail)
    assert not path.exists()


def test_a_record_that_is_not_final_is_returned_but_not_kept(tmp_path: Path) -> None:
    step, path = Step(), tmp_path / "step.json"
    for run in (1, 2, 3):
        assert kept(path, ("hw",), {}, step, final=lambda record: record["run"] == 2) == {"run": min(run, 2)}


def test_a_record_whose_files_are_gone_is_made_anew(tmp_path: Path) -> None:
    step, path, file = Step(), tmp_path / "step.json", tmp_path / "netlist.v"
    file.touch()
    assert kept(path, ("hw",), {}, step, (file,)) == {"run": 1}
    assert kept(path, ("hw",), {}, step, (file,)) == {"run": 1}
    file.unlink()
    assert kept(path, ("hw",), {}, step, (file,)) == {"run": 2}


@pytest.mark.parametrize("name", CODE)
def test_a_key_changes_with_every_kind_of_code(name: str, root: Path) -> None:
    before = fresh_digest("room")
    (root / "room" / name).write_text("other code")
    assert fresh_digest("room") != before


def test_a_key_does_not_change_with_files_that_are_no_code(root: Path) -> None:
    before = fresh_digest("room")
    (root / "room" / "notes.txt").write_text("notes")
    assert fresh_digest("room") == before


@pytest.mark.parametrize("change", ["moved", "renamed", "vanished"])
def test_code_that_moved_or_vanished_makes_a_record_stale(change: str, root: Path) -> None:
    step, path = Step(), root / "step.json"
    records._code_digest.cache_clear()
    assert kept(path, ("room",), {}, step) == {"run": 1}
    package = root / "room"
    if change == "moved":
        package = package.rename(root / "chamber")
    elif change == "renamed":
        (package / "module.py").rename(package / "other.py")
    else:
        (package / "module.py").unlink()
    records._code_digest.cache_clear()
    assert kept(path, (package.name,), {}, step) == {"run": 2}


@pytest.mark.parametrize("package", ["gone", "gone.py", "empty"])
def test_records_cannot_depend_on_code_that_is_not_there(package: str, root: Path) -> None:
    (root / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=f"{package} holds no code"):
        fresh_digest("room", package)


def test_the_code_that_records_of_sweeps_depend_on_is_there() -> None:
    assert digest(SOURCES, {})
