"""Local self-attention equals global attention under a mask, whatever computes it."""

import copy

import pytest
import torch

from models.attention.local import Backend, LocalSelfAttention, set_backend
from tests.support.attention import (
    SIZES,
    local_attention,
    masked_global_attention,
    random_maps,
    values_and_gradients,
)


@pytest.mark.parametrize("backend", ["sdpa", "matmul"])
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_equals_global_attention_under_a_mask(size: tuple[int, int], swap: bool, backend: Backend) -> None:
    module = local_attention(swap)
    module.backend = backend
    maps = random_maps(12, size)
    found = values_and_gradients(module, module(maps), maps)
    expected = values_and_gradients(module, masked_global_attention(module, maps), maps)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["sdpa", "matmul"])
@pytest.mark.parametrize("length", [1, 2, 7, 1000])
def test_runs_of_any_length(length: int, backend: Backend) -> None:
    module = local_attention(swap=True, length=length)
    module.backend = backend
    maps = random_maps(12, (4, 5))
    torch.testing.assert_close(module(maps), masked_global_attention(module, maps), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_no_position_bias_and_any_layout(memory_format: torch.memory_format) -> None:
    module = local_attention(swap=False, position_bias=False)
    maps = random_maps(12, (9, 8)).detach().to(memory_format=memory_format)
    torch.testing.assert_close(module(maps), masked_global_attention(module, maps), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", ["sdpa", "matmul"])
@pytest.mark.parametrize("swap", [False, True])
def test_runs_do_not_see_each_other(swap: bool, backend: Backend) -> None:
    module = local_attention(swap, length=5)
    module.backend = backend
    maps = random_maps(12, (3, 4), batch=1)
    jacobian = torch.autograd.functional.jacobian(module, maps)
    assert isinstance(jacobian, torch.Tensor)
    seen = jacobian.abs().amax((0, 1, 4, 5))
    if swap:
        seen = seen.permute(1, 0, 3, 2)
    run = torch.arange(12) // 5
    assert torch.equal(seen.reshape(12, 12) > 0, run[:, None] == run[None, :])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("backend", ["sdpa", "matmul"])
@pytest.mark.parametrize("size", [(7, 7), (9, 9)])
def test_finite_in_half_precision(size: tuple[int, int], backend: Backend, dtype: torch.dtype) -> None:
    module = local_attention(swap=False).to(dtype)
    module.backend = backend
    maps = (100 * random_maps(12, size)).detach().to(dtype)
    assert module(maps).isfinite().all()


def test_every_parameter_gets_a_gradient() -> None:
    module = local_attention(swap=True)
    module(random_maps(12, (8, 8))).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_backends_are_changed_in_a_whole_model() -> None:
    model = torch.nn.Sequential(local_attention(swap=False), local_attention(swap=True))
    maps = random_maps(12, (6, 6)).detach()
    expected = copy.deepcopy(model)(maps)
    set_backend(model, "matmul")
    torch.testing.assert_close(model(maps), expected)
    with pytest.raises(ValueError, match="backend is 'fast'; allowed are auto, sdpa, matmul, triton"):
        set_backend(model, "fast")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"head_dim": 5}, "head_dim is 5; allowed is a divisor of the 12 channels"),
        ({"head_dim": 0}, "head_dim is 0; allowed is an integer of at least 1"),
        ({"length": 0}, "length is 0; allowed is an integer of at least 1"),
        ({"length": 2.5}, "length is 2.5; allowed is an integer of at least 1"),
        ({"swap": 1}, "swap is 1; allowed are True and False"),
        ({"backend": "cuda"}, "backend is 'cuda'; allowed are auto, sdpa, matmul, triton"),
    ],
)
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LocalSelfAttention(**{"dim": 12, "head_dim": 4, **options})  # type: ignore[arg-type]
