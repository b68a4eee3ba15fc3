"""Batch norm's named modes against F.batch_norm and numpy, in both orders of vmap and grad."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, vmap

from models.backbones.batch_norm import BatchNorm, batch_norm_of, estimate_statistics, set_batch_norm


def example(mode: str = "running", dtype: torch.dtype = torch.float64) -> tuple[BatchNorm, Tensor]:
    torch.manual_seed(0)
    norm = BatchNorm(3, mode).to(dtype)  # type: ignore[arg-type]
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
        norm.bias.normal_()
    return norm, 2 * torch.randn(6, 3, 4, 5, dtype=dtype) + 1


@pytest.mark.parametrize("mode", ["episode", "support"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-12)])
def test_own_statistics_against_numpy(mode: str, training: bool, dtype: torch.dtype, tolerance: float) -> None:
    norm, values = example(mode, dtype)
    norm.train(training)
    before = {name: tensor.clone() for name, tensor in norm.state_dict().items()}
    result = norm(values)
    plain = values.double().numpy()
    mean, variance = plain.mean((0, 2, 3), keepdims=True), plain.var((0, 2, 3), keepdims=True)
    weight, bias = (tensor.detach().double().numpy()[:, None, None] for tensor in (norm.weight, norm.bias))
    expected = (plain - mean) / np.sqrt(variance + 1e-5) * weight + bias
    assert result.dtype == dtype
    np.testing.assert_allclose(result.detach().double().numpy(), expected, atol=tolerance)
    assert all(torch.equal(tensor, before[name]) for name, tensor in norm.state_dict().items())


def test_mode_running_is_torchs_batch_norm() -> None:
    norm, values = example()
    oracle = nn.BatchNorm2d(3).double()
    oracle.load_state_dict(norm.state_dict() | {"num_batches_tracked": torch.tensor(0)})
    for _ in range(3):
        torch.testing.assert_close(norm(values), oracle(values))
    torch.testing.assert_close(norm.eval()(values), oracle.eval()(values))
    torch.testing.assert_close(norm.running_var, oracle.running_var)


def test_gradients_of_both_orders_of_differentiation() -> None:
    norm, values = example("episode")
    values.requires_grad_()
    assert torch.autograd.gradcheck(norm, values)
    assert torch.autograd.gradgradcheck(norm, values)


@pytest.mark.parametrize("mode", ["running", "episode"])
def test_vmap_of_grad_and_grad_of_vmap_agree(mode: str) -> None:
    norm, values = example(mode)
    norm.eval()
    tasks = torch.stack([values, 3 * values + values**2])
    weighting = torch.randn_like(values)

    def penalty(task: Tensor) -> Tensor:
        inner: Tensor = grad(lambda images: (norm(images).sin() * weighting).sum())(task)
        return (inner**2).sum()

    inside = vmap(grad(penalty))(tasks)
    outside = grad(lambda images: vmap(penalty)(images).sum())(tasks)
    alone = torch.stack([grad(penalty)(task) for task in tasks])
    torch.testing.assert_close(inside, alone, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(outside, alone, rtol=1e-12, atol=1e-12)


def test_half_precision_takes_its_statistics_in_the_dtype_of_the_weights() -> None:
    norm, values = example("episode", torch.float32)
    offset = (values + 100).bfloat16()
    result = norm(offset)
    assert result.dtype == torch.bfloat16
    torch.testing.assert_close(result, norm(offset.float()).bfloat16())


@pytest.mark.parametrize("mode", ["episode", "support"])
def test_a_single_image_is_refused(mode: str) -> None:
    norm, values = example(mode)
    with pytest.raises(ValueError, match=f"batch_norm is '{mode}' with 1 image; allowed are 2 and more, or 'running'"):
        norm(values[:1])
    set_batch_norm(norm, "running")
    assert norm.eval()(values[:1]).shape == values[:1].shape


def test_modes_are_set_and_read_for_a_whole_network() -> None:
    network = nn.Sequential(BatchNorm(3), nn.ReLU(), nn.Sequential(BatchNorm(3)))
    set_batch_norm(network, "support")
    assert batch_norm_of(network) == "support"
    assert batch_norm_of(nn.Linear(1, 1)) is None
    network[0].mode = "episode"
    with pytest.raises(ValueError, match="batch norms of one network are in modes episode, support; allowed is one"):
        batch_norm_of(network)
    with pytest.raises(ValueError, match="batch_norm is 'batch'; allowed are running, episode, support"):
        set_batch_norm(network, "batch")  # type: ignore[arg-type]


def test_estimated_statistics_are_averages_over_batches() -> None:
    norm, values = example("episode")
    network = nn.Sequential(nn.Dropout(0.5), norm)
    batches = [values, 2 * values, values - 3]
    estimate_statistics(network, batches)
    means = torch.stack([batch.mean((0, 2, 3)) for batch in batches]).mean(0)
    variances = torch.stack([batch.var((0, 2, 3)) for batch in batches]).mean(0)
    torch.testing.assert_close(norm.running_mean, means)
    torch.testing.assert_close(norm.running_var, variances)
    assert norm.mode == "episode"
    assert norm.momentum == 0.1
    assert network[0].training
    with pytest.raises(ValueError, match="number of batches is 0; allowed are 1 and more"):
        estimate_statistics(network, [])
