"""Reptile against torch.optim.Adam; weight clustering against Reptile, central differences and a plain Algorithm 4."""

from collections.abc import Mapping

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.backbones.batch_norm import BatchNorm
from models.backbones.encoder import EncoderOptions, with_classifier
from models.backbones.encoders import ENCODERS, build_encoder
from models.fewshot.inner import (
    How,
    Parameters,
    biases_before_batch_norm,
    clustered_reptile_gradient,
    functional,
    minibatches,
    reptile_gradient,
    trainable,
)
from models.fewshot.inner.filters import pull_to_mean
from tests.support.inner_loops import random_episode, smooth_network

RATE = 1e-3
BOTH_WAYS: list[How] = ["loop", "vmap"]


def example(tasks: int = 4, dtype: torch.dtype = torch.float64) -> tuple[nn.Module, tuple[Tensor, Tensor], Tensor]:
    images, labels, _, _ = random_episode(tasks, dtype)
    batches = minibatches(tasks, images.shape[1], 4, 5, torch.Generator().manual_seed(0))
    return smooth_network().to(dtype), (images, labels), batches


def by_torch_adam(module: nn.Module, support: tuple[Tensor, Tensor], batches: Tensor) -> tuple[Tensor, Parameters]:
    """Reptile's pseudo-gradient by torch.optim.Adam, task by task."""
    call, start, losses = functional(module), trainable(module), []
    totals = {name: torch.zeros_like(tensor) for name, tensor in start.items()}
    for images, labels, steps in zip(*support, batches, strict=True):
        weights = {name: tensor.clone().requires_grad_() for name, tensor in start.items()}
        optimizer = torch.optim.Adam(weights.values(), lr=RATE, betas=(0.0, 0.999))
        for chosen in steps:
            optimizer.zero_grad()
            loss = cross_entropy(call(weights, images[chosen]), labels[chosen])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        for name, tensor in weights.items():
            totals[name] += start[name] - tensor.detach()
    return torch.stack(losses).mean(), {name: total / len(batches) for name, total in totals.items()}


def by_algorithm_4(
    module: nn.Module, support: tuple[Tensor, Tensor], batches: Tensor, coefficient: float
) -> Mapping[str, Tensor]:
    """Algorithm 4 with R_i as a loss that autograd differentiates, Adam of its own for each task."""
    call, start, count = functional(module), trainable(module), len(batches)
    tasks = [{name: tensor.clone().requires_grad_() for name, tensor in start.items()} for _ in range(count)]
    optimizers = [torch.optim.Adam(weights.values(), lr=RATE, betas=(0.0, 0.999)) for weights in tasks]
    share = coefficient / (2 * (1 - 1 / count))
    for step in range(batches.shape[1]):
        gradients = []
        for task, weights in enumerate(tasks):
            chosen = batches[task, step]
            others = [{name: tensor.detach() for name, tensor in other.items()} for other in tasks]
            distance = regularizer(weights, [*others[:task], weights, *others[task + 1 :]])
            loss = cross_entropy(call(weights, support[0][task, chosen]), support[1][task, chosen]) + share * distance
            gradients.append(torch.autograd.grad(loss, list(weights.values())))
        for weights, optimizer, found in zip(tasks, optimizers, gradients, strict=True):
            for tensor, gradient in zip(weights.values(), found, strict=True):
                tensor.grad = gradient
            optimizer.step()
    return {name: start[name] - torch.stack([weights[name].detach() for weights in tasks]).mean(0) for name in start}


def regularizer(of: Parameters, tasks: list[Parameters], norms: Parameters | None = None) -> Tensor:
    """R_i of one task's parameters, filter by filter, with norms held constant at those of `norms`."""
    total = torch.zeros((), dtype=torch.float64)
    for name, weight in of.items():
        if weight.dim() < 2:
            continue
        mean = torch.stack([task[name] for task in tasks]).mean(0)
        for row, centre, held in zip(weight, mean, (norms or of)[name], strict=True):
            total = total + ((row - centre) ** 2).sum() / (held.detach() ** 2).sum()
    return total


def assert_close(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, expected[name], rtol=0, atol=tolerance)


@pytest.mark.parametrize(("how", "chunk"), [("loop", None), ("vmap", None), ("vmap", 3)])
def test_reptile_against_torchs_adam(how: How, chunk: int | None) -> None:
    module, support, batches = example()
    loss, gradients = reptile_gradient(functional(module), trainable(module), support, batches, RATE, how, chunk)
    expected_loss, expected = by_torch_adam(module, support, batches)
    torch.testing.assert_close(loss, expected_loss, rtol=1e-10, atol=0)
    assert_close(gradients, expected, 1e-10)


@pytest.mark.parametrize("how", BOTH_WAYS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_coefficient_0_is_reptile_bit_for_bit(how: How, dtype: torch.dtype) -> None:
    module, support, batches = example(dtype=dtype)
    arguments = functional(module), trainable(module), support, batches, RATE
    loss, gradients = reptile_gradient(*arguments, how)
    clustered_loss, clustered = clustered_reptile_gradient(*arguments, 0.0, how)
    assert torch.equal(loss, clustered_loss)
    for name, gradient in gradients.items():
        assert gradient.dtype == dtype
        assert torch.equal(gradient, clustered[name])


@pytest.mark.parametrize(("how", "chunk"), [("loop", None), ("vmap", None), ("vmap", 2)])
def test_clustering_against_a_plain_algorithm_4(how: How, chunk: int | None) -> None:
    module, support, batches = example()
    coefficient = 0.5  # large enough to tell
    arguments = functional(module), trainable(module), support, batches, RATE
    _, gradients = clustered_reptile_gradient(*arguments, coefficient, how, chunk)
    assert_close(gradients, by_algorithm_4(module, support, batches, coefficient), 1e-10)
    _, without = reptile_gradient(*arguments, how)
    assert not torch.allclose(gradients["0.0.weight"], without["0.0.weight"], rtol=1e-3)


def test_the_pull_is_the_gradient_of_the_regularizer() -> None:
    torch.manual_seed(0)
    count, shapes = 3, {"kernel": (2, 3, 3, 3), "linear": (4, 5), "bias": (4,)}
    stacked = {name: torch.randn(count, *shape, dtype=torch.float64) for name, shape in shapes.items()}
    tasks = [{name: tensor[task] for name, tensor in stacked.items()} for task in range(count)]
    pulls = dict(pull_to_mean(stacked))
    assert pulls.keys() == {"kernel", "linear"}
    width = 1e-6
    for task, weights in enumerate(tasks):
        for name, pull in pulls.items():
            direction = torch.randn_like(weights[name])
            values = []
            for sign in (1, -1):
                moved = weights | {name: weights[name] + sign * width * direction}
                values.append(regularizer(moved, [*tasks[:task], moved, *tasks[task + 1 :]], norms=weights))
            slope = (values[0] - values[1]) / (2 * width)
            expected = 2 * (1 - 1 / count) * (pull[task] * direction).sum()
            torch.testing.assert_close(slope, expected, rtol=1e-7, atol=1e-9)


def test_filters_of_norm_0_are_not_pulled() -> None:
    stacked = {"kernel": torch.tensor([[[0.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [0.0, 1.0]]])}
    assert dict(pull_to_mean(stacked))["kernel"][0].tolist() == [[0, 0], [0.5, -0.5]]


def test_biases_before_batch_norm_stay() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(2, 4, 3), BatchNorm(4, "episode"), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))
    _, support, batches = example(dtype=torch.float32)
    fixed = biases_before_batch_norm(module, support[0][0])
    assert fixed == {"0.bias"}
    call, start = functional(module), trainable(module)
    for how in BOTH_WAYS:
        _, stepping = reptile_gradient(call, start, support, batches, RATE, how)
        _, staying = reptile_gradient(call, start, support, batches, RATE, how, fixed=fixed)
        assert stepping["0.bias"].abs().max() > RATE / 10  # of rounding noise
        assert staying["0.bias"].abs().max() == 0
        assert staying["0.weight"].abs().max() > 0


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_have_no_biases_before_batch_norm(name: str) -> None:
    encoder = build_encoder(name, EncoderOptions(image_shape=(3, 16, 16), width=3))
    assert not biases_before_batch_norm(with_classifier(encoder, 3), torch.randn(2, 3, 16, 16))
    assert all(module.training for module in encoder.modules())


@given(
    tasks=st.integers(1, 3),
    images=st.integers(1, 12),
    size=st.integers(1, 15),
    steps=st.integers(1, 9),
    seed=st.integers(0, 99),
)
@settings(deadline=None)
def test_minibatches_use_up_the_images_before_any_comes_again(
    tasks: int, images: int, size: int, steps: int, seed: int
) -> None:
    found = minibatches(tasks, images, size, steps, torch.Generator().manual_seed(seed))
    assert found.shape == (tasks, steps, min(size, images))
    assert torch.equal(found, minibatches(tasks, images, size, steps, torch.Generator().manual_seed(seed)))
    for order in found.flatten(1):
        for images_of_a_pass in order.split(images):
            assert len(images_of_a_pass.unique()) == len(images_of_a_pass)
            assert 0 <= images_of_a_pass.min() <= images_of_a_pass.max() < images


def test_minibatches_are_uniform() -> None:
    found = minibatches(20_000, 5, 2, 1, torch.Generator().manual_seed(0)).flatten()
    counts = found.bincount(minlength=5).double()
    assert ((counts - 8000) ** 2 / 8000).sum() < 18.5  # 0.1 % of chi-square with 4 degrees of freedom


def test_impossible_arguments_are_refused() -> None:
    module, support, batches = example()
    call, start = functional(module), trainable(module)
    with pytest.raises(ValueError, match="numbers of tasks are 4 of support, 4 of labels, 1 of batches"):
        reptile_gradient(call, start, support, batches[:1], RATE, "loop")
    with pytest.raises(ValueError, match="steps is 0; allowed are 1 and more"):
        reptile_gradient(call, start, support, batches[:, :0], RATE, "loop")
    with pytest.raises(ValueError, match=r"learning_rate is -1\.0; allowed is a number above 0"):
        reptile_gradient(call, start, support, batches, -1.0, "loop")
    with pytest.raises(ValueError, match=r"coefficient is -0\.1; allowed are 0 and more"):
        clustered_reptile_gradient(call, start, support, batches, RATE, -0.1, "loop")
    with pytest.raises(ValueError, match="size is 0; allowed are 1 and more"):
        minibatches(1, 5, 0, 1, torch.Generator())
