"""Finished steps are kept, and made anew when anything they depend on changes."""

from pathlib import Path
from typing import Any

import pytest

from reports import records
from reports.records.kept import kept


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
