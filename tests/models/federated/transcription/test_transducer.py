"""Transducers against all alignments, one by one, in float64."""

import math
from collections.abc import Sequence
from itertools import product

import pytest
import torch
from torch import Tensor

from models.federated.transcription.search import Prefix
from models.federated.transcription.transducer import likeliest_alignments, likeliest_steps, transducer_losses


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def every_alignment(follows: Tensor, transcript: Sequence[int]) -> float:
    """The sum over all orders of frames and tokens. follows: logarithms, of (frames, tokens + 1, numbers)."""
    frames, total = len(follows), 0.0
    for steps in product((0, 1), repeat=frames + len(transcript)):  # 1 speaks a token, 0 ends a frame
        if sum(steps) != len(transcript) or steps[-1] != 0:
            continue
        frame, spoken, logarithm = 0, 0, 0.0
        for step in steps:
            logarithm += follows[frame, spoken, transcript[spoken] if step else 0].item()
            frame, spoken = frame + (not step), spoken + step
        total += math.exp(logarithm)
    return total


@pytest.mark.parametrize(
    ("frames", "transcript"), [(1, []), (1, [2]), (4, []), (3, [1, 1]), (4, [2, 1, 3]), (2, [3, 3, 1])]
)
def test_the_loss_sums_all_alignments(frames: int, transcript: list[int]) -> None:
    logits = normal(1, frames, len(transcript) + 1, 4, seed=frames)
    found = transducer_losses(logits, torch.tensor([frames]), [transcript])
    expected = -math.log(every_alignment(logits[0].log_softmax(-1), transcript))
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_padding_and_neighbours_do_not_matter() -> None:
    transcripts, lengths = [[1, 2, 3], [2], []], [3, 5, 4]
    logits = normal(3, 6, 4, 4, seed=0).requires_grad_()
    together = transducer_losses(logits, torch.tensor(lengths), transcripts)
    for row, (length, transcript) in enumerate(zip(lengths, transcripts, strict=True)):
        alone = logits[row : row + 1, :length, : len(transcript) + 1]
        assert torch.allclose(
            together[row], transducer_losses(alone, torch.tensor([length]), [transcript])[0], rtol=1e-12
        )
    (gradient,) = torch.autograd.grad(together.sum(), logits)
    for row, (length, transcript) in enumerate(zip(lengths, transcripts, strict=True)):
        assert not gradient[row, length:].any()
        assert not gradient[row, :, len(transcript) + 1 :].any()
        assert gradient[row, :length, : len(transcript) + 1].any()


def test_gradients_are_those_of_differences() -> None:
    logits = normal(2, 3, 3, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda one: transducer_losses(one, torch.tensor([3, 2]), [[1, 2], [2]]), logits)


def test_losses_of_many_frames_stay_finite() -> None:
    logits = (100 * normal(1, 400, 31, 5, seed=2)).float().requires_grad_()
    (loss,) = transducer_losses(logits, torch.tensor([400]), [[1 + one % 4 for one in range(30)]])
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_an_utterance_without_a_frame_is_named() -> None:
    with pytest.raises(ValueError, match="utterance 1 of the batch has no frame"):
        transducer_losses(normal(2, 3, 2, 3, seed=0), torch.tensor([2, 0]), [[1], [1]])


class Random:
    """Logarithms for three tokens and a blank that depend on the frame and the last token."""

    def __init__(self, frames: int, seed: int) -> None:
        self.follows = (2 * normal(frames, 4, 4, seed=seed)).log_softmax(-1)

    def __call__(self, frame: int, prefixes: Sequence[Prefix]) -> Tensor:
        return torch.stack([self.follows[frame, prefix[-1] if prefix else 0] for prefix in prefixes])

    def logarithm(self, transcript: Sequence[int]) -> float:
        before = [0, *transcript]
        grid = torch.stack([self.follows[:, one] for one in before], 1)
        return -transducer_losses(grid[None], torch.tensor([len(self.follows)]), [transcript]).item()


@pytest.mark.parametrize("seed", range(6))
def test_a_wide_search_finds_the_likeliest_transcript(seed: int) -> None:
    scores = Random(3, seed)
    every = [list(one) for count in range(5) for one in product((1, 2, 3), repeat=count)]
    best = max(every, key=scores.logarithm)
    found, logarithm = likeliest_alignments(scores, 3, 400)
    assert scores.logarithm(found) >= scores.logarithm(best) - 1e-9
    if len(found) <= 4:  # no more than a frame may have; what the beam left out is little
        assert -0.01 < logarithm - scores.logarithm(found) < 1e-9


def test_likeliest_steps_follow_the_likeliest_step() -> None:
    scores = Random(5, 0)
    expected: list[int] = []
    for frame in range(5):
        for _ in range(4):
            number = int(scores(frame, [tuple(expected)])[0].argmax())
            if not number:
                break
            expected.append(number)
    assert likeliest_steps(scores, 5) == expected
    assert expected
    with pytest.raises(ValueError, match="beam is 0"):
        likeliest_alignments(scores, 5, 0)
