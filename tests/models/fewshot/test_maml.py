"""MAML's gradient against central differences and plain autograd; loop, vmap and chunks; memory; the trap of 534."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.backbones.encoder import EncoderOptions, with_classifier
from models.backbones.encoders import ENCODERS, build_encoder
from models.fewshot.inner import Episode, How, Parameters, functional, maml_gradient, trainable
from reports.bench.memory import peak_memory
from tests.support.inner_loops import NativeBatchNorm, plain_maml, random_episode, smooth_network

STEPS, RATE = 3, 0.3
WAYS_TO_WORK: list[tuple[How, int | None]] = [("loop", None), ("vmap", None), ("vmap", 1), ("vmap", 2)]


def directional_derivatives(network: nn.Module, episode: Episode, directions: list[Parameters]) -> Tensor:
    """Central differences of MAML's loss, which is computed by plain autograd."""
    start, width = trainable(network), 1e-5
    slopes = []
    for direction in directions:
        ends = [
            plain_maml(
                functional(network),
                {name: tensor + sign * width * direction[name] for name, tensor in start.items()},
                *(episode, STEPS, RATE),
                second_order=False,
            )[0]
            for sign in (1, -1)
        ]
        slopes.append((ends[0] - ends[1]) / (2 * width))
    return torch.stack(slopes)


def random_directions(parameters: Parameters, count: int) -> list[Parameters]:
    torch.manual_seed(5)
    return [{name: torch.randn_like(tensor) for name, tensor in parameters.items()} for _ in range(count)]


def along(gradients: Parameters, directions: list[Parameters]) -> Tensor:
    sums = [sum((gradients[name] * tensor).sum() for name, tensor in direction.items()) for direction in directions]
    return torch.stack(sums)  # type: ignore[arg-type]


def relative(found: Tensor, expected: Tensor) -> float:
    return float(((found - expected).norm() / expected.norm()).item())


def assert_same(found: tuple[Tensor, Parameters], expected: tuple[Tensor, Parameters], tolerance: float) -> None:
    assert relative(found[0], expected[0]) <= tolerance
    assert found[1].keys() == expected[1].keys()
    flat = [torch.cat([gradients[name].flatten() for name in expected[1]]) for gradients in (found[1], expected[1])]
    assert relative(*flat) <= tolerance


@pytest.mark.parametrize(("how", "chunk"), WAYS_TO_WORK)
@pytest.mark.parametrize("native", [False, True], ids=["own", "F.batch_norm"])
def test_second_order_gradient_against_central_differences(how: How, chunk: int | None, native: bool) -> None:
    network = smooth_network(NativeBatchNorm) if native else smooth_network()
    episode, parameters = random_episode(), trainable(network)
    directions = random_directions(parameters, 8)
    _, gradients = maml_gradient(functional(network), parameters, episode, STEPS, RATE, False, how, chunk)
    expected = directional_derivatives(network, episode, directions)
    assert relative(along(gradients, directions), expected) <= 1e-6


def error_of_grad_of_vmap(network: nn.Module) -> float:
    """Relative error of the form that `maml_gradient` does not take, against central differences."""
    episode, parameters, call = random_episode(), trainable(network), functional(network)

    def task_loss(weights: Parameters, support: Tensor, labels: Tensor, query: Tensor, query_labels: Tensor) -> Tensor:
        for _ in range(STEPS):
            slopes = torch.func.grad(lambda inner: cross_entropy(call(inner, support), labels))(weights)
            weights = {name: tensor - RATE * slopes[name] for name, tensor in weights.items()}
        return cross_entropy(call(weights, query), query_labels)

    other = torch.func.grad(lambda weights: torch.vmap(task_loss, (None, 0, 0, 0, 0))(weights, *episode).mean())
    directions = random_directions(parameters, 8)
    return relative(along(other(parameters), directions), directional_derivatives(network, episode, directions))


def test_the_other_form_is_wrong_through_native_batch_norm_or_this_pytorch_has_repaired_it() -> None:
    """Shows that the test above, with F.batch_norm, catches grad(vmap): its error is far more than it allows."""
    error = error_of_grad_of_vmap(smooth_network(NativeBatchNorm))
    if error <= 1e-6:
        pytest.skip("grad(vmap) through F.batch_norm is right in this PyTorch")
    assert error > 1e-4


def test_own_batch_norm_is_right_even_in_the_other_form() -> None:
    assert error_of_grad_of_vmap(smooth_network()) <= 1e-6


@pytest.mark.parametrize("first_order", [False, True])
@pytest.mark.parametrize(("how", "chunk"), WAYS_TO_WORK)
def test_gradients_against_plain_autograd(how: How, chunk: int | None, first_order: bool) -> None:
    network = smooth_network()
    episode, parameters = random_episode(tasks=5), trainable(network)
    found = maml_gradient(functional(network), parameters, episode, STEPS, RATE, first_order, how, chunk)
    expected = plain_maml(functional(network), parameters, episode, STEPS, RATE, second_order=not first_order)
    assert_same(found, expected, 1e-12)


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("first_order", [False, True])
def test_loop_and_vmap_agree_on_all_backbones(name: str, first_order: bool) -> None:
    encoder = build_encoder(name, EncoderOptions(image_shape=(3, 16, 16), width=3, batch_norm="support"))
    network = with_classifier(encoder, 3).double().eval()
    torch.manual_seed(0)
    images = [torch.randn(2, 6, 3, 16, 16, dtype=torch.float64) for _ in range(2)]
    labels = torch.arange(6).remainder(3).expand(2, -1)
    episode = images[0], labels, images[1], labels
    results = [
        maml_gradient(functional(network), trainable(network), episode, 2, 0.01, first_order, how)
        for how in ("loop", "vmap")
    ]
    assert_same(results[1], results[0], 1e-9)  # ReLUs and batch norms of few images magnify rounding


def test_running_statistics_in_evaluation_stay_and_agree() -> None:
    network = smooth_network().eval()
    for module in network.modules():
        if hasattr(module, "mode"):
            module.mode = "running"
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    episode, parameters = random_episode(), trainable(network)
    expected = plain_maml(functional(network), parameters, episode, STEPS, RATE, second_order=True)
    for how, chunk in WAYS_TO_WORK:
        found = maml_gradient(functional(network), parameters, episode, STEPS, RATE, False, how, chunk)
        assert_same(found, expected, 1e-12)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_float32_stays_float32() -> None:
    network = smooth_network().float()
    episode = random_episode(dtype=torch.float32)
    for how, chunk in WAYS_TO_WORK:
        loss, gradients = maml_gradient(functional(network), trainable(network), episode, 2, 0.1, False, how, chunk)
        assert loss.dtype == torch.float32
        assert not loss.requires_grad
        assert all(gradient.dtype == torch.float32 for gradient in gradients.values())


@pytest.mark.parametrize("how", ["loop", "vmap"])
@pytest.mark.parametrize("first_order", [False, True])
def test_peak_memory_does_not_grow_with_the_number_of_tasks(how: How, first_order: bool) -> None:
    def peak(tasks: int) -> int:
        with peak_memory(torch.device("cpu")) as found:
            network = smooth_network()
            episode = random_episode(tasks=1)
            repeated = tuple(tensor.expand(tasks, *tensor.shape[1:]) for tensor in episode)
            maml_gradient(functional(network), trainable(network), repeated, 3, 0.1, first_order, how, chunk=1)  # type: ignore[arg-type]
        return found[0]

    peak(1)  # memory that is kept from the first run on
    assert peak(12) <= 1.1 * peak(2)


def test_impossible_arguments_are_refused() -> None:
    network = smooth_network()
    call, parameters, episode = functional(network), trainable(network), random_episode()
    short = (*episode[:2], episode[2][:1], episode[3][:1])
    with pytest.raises(ValueError, match="tasks are 2 of support, 2 of support labels, 1 of query, 1 of query labels"):
        maml_gradient(call, parameters, short, 1, 0.1, False, "loop")
    with pytest.raises(ValueError, match="steps is 0; allowed are 1 and more"):
        maml_gradient(call, parameters, episode, 0, 0.1, False, "loop")
    with pytest.raises(ValueError, match="learning_rate is nan; allowed is a number above 0"):
        maml_gradient(call, parameters, episode, 1, float("nan"), False, "loop")
    with pytest.raises(ValueError, match="how is 'map'; allowed are loop, vmap"):
        maml_gradient(call, parameters, episode, 1, 0.1, False, "map")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="chunk is 0; allowed are 1 and more tasks"):
        maml_gradient(call, parameters, episode, 1, 0.1, False, "vmap", chunk=0)


def test_running_statistics_in_training_are_refused() -> None:
    encoder = build_encoder("4x32", EncoderOptions(image_shape=(2, 16, 16), width=4))
    network = with_classifier(encoder, 3)
    with pytest.raises(
        ValueError, match="batch_norm is 'running' in training; inner steps allow 'episode' and 'support'"
    ):
        functional(network)(trainable(network), torch.randn(4, 2, 16, 16))
