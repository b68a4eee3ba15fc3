"""The form of recordings that speech models take."""

from pathlib import Path


def check_form(path: Path, rate: int, channels: int, expected: int) -> None:
    """Raises ValueError, naming the file, for another rate than the expected one, in Hz, or several channels."""
    if rate != expected:
        raise ValueError(f"{path} has {rate} samples a second; expected are {expected}")
    if channels != 1:
        raise ValueError(f"{path} has {channels} channels; expected is one")
