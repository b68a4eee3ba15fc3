"""Scratch folders for runs that share a parent folder."""

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
    """Yields an empty folder in `parent`, removed on exit; first removes folders that killed runs left there.

    A run locks its folder, and the lock ends with its process at the latest, which tells folders in use from abandoned
    ones. On file systems without locks (some network file systems) runs in the same `parent` must not overlap.
    """
    with ExitStack() as run:
        with _locked(parent):
            for found in parent.glob(f"{_PREFIX}*"):
                if _abandoned(found):
                    shutil.rmtree(found, ignore_errors=True)  # a killed run's simulator may still write to it
            name = run.enter_context(TemporaryDirectory(dir=parent, prefix=_PREFIX, ignore_cleanup_errors=True))
            run.enter_context(_locked(Path(name)))
        yield Path(name)


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Locks a folder; without `wait`, raises BlockingIOError if another process holds the lock."""
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
        pass  # a file system without locks: better to run unlocked than not at all


def _abandoned(folder: Path) -> bool:
    try:
        with _locked(folder, wait=False):
            return True
    except (BlockingIOError, FileNotFoundError):
        return False
