"""Choices in quantizing weights; importing them is quick."""

from typing import Literal

ScalePer = Literal["tensor", "channel"]
"""What shares a scale: a whole matrix, or an output channel of it."""

Rounding = Literal["nearest", "stochastic"]
"""To the nearest integer (to even), or up with the probability of the fraction."""

AggregateName = Literal["mean", "median", "trimmed"]
"""What a server makes of its clients' updates."""

CriterionName = Literal["ctc", "transducer"]
"""How a recogniser's frames become tokens."""

FLOAT_BITS = 32
"""The number of bits that stands for weights which are not quantized."""

FEWEST_SECURE = 3
"""Clients that a secure sum needs: of two, each could take its own part away."""
