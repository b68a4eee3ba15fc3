"""Narrow residual encoders, whose layout avoids a fault of torch's convolutions."""

import os
import subprocess
import sys

import pytest
import torch

from models.backbones.resnet_encoder import resnet_encoder


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_gradients_of_narrow_encoders_leave_the_heap_alone(name: str) -> None:
    """In a process of its own, whose every release of memory glibc checks where it has the library for that."""
    program = (
        "import torch\n"
        "from models.backbones.resnet_encoder import resnet_encoder\n"
        f"encoder = resnet_encoder({name!r}, 'cifar', 1, width=2)\n"
        "for _ in range(10):\n"
        "    encoder(torch.randn(16, 1, 8, 8)).square().sum().backward()\n"
    )
    environment = os.environ | {"LD_PRELOAD": "libc_malloc_debug.so.0", "MALLOC_CHECK_": "3"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("width", "last"), [(None, True), (8, True), (7, False)])
def test_channels_lie_last_from_a_width_of_8_on(width: int | None, last: bool) -> None:
    encoder = resnet_encoder("resnet18", "cifar", 3, width)
    with torch.no_grad():
        maps = encoder.first(torch.randn(2, 3, 8, 8).contiguous(memory_format=encoder.layout))
    assert maps.is_contiguous(memory_format=torch.channels_last) == last
