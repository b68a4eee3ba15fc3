"""Exact integer semantics of wrap-around accumulators.

The functions here work on integer tensors and define what the hardware checks, the kernels and the
exported networks compute. `models.arithmetic.differentiable` holds their counterparts for training,
which agree with them on every integer.
"""

from models.arithmetic.carries import carries
from models.arithmetic.integers import absolute, cyclic, fold_threshold, overflow_rate, relu_like, wrap

__all__ = ["absolute", "carries", "cyclic", "fold_threshold", "overflow_rate", "relu_like", "wrap"]
