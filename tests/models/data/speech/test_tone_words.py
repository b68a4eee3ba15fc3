"""The synthetic language: notes of the right pitch, the same each time."""

import pytest
import torch

from models.data.speech.tone_words import NOTES, RATE, tone_words
from models.data.speech.utterances import speakers


def test_each_word_is_heard_as_its_note() -> None:
    for row in tone_words(40, 1, most=1).train:
        spectrum = torch.fft.rfft(row.samples.float(), RATE).abs()
        comb = spectrum[:1300] + spectrum[:2600:2] + spectrum[:3900:3]  # of a note and its harmonics
        pitch = int(comb[400:1100].argmax()) + 400
        nearest = min(NOTES, key=lambda name: abs(NOTES[name] - pitch))
        assert (nearest,) == row.words


def test_rows_are_of_all_lengths_words_and_voices_and_the_same_each_time() -> None:
    made = tone_words(200, 20, voices=5, most=3)
    assert {len(one.words) for one in made.train} == {1, 2, 3}
    assert {word for one in made.train for word in one.words} == set(NOTES)
    assert {len(own) for own in speakers(made.train).values()} == {40}
    assert made.digest == tone_words(200, 20, voices=5, most=3).digest
    assert made.digest != tone_words(200, 20, 1, voices=5, most=3).digest
    assert not torch.equal(made.train[0].samples, made.test[0].samples)
    longest = max(len(one.samples) for one in made.train)
    assert longest <= RATE * (3 * (0.24 + 0.05) + 0.05)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="voices is 0"):
        tone_words(1, 1, voices=0)
