"""Lists of names in messages of one line."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int) -> str:
    """Returns the first `most` names, separated by commas, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
