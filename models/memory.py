"""This machine's memory, and what is raised where it does not suffice. Needs no torch."""

import math
import os
from pathlib import Path

_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_GIGABYTE = 1e9
_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "multiplication overflow", "size calculation")


def memory_bytes() -> int:
    """The memory that this process may take: the machine's, or its container's if that is less."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CONTAINER_LIMITS:
        if path.is_file() and (text := path.read_text(encoding="ascii").strip()).isdigit():
            limits.append(int(text))
    return min(limits)


def check_fits(subject: str, needed: float, task: str) -> None:
    """Raises ValueError, naming the subject, if it needs more bytes than this process may take.

    needed: may be infinite. task: what the memory is for, such as "to train".
    """
    if needed > memory_bytes():
        amount = "more than any machine's" if math.isinf(needed) else f"{needed / _GIGABYTE:.3g} GB of"
        raise ValueError(
            f"{subject} needs {amount} memory {task}; this machine has {memory_bytes() / _GIGABYTE:.3g} GB"
        )


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error says that an allocation failed; torch raises RuntimeError where Python raises MemoryError."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(word in text for word in _WORDS))
