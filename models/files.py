"""Writes files whole or not at all, and leaves alone what is not a regular file."""

import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

_LONGEST_SUFFIX = 16


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write` fill a temporary file beside `path`, then renames it; a process killed midway leaves the old file.

    A symbolic link stays, and the file that it leads to is written. Devices, pipes and the files that the standard
    streams go to are written to, never replaced. Creates missing folders. Raises OSError if the file cannot be written.
    """
    with _naming(path):
        if is_stream(path):
            _write_into(path, write)
        else:
            _replace(Path(os.path.realpath(path)), write)


def ensure_writable(path: Path) -> None:
    """Raises OSError if `write_with` could not write the file `path`; creates nothing."""
    _ensure_permitted(path)
    if not is_stream(path):
        ensure_folder(Path(os.path.realpath(path)).parent)


def ensure_folder(folder: Path) -> None:
    """Raises OSError if `folder` is not a folder to write to, and cannot be created as one; creates nothing."""
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if _exists(place))
    if not existing.is_dir():
        raise NotADirectoryError(f"{existing} is not a folder")
    try:
        TemporaryFile(dir=existing).close()
    except OSError as error:
        raise OSError(f"{existing} cannot be written: {error.strerror}") from error


def write_text(path: Path, text: str) -> None:
    """Writes `text` to `path` in UTF-8, whole or not at all; parts of file names that are not text are escaped."""
    write_with(path, lambda temporary: temporary.write_text(text, encoding="utf-8", errors="backslashreplace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all."""
    write_with(path, lambda temporary: temporary.write_bytes(content))


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
    return not stat.S_ISREG(found.st_mode) or _standard_stream(found) is not None


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
    """Names `path` in an OSError that names no file, as a full disk's, or a temporary file beside it."""
    try:
        yield
    except OSError as error:
        named = error.filename
        if error.errno is None or (named is not None and Path(os.fsdecode(named)).parent != path.absolute().parent):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _ensure_permitted(path: Path) -> None:
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{path} cannot be written: it is read-only")


def _exists(path: Path) -> bool:
    """Whether there is something of this name, also a broken link. Raises OSError for an impossible name."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _standard_stream(file: os.stat_result) -> int | None:
    """The descriptor of standard output or standard error if the file is behind it."""
    for descriptor in (1, 2):
        with suppress(OSError):  # a closed stream
            if os.path.samestat(file, os.fstat(descriptor)):
                return descriptor
    return None


def _write_into(stream: Path, write: Callable[[Path], object]) -> None:
    """Writes what `write` writes to a stream, after what a standard stream has written so far."""
    with TemporaryDirectory() as folder:
        temporary = Path(folder, _temporary_name(stream))
        write(temporary)
        descriptor = _standard_stream(stream.stat())
        if descriptor is None:
            opened = os.open(stream, os.O_WRONLY | os.O_APPEND)
        else:  # opened anew, a file would be written to from its beginning, or over its end
            for one in (sys.stdout, sys.stderr):
                one.flush()
            opened = os.dup(descriptor)
        with temporary.open("rb") as source, open(opened, "wb", buffering=0) as target:
            shutil.copyfileobj(source, target)


def _temporary_name(path: Path) -> str:
    """A short name of its own, however long that of the file is.

    The suffix stays last: some writers choose their format by it, or add it where it is missing.
    """
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""
    return f".{secrets.token_hex(4)}{suffix}"
