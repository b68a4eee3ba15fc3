"""Files are written whole or not at all."""

from pathlib import Path

import numpy as np
import pytest

from models.files import write_arrays, write_text, write_with


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "result.json"
    write_text(path, "old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_with(path, fail)
    assert path.read_text() == "old"
    assert [entry.name for entry in path.parent.iterdir()] == ["result.json"]


def test_the_temporary_file_keeps_the_suffix(tmp_path: Path) -> None:
    seen: list[str] = []
    write_with(tmp_path / "a.npz", lambda path: (seen.append(path.suffix), path.write_text("x")))
    assert seen == [".npz"]


@pytest.mark.parametrize("name", ["a.npz", "a.bin", "a"])
def test_arrays_get_the_name_they_are_given(name: str, tmp_path: Path) -> None:
    write_arrays(tmp_path / name, {"one": np.arange(3)})
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    with np.load(tmp_path / name) as stored:
        assert stored["one"].tolist() == [0, 1, 2]
