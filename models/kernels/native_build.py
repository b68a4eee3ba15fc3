"""Builds the C kernels as an extension module; setup.py names this file."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # setup.py runs this file by itself

from models.native_extension import describe_extension

ffi = describe_extension(
    "models.kernels._native",
    "models/kernels/native/kernels.h",
    ("models/kernels/native/*.c",),
    flags=("-ffp-contract=off",),
)
