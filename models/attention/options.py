"""Options of token mixers."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class MixerOptions:
    """Options of all token mixers; each mixer reads those that concern it.

    head_dim: channels of a head. length: tokens of a run. swap: runs go down the columns. position_bias: whether
    attention in runs and windows has a learned bias. window: pixels a side of a window, and of a grid. stripe: pixels
    across a stripe. reduction: pixels a side of the squares that become one key. kernel: pixels a side of the pooling
    and of the depthwise convolution, odd. Raises ValueError for a value that is not allowed.
    """

    head_dim: int = 32
    length: int = 49
    swap: bool = False
    position_bias: bool = True
    window: int = 7
    stripe: int = 7
    reduction: int = 2
    kernel: int = 3

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is bool:
                checked_flag(field.name, value)
            else:
                checked_count(field.name, value)
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel is {self.kernel}; allowed is an odd number")


def checked_count(name: str, value: int) -> int:
    """The value. Raises ValueError unless it is an integer of at least 1."""
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} is {value!r}; allowed is an integer of at least 1")
    return value


def checked_flag(name: str, value: bool) -> bool:
    """The value. Raises ValueError unless it is True or False."""
    if type(value) is not bool:
        raise ValueError(f"{name} is {value!r}; allowed are True and False")
    return value


def head_count(dim: int, head_dim: int) -> int:
    """The number of heads of `head_dim` channels. Raises ValueError if they do not divide the `dim` channels."""
    checked_count("dim", dim)
    if dim % checked_count("head_dim", head_dim):
        raise ValueError(f"head_dim is {head_dim}; allowed is a divisor of the {dim} channels")
    return dim // head_dim
