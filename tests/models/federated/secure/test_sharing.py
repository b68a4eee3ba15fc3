"""Shares of a secret."""

import random
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.federated.secure.sharing import joined, split, threshold

PRIME = 2**521 - 1


@given(st.binary(min_size=32, max_size=32), st.integers(1, 12), st.randoms())
def test_any_majority_tells_the_secret(secret: bytes, count: int, chance: random.Random) -> None:
    shares = dict(enumerate(split(secret, count)))
    chosen = chance.sample(sorted(shares), chance.randint(threshold(count), count))
    assert joined({place: shares[place] for place in chosen}) == secret


def test_shares_of_different_secrets_are_refused() -> None:
    one, other = (dict(enumerate(split(secrets.token_bytes(32), 5))) for _ in range(2))
    with pytest.raises(ValueError, match="do not belong together"):
        joined({1: one[1], 4: one[4], 2: other[2]})


def test_one_share_too_few_leaves_the_secret_open() -> None:
    """Whatever the secret is, some third share goes with the two that are known; here for two shares."""
    shares = split(secrets.token_bytes(32), 5)
    x, y = 1, 2  # places of the known ones
    for guess in range(5):
        first, second = (int.from_bytes(shares[place - 1], "big") for place in (x, y))
        # the parabola through (0, guess), (x, first), (y, second)
        slope = ((first - guess) * pow(x, -1, PRIME) - (second - guess) * pow(y, -1, PRIME)) * pow(x - y, -1, PRIME)
        linear = (first - guess) * pow(x, -1, PRIME) - slope * x
        third = (guess + linear * 3 + slope * 9) % PRIME
        found = joined({0: shares[0], 1: shares[1], 2: third.to_bytes(66, "big")})
        assert int.from_bytes(found, "big") == guess


def test_shares_of_the_same_secret_differ() -> None:
    secret = bytes(32)
    assert not set(split(secret, 4)) & set(split(secret, 4))
