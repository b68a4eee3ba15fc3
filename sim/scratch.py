"""Folders that runs work in, side by side with other runs."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_PREFIX = "run-"


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """An empty folder in `parent`, removed at the end; those that killed runs left there are removed first.

    A run locks its folder, and a lock ends with its process at the latest: folders in use are told from those left.
    On a file system that cannot lock folders (some network file systems), runs in one `parent` must follow each other.
    """
    with ExitStack() as run:
        with _locked(parent):
            for found in parent.glob(f"{_PREFIX}*"):
                if _left(found):
                    shutil.rmtree(found, ignore_errors=True)  # a killed run's simulator may even still be at it
            name = run.enter_context(TemporaryDirectory(dir=parent, prefix=_PREFIX, ignore_cleanup_errors=True))
            run.enter_context(_locked(Path(name)))
        yield Path(name)


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Raises BlockingIOError where another holds the lock and it is not waited for."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        _lock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int) -> None:
    try:
        fcntl.flock(descriptor, how)
    except BlockingIOError:
        raise
    except OSError:
        pass  # no locks on this file system: better to run without than not at all


def _left(folder: Path) -> bool:
    try:
        with _locked(folder, wait=False):
            return True
    except (BlockingIOError, FileNotFoundError):
        return False
