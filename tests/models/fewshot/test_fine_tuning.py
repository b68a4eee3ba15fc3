"""Fine-tuning of whole networks against torch.optim, distances and losses by step, and batch norm's three modes."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.backbones.batch_norm import BatchNormMode, set_batch_norm
from models.backbones.encoder import Encoder, EncoderOptions
from models.backbones.encoders import build_encoder
from models.fewshot.config import FewShotConfig
from models.fewshot.episodes import Episodes, EpisodeShape
from models.fewshot.evaluators import fine_tuning_of
from models.fewshot.fine_tuning import FineTuning, fine_tuned_logits, fine_tuning_path
from models.fewshot.inner import How, functional, minibatches, trainable, whole_support
from models.fewshot.learners import build_network
from models.fewshot.procedural import procedural
from models.fewshot.queries import query_logits, task_features
from tests.support.inner_loops import random_episode, smooth_network

TASKS, STEPS = 3, 4
MODES: list[BatchNormMode] = ["running", "episode", "support"]
SGD = FineTuning(learning_rate=0.1)
ADAM = FineTuning(learning_rate=1e-3, optimizer="adam")


def network_in(mode: BatchNormMode) -> nn.Module:
    network = smooth_network().eval()
    set_batch_norm(network, mode)
    return network


def by_torch(
    network: nn.Module, support: Tensor, labels: Tensor, batches: Tensor, tuning: FineTuning
) -> list[dict[str, Tensor]]:
    """The parameters of one task from before the first step to after the last, by torch.optim."""
    weights = {name: tensor.clone().requires_grad_() for name, tensor in trainable(network).items()}
    optimizer: torch.optim.Optimizer = torch.optim.SGD(weights.values(), lr=tuning.learning_rate)
    if tuning.optimizer == "adam":
        optimizer = torch.optim.Adam(weights.values(), lr=tuning.learning_rate, betas=(0.0, 0.999))
    places = [{name: tensor.detach().clone() for name, tensor in weights.items()}]
    for chosen in batches:
        optimizer.zero_grad()
        cross_entropy(functional(network)(weights, support[chosen]), labels[chosen]).backward()
        optimizer.step()
        places.append({name: tensor.detach().clone() for name, tensor in weights.items()})
    return places


def batches_of(images: int, tuning: FineTuning) -> Tensor:
    if tuning.optimizer == "sgd":
        return whole_support(TASKS, images, STEPS)
    return minibatches(TASKS, images, 4, STEPS, torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("how", "chunk"), [("loop", None), ("vmap", None), ("vmap", 2)])
@pytest.mark.parametrize("tuning", [SGD, ADAM], ids=["sgd", "adam"])
@pytest.mark.parametrize("mode", MODES)
def test_fine_tuning_against_torchs_optimizers(
    mode: BatchNormMode, tuning: FineTuning, how: How, chunk: int | None
) -> None:
    network = network_in(mode)
    support, labels, query, _ = random_episode(TASKS)
    batches, tuning = batches_of(support.shape[1], tuning), replace(tuning, how=how, chunk=chunk)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    logits = fine_tuned_logits(network, (support, labels), batches, query, tuning)
    path = fine_tuning_path(network, (support, labels), batches, tuning)
    for task in range(TASKS):
        places = by_torch(network, support[task], labels[task], batches[task], tuning)
        expected = logits_one_by_one(network, places[-1], support[task], query[task], mode)
        torch.testing.assert_close(logits[task], expected, rtol=1e-9, atol=1e-9)
        for step, place in enumerate(places):
            loss = cross_entropy(functional(network)(place, support[task]), labels[task])
            torch.testing.assert_close(path.losses[task, step], loss, rtol=1e-9, atol=1e-9)
            torch.testing.assert_close(path.distances[task, step], distance(places[0], place), rtol=1e-8, atol=1e-9)
    assert path.losses.shape == path.distances.shape == (TASKS, STEPS + 1)
    assert not logits.requires_grad
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_classifier_that_starts_at_zero_adds_no_distance() -> None:
    network = network_in("running")
    names = [name for name, weight in trainable(network).items() if weight.ndim > 1]
    with torch.no_grad():
        network.get_parameter(names[-1]).zero_()
    support, labels, _, _ = random_episode(TASKS)
    path = fine_tuning_path(network, (support, labels), whole_support(TASKS, support.shape[1], STEPS), SGD)
    for task in range(TASKS):
        places = by_torch(network, support[task], labels[task], whole_support(1, support.shape[1], STEPS)[0], SGD)
        moved = [{name: place[name] for name in names[:-1]} for place in (places[0], places[-1])]
        torch.testing.assert_close(path.distances[task, -1], distance(*moved), rtol=1e-8, atol=1e-9)
    assert (path.distances[:, -1] > 0).all()


def test_an_encoder_is_followed_from_a_classifier_of_zeros() -> None:
    config = FewShotConfig(learner="ridge", encoder="4x32", width=4, fine_tuning_steps=2)
    episodes = Episodes(procedural(0, images=3), "test", EpisodeShape(5, 1, 2))
    path = fine_tuning_of(config, build_network(config, episodes.data.shape)).path(episodes, 2)
    assert torch.allclose(path.losses[:, 0], torch.tensor(5.0).log())
    assert (path.losses[:, -1] < path.losses[:, 0]).all()
    assert (path.distances[:, -1] > 0).all()


def logits_one_by_one(
    network: nn.Module, parameters: dict[str, Tensor], support: Tensor, query: Tensor, mode: BatchNormMode
) -> Tensor:
    call = functional(network)
    if mode == "support":
        return torch.stack([call(parameters, torch.cat([support, query[n : n + 1]]))[-1] for n in range(len(query))])
    return call(parameters, query)


def distance(start: dict[str, Tensor], end: dict[str, Tensor]) -> Tensor:
    """Filter by filter: sqrt of the sum of |start - end|^2 / |start|^2."""
    rows = [
        (before - after).norm() ** 2 / before.norm() ** 2
        for name, weight in start.items()
        if weight.dim() > 1
        for before, after in zip(weight, end[name], strict=True)
    ]
    return torch.stack(rows).sum().sqrt()


@pytest.mark.parametrize(("mode", "leaks"), [("running", False), ("episode", True), ("support", False)])
@pytest.mark.parametrize("how", ["loop", "vmap"])
def test_other_queries_change_a_querys_logits_in_mode_episode_alone(mode: BatchNormMode, leaks: bool, how: How) -> None:
    network = network_in(mode)
    support, labels, query, _ = random_episode(TASKS)
    others = torch.cat([query[:, :1], 2 * query[:, 1:] + 1], 1)
    batches = whole_support(TASKS, support.shape[1], STEPS)
    tuning = FineTuning(learning_rate=0.1, how=how)
    first, second = (fine_tuned_logits(network, (support, labels), batches, each, tuning) for each in (query, others))
    assert torch.allclose(first[:, 0], second[:, 0], rtol=1e-12, atol=1e-12) != leaks
    assert not torch.allclose(first[:, 1:], second[:, 1:])


def encoder_in(mode: BatchNormMode) -> Encoder:
    encoder = build_encoder("4x32", EncoderOptions(image_shape=(3, 16, 16), width=4, batch_norm=mode))
    return encoder.double().eval()


@pytest.mark.parametrize(("mode", "leaks"), [("running", False), ("episode", True), ("support", False)])
def test_other_queries_and_tasks_change_features_in_mode_episode_alone(mode: BatchNormMode, leaks: bool) -> None:
    torch.manual_seed(0)
    support, query = torch.randn(2, 5, 3, 16, 16).double(), torch.randn(2, 4, 3, 16, 16).double()
    others = query.clone()
    others[0, 1:] += 1
    features, changed = (task_features(encoder_in(mode), support, each) for each in (query, others))
    assert torch.allclose(features[0][0], changed[0][0]) != leaks
    assert torch.allclose(features[1][0, 0], changed[1][0, 0]) != leaks
    assert all(torch.allclose(one[1], other[1]) for one, other in zip(features, changed, strict=True))


@pytest.mark.parametrize("mode", MODES)
def test_features_are_those_of_calls_task_by_task(mode: BatchNormMode) -> None:
    torch.manual_seed(0)
    encoder = encoder_in(mode)
    support, query = torch.randn(2, 5, 3, 16, 16).double(), torch.randn(2, 4, 3, 16, 16).double()
    of_support, of_query = task_features(encoder, support, query)
    for task in range(2):
        if mode == "support":
            queries = [encoder(torch.cat([support[task], image[None]]))[-1] for image in query[task]]
            expected = encoder(support[task]), torch.stack(queries)
        else:
            together = encoder(torch.cat([support[task], query[task]]))
            expected = together[:5], together[5:]
        torch.testing.assert_close(of_support[task], expected[0], rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(of_query[task], expected[1], rtol=1e-9, atol=1e-9)


def test_features_can_be_trained_through() -> None:
    torch.manual_seed(0)
    for mode in MODES:
        encoder = encoder_in(mode).train()
        support, query = torch.randn(2, 5, 3, 16, 16).double(), torch.randn(2, 4, 3, 16, 16).double()
        sum(features.square().sum() for features in task_features(encoder, support, query)).backward()  # type: ignore[union-attr]
        assert all(parameter.grad is not None for parameter in encoder.parameters())


def test_a_single_query_is_refused_in_mode_episode() -> None:
    network = network_in("episode")
    support, _, query, _ = random_episode(1)
    with pytest.raises(ValueError, match="batch_norm is 'episode' with 1 image; allowed are 2 and more, or 'running'"):
        query_logits(functional(network), trainable(network), support[0], query[0, :1], "episode")
    set_batch_norm(network, "support")
    assert query_logits(functional(network), trainable(network), support[0], query[0, :1], "support").shape == (1, 3)


def test_impossible_settings_are_refused() -> None:
    network = network_in("running")
    support, labels, query, _ = random_episode(TASKS)
    batches = whole_support(TASKS, support.shape[1], STEPS)
    unknown = replace(SGD, optimizer="adamw")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="inner optimizer is 'adamw'; allowed are sgd, adam"):
        fine_tuned_logits(network, (support, labels), batches, query, unknown)
    with pytest.raises(ValueError, match="learning_rate is 0; allowed is a number above 0"):
        fine_tuning_path(network, (support, labels), batches, FineTuning(learning_rate=0))
    with pytest.raises(ValueError, match="3 of support, 3 of labels, 3 of batches, 2 of query"):
        fine_tuned_logits(network, (support, labels), batches, query[:2], SGD)
    with pytest.raises(ValueError, match="batch_norm is 'running' in training"):
        fine_tuned_logits(network.train(), (support, labels), batches, query, SGD)


def test_a_task_that_diverges_is_named() -> None:
    network = network_in("running")
    support, labels, query, _ = random_episode(TASKS)
    support[1] *= 1e200
    batches = whole_support(TASKS, support.shape[1], STEPS)
    with pytest.raises(ValueError, match=r"logits of task 1 are not finite after 4 steps at learning_rate 0\.1"):
        fine_tuned_logits(network, (support, labels), batches, query, SGD)
    with pytest.raises(ValueError, match=r"losses of task 1 are not finite after 4 steps at learning_rate 0\.1"):
        fine_tuning_path(network, (support, labels), batches, SGD)
