"""Writes files whole or not at all, and leaves alone what is not a regular file."""

import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

_LONGEST_SUFFIX = 16


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then renames it; a process killed midway leaves the old file.

    A symbolic link stays, and the file that it leads to is written. Devices, pipes and the files that the standard
    streams go to are written to, never replaced. Creates missing folders. Raises OSError if the file cannot be written.
    """
    path = Path(os.path.realpath(path))
    with _naming(path):
        if is_stream(path):
            _write_into(path, write)
        else:
            _replace(path, write)


def ensure_writable(path: Path) -> None:
    """Raises OSError if `write_with` could not write the file `path`; creates nothing."""
    _ensure_permitted(path)
    if not is_stream(path):
        ensure_folder(Path(os.path.realpath(path)).parent)


def ensure_folder(folder: Path) -> None:
    """Raises OSError if `folder` is not a folder to write to, and cannot be created as one; creates nothing."""
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))
    if not existing.is_dir():
        raise NotADirectoryError(f"{existing} is not a folder")
    try:
        TemporaryFile(dir=existing).close()
    except OSError as error:
        raise OSError(f"{existing} cannot be written: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` in UTF-8, whole or not at all; parts of file names that are not text are escaped."""
    write_with(path, lambda temporary: temporary.write_text(text, encoding="utf-8", errors="backslashreplace"))


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Writes arrays to `path` as a compressed npz file, whole or not at all, whatever the suffix."""
    import numpy as np  # here alone: commands that write no arrays start without it

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)

    write_with(path, write)


def is_stream(path: Path) -> bool:
    """Whether `path` can be written to but not replaced: a device, a pipe, or the file behind a standard stream.

    Raises OSError for a folder, a circle of links, and a name that the file system does not take.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(f"{path} is a folder; a file is to be written there")
    return not stat.S_ISREG(found.st_mode) or any(os.path.samestat(found, stream) for stream in _standard_streams())


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    _ensure_permitted(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(_temporary_name(path))
    try:
        write(temporary)
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Names `path` in an OSError that names no file, as a full disk's."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _ensure_permitted(path: Path) -> None:
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path} cannot be written: it is read-only")


def _standard_streams() -> list[os.stat_result]:
    """The files behind standard output and standard error, where they are open."""
    found = []
    for descriptor in (1, 2):
        try:
            found.append(os.fstat(descriptor))
        except OSError:
            continue
    return found


def _write_into(stream: Path, write: Callable[[Path], object]) -> None:
    """Appends what `write` writes to a stream; a file behind one is not cut off."""
    with TemporaryDirectory() as folder:
        temporary = Path(folder, _temporary_name(stream))
        write(temporary)
        with temporary.open("rb") as source, stream.open("ab", buffering=0) as target:
            shutil.copyfileobj(source, target)


def _temporary_name(path: Path) -> str:
    """A short name of its own, however long that of the file is.

    The suffix stays last: some writers choose their format by it, or add it where it is missing.
    """
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    return f".{secrets.token_hex(4)}{suffix}"
