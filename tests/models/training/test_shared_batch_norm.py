"""Shared batch norms: several processes normalise as one would, in values, gradients and statistics."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.training.processes import process_count, process_index
from models.training.shared_batch_norm import SharedBatchNorm, share_batch_norms
from tests.support.processes import in_processes


def network(*, affine: bool = True) -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, affine=affine), nn.Flatten(), nn.BatchNorm1d(48, momentum=None)
    return nn.Sequential(*layers).double()


def images() -> Tensor:
    return torch.randn(12, 2, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 3 + 100


def trained(affine: bool, dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    """Outputs, gradients of images and weights, and statistics, after two calls with this process's images."""
    shared = share_batch_norms(network(affine=affine)).to(dtype)
    mine = images().to(dtype)[process_index() :: process_count()].requires_grad_()
    for _ in range(2):
        outputs = shared(mine)
    weights = torch.linspace(-1, 1, outputs.shape[1], dtype=dtype)
    (outputs * weights).square().sum().backward()
    gradients = {name: one.grad for name, one in shared.named_parameters() if one.grad is not None}
    state = dict(shared.named_buffers())
    return {"outputs": outputs.detach(), "images": mine.grad, "gradients": gradients, "state": state}


@pytest.mark.parametrize("affine", [True, False])
def test_processes_normalise_as_one(affine: bool) -> None:
    (whole,) = in_processes(1, trained, affine)
    parts = in_processes(2, trained, affine)
    for name in ("outputs", "images"):
        together = torch.stack([part[name] for part in parts], 1).flatten(0, 1)
        torch.testing.assert_close(together, whole[name], rtol=1e-9, atol=1e-10)
    for name, expected in whole["gradients"].items():
        total = sum(part["gradients"][name] for part in parts)
        torch.testing.assert_close(total, expected, rtol=1e-9, atol=1e-9)
    for part in parts:
        torch.testing.assert_close(part["state"], whole["state"], rtol=1e-10, atol=1e-12)


def test_half_precision_keeps_its_type() -> None:
    for part in in_processes(2, trained, True, torch.bfloat16):
        assert part["outputs"].dtype == part["images"].dtype == torch.bfloat16
        assert part["outputs"].isfinite().all()


def test_a_single_process_has_plain_batch_norms_with_the_same_state() -> None:
    plain = network()
    shared = share_batch_norms(copy.deepcopy(plain))
    assert [type(one) for one in shared] == [nn.Conv2d, SharedBatchNorm, nn.Flatten, SharedBatchNorm]
    assert shared.state_dict().keys() == plain.state_dict().keys()
    for training in (True, False):
        torch.testing.assert_close(shared.train(training)(images()), plain.train(training)(images()))
    torch.testing.assert_close(shared.state_dict(), plain.state_dict())


def test_a_norm_by_itself_keeps_its_settings() -> None:
    norm = nn.BatchNorm2d(3, eps=0.1, momentum=0.3, affine=False, track_running_stats=False).eval()
    shared = share_batch_norms(norm)
    assert isinstance(shared, SharedBatchNorm)
    assert (shared.eps, shared.momentum, shared.affine, shared.training) == (0.1, 0.3, False, False)
    assert shared.running_mean is None
    frozen = nn.BatchNorm1d(3)
    frozen.bias.requires_grad_(False)
    assert not share_batch_norms(frozen).bias.requires_grad  # type: ignore[union-attr]


def test_values_without_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="values have 1 axes"):
        SharedBatchNorm(3)(torch.zeros(3))
