"""Whether a process is there: while it is, it holds a lock on a file, which the system takes away when it ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def presence(file: Path) -> Iterator[None]:
    """Holds a lock on a new file with the number of this process, which appears when the lock is held."""
    temporary = file.with_suffix(".starting")
    with temporary.open("w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(str(os.getpid()))
        held.flush()
        os.replace(temporary, file)
        yield


def is_present(file: Path) -> bool:
    """Whether a process holds the lock on a file."""
    with file.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
