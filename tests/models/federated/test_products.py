"""Products of 8-bit integers, whatever instructions the processor has."""

import os
import subprocess
import sys

import pytest
import torch

from models.federated import products

LARGEST = 127


@pytest.mark.parametrize("by_torch", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (17, 1040, 9), (4, 1041, 3), (2, 5000, 2)])
def test_sums_are_exact(by_torch: bool, shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    if by_torch and not products.torch_product_is_exact():
        pytest.skip("torch's product of int8 saturates on this processor")
    monkeypatch.setattr(products, "torch_product_is_exact", lambda: by_torch)
    monkeypatch.setattr(products, "torch_product_is_quick", lambda: True)
    rows, inputs, outputs = shape
    generator = torch.Generator().manual_seed(inputs)
    left = torch.randint(-LARGEST, LARGEST + 1, (rows, inputs), dtype=torch.int8, generator=generator)
    right = torch.randint(-LARGEST, LARGEST + 1, (outputs, inputs), dtype=torch.int8, generator=generator)
    left[0], right[0] = LARGEST, -LARGEST  # the largest sum that there is
    sums = products.integer_product(left, right)
    assert sums.dtype == torch.int32
    assert torch.equal(sums.long(), left.long() @ right.long().t())


@pytest.mark.parametrize("instructions", ["SSE41", "AVX2", "AVX512_CORE", "DEFAULT"])
def test_saturating_instructions_are_found_and_avoided(instructions: str) -> None:
    program = (
        "import torch\n"
        "from models.federated.products import integer_product, torch_product_is_exact\n"
        "left = torch.full((400, 512), 127, dtype=torch.int8)\n"
        "right = torch.full((64, 512), -127, dtype=torch.int8)\n"
        "assert (integer_product(left, right) == -512 * 127 * 127).all()\n"
        "assert torch_product_is_exact() == bool((torch._int_mm(left, right.t()) == -512 * 127 * 127).all())\n"
    )
    environment = os.environ | {"ONEDNN_MAX_CPU_ISA": instructions}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_frames_fill_8_bits_and_zeros_and_nan_stay() -> None:
    frames = torch.tensor([[0.0, 0.0], [-254.0, 1.0], [float("nan"), 1.0]])
    assert products.frame_scale(frames).flatten()[:2].tolist() == [1, 2]
    assert products.frame_scale(frames)[2].isnan()
