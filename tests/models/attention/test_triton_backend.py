"""The Triton kernel, in Triton's interpreter on the CPU."""

import json
import os
import subprocess
import sys

import pytest
import torch

from models.attention import triton_backend
from models.attention.local import LocalSelfAttention
from tests.support.attention import SIZES, local_attention, random_maps


@pytest.mark.skipif(not triton_backend.available(), reason="Triton is not installed")
def test_kernel_equals_torch_in_values_and_gradients() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.triton_differences"],
        env={**os.environ, "TRITON_INTERPRET": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    differences = json.loads(run.stdout)
    assert len(differences) == 2 * len(SIZES)
    assert max(differences.values()) < 1e-12


def test_gradient_of_the_table_sums_along_diagonals() -> None:
    bias = torch.randn(3, 5, 5, dtype=torch.float64)
    expected = torch.zeros(3, 9, dtype=torch.float64)
    for query in range(5):
        for key in range(5):
            expected[:, key - query + 4] += bias[:, query, key]
    torch.testing.assert_close(triton_backend.summed_by_offset(bias), expected)


def test_missing_triton_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton_backend, "available", lambda: False)
    module = local_attention(swap=False)
    module.backend = "triton"
    with pytest.raises(ValueError, match="backend is 'triton', which is not installed; allowed are auto, sdpa"):
        module(random_maps(12, (7, 7)))


def test_runs_that_do_not_fit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton_backend, "available", lambda: True)
    module = LocalSelfAttention(12, 4, length=196, backend="triton").double()
    with pytest.raises(ValueError, match="length is 196 and head_dim 4; the backend triton takes at most 128 and 64"):
        module(random_maps(12, (7, 7)))
