"""This machine's memory, and what is raised where it does not suffice. Needs no torch."""

import os
from pathlib import Path

_CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_WORDS = ("can't allocate memory", "not enough memory", "out of memory", "multiplication overflow", "size calculation")


def memory_bytes() -> int:
    """The memory that this process may take: the machine's, or its container's if that is less."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CONTAINER_LIMITS:
        if path.is_file() and (text := path.read_text(encoding="ascii").strip()).isdigit():
            limits.append(int(text))
    return min(limits)


def is_lack_of_memory(error: BaseException) -> bool:
    """Whether an error says that an allocation failed; torch raises RuntimeError where Python raises MemoryError."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and any(word in text for word in _WORDS))
