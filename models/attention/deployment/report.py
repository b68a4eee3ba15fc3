"""What an export tells of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExportedFile:
    """A file that was checked and put in place.

    operations: counts by kind. difference: the largest difference from torch, as a share of the largest value.
    """

    path: Path
    form: str
    operations: Mapping[str, int]
    difference: float

    def lines(self) -> list[str]:
        """What to print: the check, and the operations by kind, most frequent first."""
        ordered = sorted(self.operations.items(), key=lambda one: (-one[1], one[0]))
        counts = ", ".join(f"{kind} {count}" for kind, count in ordered)
        return [
            f"{self.path}: {self.form}, differs from torch by {self.difference:.1e} at most",
            f"  {sum(self.operations.values())} operations: {counts}",
        ]
