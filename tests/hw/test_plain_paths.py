"""Paths that tools of every kind read as they are."""

import os
from pathlib import Path

import pytest

from hw import plain_paths
from hw.plain_paths import is_plain, plain_path, plain_temporary, private_folder
from hw.tools import ToolError


@pytest.mark.parametrize("path", ["/a/b_c-d.e", "/a,b/c@d+e"])
def test_plain_paths_are_left_as_they_are(path: str) -> None:
    assert is_plain(Path(path))


@pytest.mark.parametrize("path", ["/a b", "/日本", "/a$b", "/a;b", "/a'b", "/a#b", "/a[b]", "/a{b}", "/a\\b", "/a\nb"])
def test_other_paths_are_reached_by_a_plain_link_that_goes_away(path: str, tmp_path: Path) -> None:
    folder = tmp_path / path[1:]
    folder.mkdir()
    assert not is_plain(folder)
    with plain_path(folder) as plain:
        assert is_plain(plain)
        (plain / "file").touch()
    assert (folder / "file").exists()
    assert not plain.is_symlink()


def test_temporary_files_go_where_the_path_is_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "sp ace"
    odd.mkdir()
    monkeypatch.setattr(plain_paths, "gettempdir", lambda: str(odd))
    assert is_plain(plain_temporary())
    monkeypatch.setattr(plain_paths, "_ROOTS", ())
    with pytest.raises(ToolError, match="sp ace is not plain or not writable; set TMPDIR to a folder without spaces"):
        plain_temporary()


def test_a_folder_that_others_could_write_to_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_paths, "gettempdir", lambda: str(tmp_path))
    ours = private_folder()
    assert ours == tmp_path / f"wrapmac-{os.getuid()}" == private_folder()
    assert ours.stat().st_mode & 0o777 == 0o700
    ours.chmod(0o777)
    assert private_folder() != ours
    ours.rmdir()
    (tmp_path / "theirs").mkdir(mode=0o700)
    ours.symlink_to(tmp_path / "theirs")
    assert private_folder() != ours
