"""Checks on values that users choose."""

from typing import Any, get_args


def check_choice(name: str, value: object, allowed: Any) -> None:
    """Raises ValueError, naming the parameter and what is allowed, for a value that is none of a Literal's."""
    if value not in get_args(allowed):
        raise ValueError(f"{name} is {value!r}; allowed are {', '.join(get_args(allowed))}")


def check_above_zero(name: str, value: float) -> None:
    """Raises ValueError, naming the parameter, for a value that is not above 0, or not finite."""
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} is {value}; allowed is a number above 0")


def check_positive(name: str, number: int) -> None:
    """Raises ValueError for a number below 1, named `name`."""
    if number < 1:
        raise ValueError(f"{name} is {number}; allowed are 1 and more")
