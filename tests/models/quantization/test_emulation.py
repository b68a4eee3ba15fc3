"""What follows the sums: fused and plain give the same bits, values and gradients."""

from functools import partial

import pytest
import torch
from torch import Tensor

from models.quantization import gpu_emulation, native_emulation
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.emulation import emulate, emulate_plainly

FOLDING = [kind for kind in Overflow if kind is not Overflow.EXACT]
SHAPES = [(3, 5), (2, 4, 1), (2, 3, 6, 7), (4, 16, 40, 41), (1, 1, 1, 1)]

compiled = pytest.mark.skipif(native_emulation.native is None, reason="needs the C functions")


def results(function, sums: Tensor, scale: Tensor, accumulator: Accumulator, *, penalised: bool):  # type: ignore[no-untyped-def]
    leaf = sums.clone(memory_format=torch.preserve_format).requires_grad_()
    output, penalty = function(leaf * 1, scale, accumulator, penalised=penalised)
    assert (penalty is not None) == penalised
    weights = torch.rand(output.shape, generator=torch.Generator().manual_seed(1)) - 0.5
    total = (output * weights).sum() + (3 * penalty if penalised else 0)
    total.backward()
    return output.detach(), penalty.detach() if penalised else torch.zeros(()), leaf.grad


@compiled
@pytest.mark.parametrize("overflow", FOLDING)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("penalised", [False, True])
def test_fused_and_plain_agree_bit_for_bit(overflow: Overflow, shape: tuple[int, ...], penalised: bool) -> None:
    torch.manual_seed(0)
    for bits, slope in ((2, 1), (4, 3), (8, 2), (8, 200), (16, 1 << 15), (32, 2)):
        accumulator = Accumulator(bits=bits, slope=slope, overflow=overflow)
        for last in (False, True):
            sums = (torch.randn(shape) * 2.0 ** min(bits, 20)).round()
            sums.view(-1)[: min(3, sums.numel())] = torch.tensor([0.0, 2.0 ** (bits - 1), -(2.0 ** (bits - 1))])[
                : min(3, sums.numel())
            ]
            if last and sums.dim() == 4:
                sums = sums.contiguous(memory_format=torch.channels_last)
            scale = torch.rand(shape[1])
            ours = results(emulate, sums, scale, accumulator, penalised=penalised)
            plain = results(emulate_plainly, sums, scale, accumulator, penalised=penalised)
            for mine, theirs in zip(ours, plain, strict=True):
                assert torch.equal(mine, theirs), (bits, slope, last)


@pytest.mark.parametrize("overflow", FOLDING)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("penalised", [False, True])
def test_what_a_gpu_compiles_agrees_bit_for_bit(
    overflow: Overflow, shape: tuple[int, ...], penalised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_emulation, "_compiled", lambda function: function)  # the same operations on this CPU
    monkeypatch.setattr("models.quantization.emulation._fused_for", lambda *_, **__: gpu_emulation)
    torch.manual_seed(0)
    for bits, slope in ((2, 1), (4, 3), (8, 2), (8, 200), (16, 1 << 15), (32, 2)):
        accumulator = Accumulator(bits=bits, slope=slope, overflow=overflow)
        sums, scale = (torch.randn(shape) * 2.0 ** min(bits, 20)).round() + 0.001, torch.rand(shape[1])
        for rounded in (False, True):
            ours, plain = (
                results(partial(function, rounded=rounded), sums, scale, accumulator, penalised=penalised)
                for function in (emulate, emulate_plainly)
            )
            assert torch.equal(ours[0], plain[0])
            assert torch.equal(ours[2], plain[2])
            assert ours[1].item() == pytest.approx(plain[1].item(), rel=1e-6)


@compiled
@pytest.mark.parametrize("overflow", FOLDING)
def test_numbers_between_integers_agree_too(overflow: Overflow) -> None:
    torch.manual_seed(0)
    sums, scale = torch.randn(5, 3, 9, 9) * 300, torch.rand(3)
    accumulator = Accumulator(bits=8, slope=2, overflow=overflow)
    ours, plain = (
        results(function, sums, scale, accumulator, penalised=True) for function in (emulate, emulate_plainly)
    )
    assert torch.equal(ours[0], plain[0])
    assert torch.equal(ours[2], plain[2])
    assert ours[1].item() == pytest.approx(plain[1].item(), rel=1e-6)  # only for integers is the order of no matter


@compiled
@pytest.mark.parametrize("overflow", FOLDING)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_show_in_output_and_penalty(overflow: Overflow, bad: float) -> None:
    sums = torch.zeros(2, 3, 4, 4)
    sums[1, 2, 3, 3] = bad
    output, penalty = emulate(sums, torch.ones(3), Accumulator(overflow=overflow), penalised=True)
    assert penalty is not None
    assert not torch.isfinite(output[1, 2, 3, 3])
    assert not torch.isfinite(penalty)
    assert torch.isfinite(output).sum() == output.numel() - 1


@compiled
def test_threads_change_nothing() -> None:
    torch.manual_seed(0)
    sums, scale = (torch.randn(20, 8, 33, 31) * 200).round(), torch.rand(8)
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.append(results(emulate, sums, scale, Accumulator(), penalised=True))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(one, two) for one, two in zip(found[0], other, strict=True))


def test_scales_with_gradients_and_doubles_are_left_to_torch() -> None:
    sums = (torch.randn(2, 3, 4, 4) * 200).round()
    scale = torch.rand(3, requires_grad=True)
    output, _ = emulate(sums.clone(), scale, Accumulator())
    output.sum().backward()
    assert scale.grad is not None
    doubled, _ = emulate(sums.double(), scale.detach().double(), Accumulator())
    assert torch.allclose(doubled.float(), output.detach())


def test_penalties_of_integers_are_exact() -> None:
    sums = torch.full((4, 2, 8, 8), 2.0**23 - 1)
    sums[0] = 1
    _, penalty = emulate_plainly(sums, torch.ones(2), Accumulator(bits=8), penalised=True)
    assert penalty is not None
    assert penalty.item() == torch.tensor(0.75 * (2**23 - 1 - 128), dtype=torch.float32).item()
