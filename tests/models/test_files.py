"""Files are written whole or not at all."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.files import ensure_folder, ensure_writable, write_arrays, write_text, write_with
from models.training.tensor_files import write_tensors


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


def test_a_device_is_written_to_and_stays(tmp_path: Path) -> None:
    reader, writer = os.openpty()
    terminal = Path(os.ttyname(writer))
    link = tmp_path / "link.json"
    link.symlink_to(terminal)
    for path in (terminal, link):
        write_text(path, "{}\n")
        assert os.read(reader, 10) == b"{}\r\n"
        assert terminal.is_char_device()
    assert link.is_symlink()
    os.close(reader)
    os.close(writer)


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_text(pipe, "content")
    reader.join()
    assert read == [b"content"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("target", ["there", "missing/there"])
def test_a_symbolic_link_is_followed_and_stays(target: str, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(target)
    for text in ("first", "second"):
        write_text(link, text)
        assert link.is_symlink()
        assert (tmp_path / target).read_text() == text
        assert [entry.name for entry in (tmp_path / target).parent.iterdir() if entry.name.startswith(".")] == []


def test_a_circle_of_links_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"):
        write_text(tmp_path / "a", "x")
    with pytest.raises(OSError, match="symbolic links"):
        ensure_writable(tmp_path / "a")


WRITES_TO_ITS_OUTPUT = """
import sys
from pathlib import Path
from models.files import ensure_writable, write_text
print("before")
for name in sys.argv[1:]:
    ensure_writable(Path(name))
    write_text(Path(name), "a longer line of results\\n")
print("after")
"""
LINES = ["before", "a longer line of results", "after"]


def printed(folder: Path, *names: str, stdout: Any) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WRITES_TO_ITS_OUTPUT, *names]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(command, cwd=folder, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("mode", ["w", "a"])
@pytest.mark.parametrize("name", ["out.txt", "/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"])
def test_the_file_behind_standard_output_is_added_to(name: str, mode: str, tmp_path: Path) -> None:
    with (tmp_path / "out.txt").open(mode) as output:
        finished = printed(tmp_path, name, stdout=output)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "out.txt").read_text().splitlines() == LINES
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.txt"]


@pytest.mark.parametrize("name", ["/dev/stdout", "/proc/self/fd/1"])
def test_a_pipe_behind_standard_output_is_written_to(name: str, tmp_path: Path) -> None:
    finished = printed(tmp_path, name, stdout=subprocess.PIPE)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines() == LINES


def test_a_pipe_of_another_descriptor_is_written_to() -> None:
    reader, writer = os.pipe()
    write_text(Path(f"/dev/fd/{writer}"), "content")
    os.close(writer)
    assert os.read(reader, 100) == b"content"
    os.close(reader)


@pytest.mark.parametrize("name", ["x" * 255, "日" * 85, "x." + "y" * 253])
def test_names_as_long_as_the_file_system_takes_them(name: str, tmp_path: Path) -> None:
    write_text(tmp_path / name, "text")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    with pytest.raises(OSError, match="File name too long"):
        ensure_writable(tmp_path / f"{name}z")


def test_permissions_stay(tmp_path: Path) -> None:
    path = tmp_path / "private.json"
    write_text(path, "old")
    path.chmod(0o600)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_text_is_utf_8_whatever_the_locale_and_names_of_files_that_are_no_text_are_escaped(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "日 \udcff")
    assert (tmp_path / "a").read_bytes() == "日 \\udcff".encode()


@pytest.mark.parametrize("name", ["file/deeper", "file/deeper/still"])
def test_a_folder_below_a_file_is_refused_and_nothing_is_made(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="file is not a folder"):
        ensure_folder(tmp_path / name)
    ensure_folder(tmp_path / "new" / "folder")
    with pytest.raises(OSError, match="File name too long"):
        ensure_folder(tmp_path / ("x" * 300))
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Lets no file grow beyond 100 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_text(path, "x" * 1000),
        lambda path: write_arrays(path, {"one": np.random.default_rng(0).random(1000)}),
        lambda path: write_tensors(path, {"one": torch.rand(1000)}),
    ],
    ids=["text", "arrays", "tensors"],
)
def test_a_full_disk_names_the_file_and_leaves_the_old_one(
    write: Callable[[Path], None], tmp_path: Path, full_disk: None
) -> None:
    path = tmp_path / "kept"
    path.write_text("old")
    with pytest.raises(OSError, match=r"kept") as caught:
        write(path)
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]


def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match=r"No space left on device: '/dev/full'"):
        write_text(Path("/dev/full"), "text")
