"""Prototypes that queries refine: a plain loop, ProtoNet without confidence, gradients, what helps whom."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from models.fewshot.confidence.metric import InstanceMetric
from models.fewshot.heads import prototype_logits, refined_logits

TASKS, WAYS, SHOTS, QUERIES, D = 3, 4, 2, 6, 5
LABELS = torch.arange(WAYS).repeat_interleave(SHOTS).expand(TASKS, -1)


def features(seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    query = torch.randn(TASKS, QUERIES, D, generator=generator, dtype=torch.float64)
    return query, torch.randn(TASKS, WAYS * SHOTS, D, generator=generator, dtype=torch.float64)


def learnt(seed: int = 0) -> InstanceMetric:
    torch.manual_seed(seed)
    return InstanceMetric(D).double()


def of_prototypes(query: Tensor, prototypes: Tensor) -> Tensor:
    """ProtoNet's logits for prototypes, each the only image of its class."""
    return prototype_logits(query, prototypes, torch.arange(WAYS).expand(len(query), -1), WAYS)


def soft_labels() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.rand(TASKS, WAYS * SHOTS, WAYS, generator=generator, dtype=torch.float64).softmax(-1)


def looped(query: Any, support: Any, weights: Any, scale: Any, rounds: int, confidence: float) -> Any:
    """Logits of one task, image by image. scale: of features (d,)."""

    def scaled(one: Any) -> Any:
        return one / np.sqrt((one**2).sum()) / scale(one)

    added = np.zeros((len(query), WAYS))
    for turn in range(rounds + 1):
        logits = np.zeros((len(query), WAYS))
        for way in range(WAYS):
            total = sum(weights[i, way] * support[i] for i in range(len(support)))
            total = total + sum(confidence * added[j, way] * query[j] for j in range(len(query)))
            prototype = total / (weights[:, way].sum() + confidence * added[:, way].sum())
            for j in range(len(query)):
                logits[j, way] = -((scaled(query[j]) - scaled(prototype)) ** 2).sum()
        if turn < rounds:
            added = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return logits


@pytest.mark.parametrize("rounds", [0, 1, 3])
@pytest.mark.parametrize("confidence", [1.0, 0.5])
@pytest.mark.parametrize("labels", [LABELS, soft_labels()], ids=["hard", "soft"])
def test_logits_are_those_of_a_loop_over_images(labels: Tensor, confidence: float, rounds: int) -> None:
    metric, (query, support) = learnt(), features()

    def scale(one: Any) -> float:
        return metric.scale(torch.from_numpy(one)).item()

    found = refined_logits(query, support, labels, WAYS, metric, rounds, confidence)
    weights = torch.nn.functional.one_hot(labels).double() if labels.dim() == 2 else labels
    for task in range(TASKS):
        expected = looped(query[task].numpy(), support[task].numpy(), weights[task].numpy(), scale, rounds, confidence)
        np.testing.assert_allclose(found[task].detach().numpy(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("rounds", "confidence"), [(0, 1.0), (1, 0.0), (10, 0.0)])
@pytest.mark.parametrize("labels", [LABELS, soft_labels()], ids=["hard", "soft"])
def test_without_confidence_it_is_protonet(labels: Tensor, rounds: int, confidence: float) -> None:
    query, support = features()
    found = refined_logits(query, support, labels, WAYS, of_prototypes, rounds, confidence)
    torch.testing.assert_close(found, prototype_logits(query, support, labels, WAYS), rtol=0, atol=1e-10)
    assert torch.equal(found, refined_logits(query, support, labels, WAYS, of_prototypes))


def test_with_one_shot_and_no_round_it_is_protonet_on_the_scaled_features() -> None:
    metric, (query, support) = learnt(), features()
    found = refined_logits(query, support[:, ::SHOTS], LABELS[:, ::SHOTS], WAYS, metric)
    expected = D * prototype_logits(metric.scaled(query), metric.scaled(support[:, ::SHOTS]), LABELS[:, ::SHOTS], WAYS)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("rounds", "helps"), [(0, False), (1, True)])
def test_queries_help_each_other_in_a_transductive_setting_alone(rounds: int, helps: bool) -> None:
    metric, (query, support) = learnt(), features()
    changed = query.clone()
    changed[:, 1:] = features(seed=9)[0][:, 1:]
    first, second = (refined_logits(one, support, LABELS, WAYS, metric, rounds)[:, 0] for one in (query, changed))
    assert torch.allclose(first, second, rtol=0, atol=1e-12) is not helps


def test_the_order_of_queries_does_not_matter() -> None:
    metric, (query, support) = learnt(), features()
    order = torch.randperm(QUERIES)
    expected = refined_logits(query, support, LABELS, WAYS, metric, 3)[:, order]
    torch.testing.assert_close(refined_logits(query[:, order], support, LABELS, WAYS, metric, 3), expected)


def test_rounds_bring_the_prototypes_of_a_poor_support_to_the_middle_of_their_clusters() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = 4 * torch.eye(WAYS, D, dtype=torch.float64)
    support = (centres + 1.5 * torch.randn(50, WAYS, D, generator=generator)).double()
    query = (centres[:, None] + torch.randn(50, WAYS, 30, D, generator=generator)).double().flatten(1, 2)
    truth = torch.arange(WAYS).repeat_interleave(30)

    def accuracy(rounds: int) -> float:
        logits = refined_logits(query, support, torch.arange(WAYS).expand(50, -1), WAYS, of_prototypes, rounds)
        return float((logits.argmax(2) == truth).double().mean())

    assert accuracy(10) > accuracy(0) + 0.02


@pytest.mark.parametrize("rounds", [0, 2])
def test_gradients_are_exact(rounds: int) -> None:
    metric, (query, support) = learnt(), features()
    parameters = dict(metric.named_parameters())

    def logits(query: Tensor, support: Tensor, soft: Tensor, *weights: Tensor) -> Tensor:
        named = dict(zip(parameters, weights, strict=True))
        called = lambda *one: torch.func.functional_call(metric, named, one)  # noqa: E731
        return refined_logits(query, support, soft.softmax(-1), WAYS, called, rounds)

    small = [one[:1].clone().requires_grad_() for one in (query[:, :3], support, soft_labels())]
    weights = [one.detach().clone().requires_grad_() for one in parameters.values()]
    torch.autograd.gradcheck(logits, (*small, *weights), fast_mode=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": -1}, "rounds is -1"),
        ({"rounds": 1.5}, "rounds is 1.5"),
        ({"confidence": -0.1}, "confidence is -0.1"),
        ({"confidence": float("nan")}, "confidence is nan"),
    ],
)
def test_impossible_options_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refined_logits(*features(), LABELS, WAYS, learnt(), **options)


def test_features_that_are_not_finite_name_the_task() -> None:
    query, support = features()
    query[2, 3] = float("nan")
    with pytest.raises(ValueError, match="query features of task 2 hold NaN"):
        refined_logits(query, support, LABELS, WAYS, learnt(), 2)


def test_single_precision_stays_single() -> None:
    query, support = (one.float() for one in features())
    metric = learnt().float()
    assert refined_logits(query, support, LABELS, WAYS, metric, 2).dtype == torch.float32
