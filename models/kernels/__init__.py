"""Convolutions and matrix products whose sums wrap around in a few bits, by table look-up (dissertation 2.3.4, 2.4.5).

Sums modulo 2^b are exact in any order, so low-bit weights become indices into tables of activation sums. C code for the
instruction sets of this machine does the look-ups; where it was not compiled, torch computes the same.
"""

from models.kernels.convolution import PackedConvolution
from models.kernels.network import IntegerNetwork
from models.kernels.outputs import Levels, Scale
from models.kernels.paths import available_paths, chosen_path, set_threads
from models.kernels.product import PackedProduct

__all__ = [
    "IntegerNetwork",
    "Levels",
    "PackedConvolution",
    "PackedProduct",
    "Scale",
    "available_paths",
    "chosen_path",
    "set_threads",
]
