"""Paths that make, shell scripts and Tcl read as they are: without spaces, accents and characters of their syntax."""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir, mkdtemp

from hw.tools import ToolError

_PLAIN = re.compile(r"[\w.,+@/-]+", re.ASCII)
_ROOTS = ("/tmp", "/var/tmp", "/dev/shm")


def is_plain(path: Path) -> bool:
    """Whether tools of every kind read the path as it is."""
    return _PLAIN.fullmatch(str(path)) is not None


def plain_temporary() -> Path:
    """A folder for temporary files with a plain path. Raises ToolError if there is none."""
    for root in map(Path, (gettempdir(), *_ROOTS)):
        if is_plain(root) and os.access(root, os.W_OK):
            return root
    raise ToolError(f"{gettempdir()} is not plain or not writable; set TMPDIR to a folder without spaces and accents")


def private_folder() -> Path:
    """A folder for temporary files with a plain path that nobody else can write to, the same for all runs of a user."""
    place = plain_temporary() / f"wrapmac-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
        return place
    return Path(mkdtemp(dir=plain_temporary(), prefix="wrapmac-"))


@contextmanager
def plain_path(path: Path) -> Iterator[Path]:
    """Yields an absolute, plain path to a file or folder: its own, or else a symbolic link that is removed on exit."""
    path = Path(os.path.realpath(path))
    if is_plain(path):
        yield path
        return
    with TemporaryDirectory(dir=plain_temporary(), prefix="wrapmac-") as folder:
        link = Path(folder, "link")
        link.symlink_to(path)
        yield link
