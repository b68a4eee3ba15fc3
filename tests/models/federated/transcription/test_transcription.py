"""Losses and searches against all paths, one by one."""

import math
from collections import defaultdict
from itertools import groupby, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.federated.transcription.ctc import ctc_losses, frames_needed
from models.federated.transcription.search import likeliest_path, likeliest_transcript
from models.federated.transcription.vocabulary import Vocabulary, vocabulary_of


def normal(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def probabilities(logits: torch.Tensor) -> dict[tuple[int, ...], float]:
    """Of every transcript that some path spells."""
    found: dict[tuple[int, ...], float] = defaultdict(float)
    frames = logits.softmax(-1).tolist()
    for path in product(range(logits.shape[1]), repeat=len(frames)):
        spelled = tuple(number for number, _ in groupby(path) if number)
        found[spelled] += math.prod(frame[number] for frame, number in zip(frames, path, strict=True))
    return found


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 999))
def test_losses_are_sums_over_paths(frames: int, numbers: int, seed: int) -> None:
    logits = normal(frames, numbers, seed=seed)
    for spelled, probability in probabilities(logits).items():
        assert frames_needed(spelled) <= frames
        padded = torch.cat([logits, normal(2, numbers, seed=1)])[None]  # frames that do not count
        (loss,) = ctc_losses(padded, torch.tensor([frames]), [spelled]).tolist()
        assert loss == pytest.approx(-math.log(probability))


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(2, 4), st.integers(0, 999))
def test_a_wide_beam_finds_the_likeliest_transcript(frames: int, numbers: int, seed: int) -> None:
    logits = normal(frames, numbers, seed=seed)
    all_of_them = probabilities(logits)
    spelled, logarithm = likeliest_transcript(logits, 2000)
    assert all_of_them[tuple(spelled)] == pytest.approx(max(all_of_them.values()))
    assert logarithm == pytest.approx(math.log(all_of_them[tuple(spelled)]))


def test_paths_together_can_beat_the_likeliest_path() -> None:
    logits = torch.tensor([[0.6, 0.4], [0.6, 0.4]]).log()  # blank twice: 0.36; token 1 in one of three ways: 0.64
    assert likeliest_path(logits) == []
    spelled, logarithm = likeliest_transcript(logits, 4)
    assert spelled == [1]
    assert math.exp(logarithm) == pytest.approx(0.64)


def test_repeats_collapse_unless_a_blank_parts_them() -> None:
    def path(*numbers: int) -> torch.Tensor:
        return torch.nn.functional.one_hot(torch.tensor(numbers), 4) * 50.0

    assert likeliest_path(path(0, 3, 3, 0, 3, 1, 1)) == [3, 3, 1]
    assert likeliest_transcript(path(0, 3, 3, 0, 3, 1, 1), 1)[0] == [3, 3, 1]
    assert frames_needed([3, 3, 1]) == 4


def test_an_empty_transcript_wants_blanks() -> None:
    logits = normal(1, 3, 4, seed=0).requires_grad_()
    (loss,) = ctc_losses(logits, torch.tensor([3]), [[]])
    torch.testing.assert_close(loss, -logits.log_softmax(-1)[0, :, 0].sum())
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_short_utterances_and_narrow_beams_are_named() -> None:
    with pytest.raises(ValueError, match="utterance 1 of the batch has 3 frames; its transcript needs 4"):
        ctc_losses(normal(2, 5, 4, seed=0), torch.tensor([4, 3]), [[3, 3, 1], [3, 3, 1]])
    with pytest.raises(ValueError, match="beam is 0"):
        likeliest_transcript(normal(2, 3, seed=0), 0)


def test_tokens_have_numbers_and_come_back() -> None:
    transcripts = [("two", "one"), ("one", "ten")]
    words, characters = vocabulary_of(transcripts, "words"), vocabulary_of(transcripts, "characters")
    assert words == Vocabulary("words", ("one", "ten", "two"))
    assert words.encoded(("two", "one")) == [3, 1]
    assert characters.tokens == (" ", "e", "n", "o", "t", "w")
    assert len(characters) == 7
    for vocabulary in (words, characters):
        for spoken in (*transcripts, ()):
            assert vocabulary.decoded(vocabulary.encoded(spoken)) == spoken


def test_pieces_come_back_and_are_fewer_than_characters() -> None:
    transcripts = [("seventeen", "seven"), ("sixteen", "six"), ("seven", "six", "seventeen")]
    pieces = vocabulary_of(transcripts, "pieces", 20)
    assert pieces == vocabulary_of(transcripts, "pieces", 20)
    assert len(pieces) <= 21
    for spoken in (*transcripts, ("six", "even"), ()):
        assert pieces.decoded(pieces.encoded(spoken)) == spoken
    assert len(pieces.encoded(transcripts[0])) < len(" ".join(transcripts[0]))
    assert not pieces.spells(("zero",))
    with pytest.raises(ValueError, match="of 'zero' is none of the"):
        pieces.encoded(("zero",))
    with pytest.raises(ValueError, match="pieces is 3; the transcripts' characters alone make 8"):
        vocabulary_of(transcripts, "pieces", 3)
    assert len(vocabulary_of(transcripts, "pieces", 8)) == 9


def test_unknown_tokens_and_kinds_are_named() -> None:
    words = vocabulary_of([("one",)], "words")
    with pytest.raises(ValueError, match="'six' of 'one six' is none of the 1 known tokens"):
        words.encoded(("one", "six"))
    with pytest.raises(ValueError, match="there is no word in the transcripts"):
        vocabulary_of([()], "characters")
    with pytest.raises(ValueError, match="tokens is 'phones'; allowed are words, characters, pieces"):
        vocabulary_of([("one",)], "phones")  # type: ignore[arg-type]
