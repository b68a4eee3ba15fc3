"""Builds the C functions of training as an extension module: setup.py names this file."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # setup.py runs this file by itself

from models.native_extension import describe_extension

ffi = describe_extension(
    "models.quantization._native",
    "models/quantization/native/emulation.h",
    ("models/quantization/native/*.c", "models/kernels/native/thread_pool.c"),
    flags=("-ffp-contract=off",),  # a fused multiplication and addition would round once instead of twice
)
