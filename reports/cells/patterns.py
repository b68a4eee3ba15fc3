"""Patterns of cell names, as of `--dont-use`."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_PATTERN = re.compile(r"[\w\[\]*?.$]+", re.ASCII)


def check_patterns(patterns: Iterable[str]) -> None:
    """Raises ValueError for a pattern with characters that no name or pattern has."""
    for pattern in patterns:
        if _PATTERN.fullmatch(pattern) is None:
            raise ValueError(
                f"dont_use is {pattern!r}; allowed are letters, digits, _, ., $, and as wildcards *, ? and [...], "
                "which also stands for itself"
            )


def matches(name: str, pattern: str) -> bool:
    """Returns whether a pattern matches a name; `[0]` stands for the character 0 as well as for itself."""
    return fnmatchcase(name, pattern) or fnmatchcase(name, pattern.replace("[", "[[]"))
