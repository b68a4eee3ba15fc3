"""What all heads share: shapes, checks, precision, and chunks of tasks."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given as of
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

from models.fewshot.heads import chunks, linear_logits, prototype_logits, ridge_logits, svm_logits
from tests.support.episode_features import Features, random_features

Head = Callable[..., Tensor]
HEADS = [prototype_logits, ridge_logits, svm_logits, linear_logits]
every_head = pytest.mark.parametrize("head", HEADS)


def logits_and_gradients(head: Head, features: Features) -> list[Tensor]:
    query, support = features.query.clone().requires_grad_(), features.support.clone().requires_grad_()
    logits = head(query, support, features.labels, features.ways)
    weights = torch.linspace(-1, 1, logits.numel(), dtype=logits.dtype).view_as(logits)
    (logits * weights).sum().backward()
    return [logits.detach(), query.grad, support.grad]


@every_head
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype(head: Head, dtype: torch.dtype) -> None:
    given = random_features(tasks=2, ways=4, queries=7, dtype=dtype)
    logits = head(given.query, given.support, given.labels, 4)
    assert logits.shape == (2, 7, 4)
    assert logits.dtype == dtype


@every_head
def test_one_hot_soft_labels_are_the_hard_ones(head: Head) -> None:
    given = random_features()
    soft = torch.nn.functional.one_hot(given.labels, 4).double()
    found = head(given.query, given.support, soft, 4)
    torch.testing.assert_close(found, head(given.query, given.support, given.labels, 4), rtol=0, atol=0)


@every_head
@settings(max_examples=10, deadline=None)
@of(tasks=st.integers(1, 7), in_a_chunk=st.integers(1, 4), shots=st.integers(1, 3), seed=st.integers(0, 99))
def test_chunks_do_not_change_the_numbers(head: Head, tasks: int, in_a_chunk: int, shots: int, seed: int) -> None:
    given = random_features(tasks=tasks, ways=3, shots=shots, queries=4, seed=seed)
    whole = logits_and_gradients(head, given)
    with pytest.MonkeyPatch.context() as patched:
        of_a_task = (given.query[0].numel() + given.support[0].numel()) * 8
        patched.setattr(chunks, "CHUNK_BYTES", in_a_chunk * of_a_task)
        patched.setattr(chunks, "HUGE_PAGE_BYTES", 1)
        chunked = logits_and_gradients(head, given)
    for one, other in zip(whole, chunked, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


@every_head
def test_tasks_do_not_meet(head: Head) -> None:
    given = random_features(tasks=5)
    together = logits_and_gradients(head, given)
    for task in range(5):
        alone = given.query[task : task + 1], given.support[task : task + 1], given.labels[task : task + 1]
        torch.testing.assert_close(head(*alone, 4)[0], together[0][task], rtol=1e-10, atol=1e-12)


@every_head
def test_features_that_do_not_lie_in_one_piece(head: Head) -> None:
    given = random_features(tasks=5, queries=5)
    apart = replace(given, query=given.query.mT.contiguous().mT, support=given.support[:, :, ::2].repeat(1, 1, 2))
    together = replace(apart, query=apart.query.contiguous(), support=apart.support.contiguous())
    for one, other in zip(logits_and_gradients(head, apart), logits_and_gradients(head, together), strict=True):
        torch.testing.assert_close(one, other)


@every_head
def test_mixed_precision_around_a_head_does_not_change_it(head: Head) -> None:
    given = random_features(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = head(given.query, given.support, given.labels, 4)
    torch.testing.assert_close(found, head(given.query, given.support, given.labels, 4), rtol=0, atol=0)


@every_head
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("where", ["query", "support"])
def test_features_that_are_not_finite_name_the_task(head: Head, where: str, value: float) -> None:
    given = random_features(tasks=4)
    getattr(given, where)[2, 1, 3] = value
    with pytest.raises(ValueError, match=f"{where} features of task 2 hold NaN or infinity"):
        head(given.query, given.support, given.labels, 4)


@every_head
def test_products_that_overflow_name_the_task(head: Head) -> None:
    given = random_features(dtype=torch.float32)
    given.support[1] *= 1e25
    given.query[1] *= 1e25
    with pytest.raises(ValueError, match=r"features of task 1 are too large: their products exceed torch\.float32"):
        head(given.query, given.support, given.labels, 4)


@every_head
@pytest.mark.parametrize("label", [-1, 4, 1000])
def test_labels_out_of_range_are_named(head: Head, label: int) -> None:
    given = random_features()
    given.labels[1, 3] = label
    with pytest.raises(ValueError, match=f"labels of task 1 hold {label}; allowed are 0 to 3"):
        head(given.query, given.support, given.labels, 4)


@every_head
def test_a_way_without_support_is_named(head: Head) -> None:
    given = random_features()
    given.labels[2][given.labels[2] == 3] = 0
    with pytest.raises(ValueError, match="task 2 has no support of way 3; every way needs a sample"):
        head(given.query, given.support, given.labels, 4)


@every_head
@pytest.mark.parametrize("row", [[0.5, 0.6, 0.0, 0.0], [1.2, -0.2, 0.0, 0.0], [float("nan"), 1.0, 0.0, 0.0]])
def test_soft_labels_that_are_no_distribution_are_named(head: Head, row: list[float]) -> None:
    given = random_features()
    soft = torch.nn.functional.one_hot(given.labels, 4).double()
    soft[1, 5] = torch.tensor(row)
    with pytest.raises(ValueError, match=r"soft labels of task 1, sample 5, are .*; allowed are numbers of at least 0"):
        head(given.query, given.support, soft, 4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ways": 1}, "ways is 1; allowed is an integer of at least 2"),
        (
            {"query": torch.zeros(3, 16)},
            "query is torch.float32 (3, 16); allowed is (tasks, samples, d), none of them 0",
        ),
        ({"support": torch.zeros(3, 0, 16)}, "support is torch.float32 (3, 0, 16); allowed is (tasks, samples, d)"),
        ({"query": torch.zeros(3, 5, 16).half()}, "query is torch.float16 (3, 5, 16); allowed are torch.float32 and"),
        ({"query": torch.zeros(3, 5, 16)}, "tasks, d and dtype have to agree"),
        ({"query": torch.zeros(2, 5, 16).double()}, "tasks, d and dtype have to agree"),
        ({"query": torch.zeros(3, 5, 15).double()}, "tasks, d and dtype have to agree"),
        (
            {"labels": torch.zeros(3, 7).long()},
            "labels are torch.int64 (3, 7); allowed are torch.int64 (3, 8) and",
        ),
        ({"labels": torch.zeros(3, 8).int()}, "labels are torch.int32 (3, 8); allowed are torch.int64 (3, 8) and"),
        (
            {"labels": torch.zeros(3, 8, 4)},
            "labels are torch.float32 (3, 8, 4); allowed are torch.int64 (3, 8) and",
        ),
    ],
)
def test_shapes_and_dtypes_that_do_not_fit_are_named(changed: dict[str, Tensor | int], message: str) -> None:
    given = replace(random_features(), **changed)
    for head in HEADS:
        with pytest.raises(ValueError, match=re.escape(message)):
            head(given.query, given.support, given.labels, given.ways)
