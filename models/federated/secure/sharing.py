"""Shamir's secret sharing, over the integers modulo a prime."""

import secrets
from collections.abc import Mapping

from models.federated.choices import FEWEST_SECURE
from models.federated.secure.keys import SECRET_BYTES

_PRIME = 2**521 - 1
_SHARE_BYTES = 66


def threshold(count: int) -> int:
    """How many of `count` shares it takes: more than half."""
    return count // 2 + 1


def fewest_in_sum(count: int) -> int:
    """How many of the `count` clients of a sum have to be in it, for it to be unmasked."""
    return max(threshold(count), FEWEST_SECURE)


def split(secret: bytes, count: int) -> list[bytes]:
    """Shares of a secret, of which `threshold(count)` tell it, and fewer tell nothing."""
    coefficients = [int.from_bytes(secret, "big"), *(secrets.randbelow(_PRIME) for _ in range(threshold(count) - 1))]
    return [_value(coefficients, place).to_bytes(_SHARE_BYTES, "big") for place in range(1, count + 1)]


def joined(shares: Mapping[int, bytes]) -> bytes:
    """The secret of shares by place, from 0. Raises ValueError if they are not of one secret."""
    total = 0
    for place, share in shares.items():
        others = [other for other in shares if other != place]
        upper, lower = 1, 1
        for other in others:
            upper = upper * (other + 1) % _PRIME
            lower = lower * (other - place) % _PRIME
        total += int.from_bytes(share, "big") * upper * pow(lower, -1, _PRIME)
    try:
        return (total % _PRIME).to_bytes(SECRET_BYTES, "big")
    except OverflowError as error:
        raise ValueError("shares do not belong together") from error


def _value(coefficients: list[int], place: int) -> int:
    total = 0
    for one in reversed(coefficients):
        total = (total * place + one) % _PRIME
    return total
