"""Error rates of a recogniser on held-out utterances."""

from collections.abc import Sequence

import jiwer
import torch
from torch import Tensor

from models.federated.recogniser import Recogniser, speech_batch
from models.federated.training.corpus import HeldOut
from models.federated.training.features import frame_counts
from models.federated.transcription.vocabulary import Vocabulary

_BATCH = 32


@torch.no_grad()
def transcribed(
    recogniser: Recogniser, features: Sequence[Tensor], vocabulary: Vocabulary, beam: int | None = None
) -> list[tuple[str, ...]]:
    """The words that a recogniser hears in each utterance. beam: of a search; None takes the likeliest steps.

    Raises ValueError for a beam below 1.
    """
    device = next(recogniser.parameters()).device
    recogniser.eval()
    counts = frame_counts(features)
    order = sorted(range(len(features)), key=lambda place: counts[place])  # batches of similar length
    found: dict[int, tuple[str, ...]] = {}
    for first in range(0, len(order), _BATCH):
        places = order[first : first + _BATCH]
        batch = speech_batch([features[place] for place in places], [[]] * len(places)).to(device)
        for place, numbers in zip(places, recogniser.heard(batch.features, batch.lengths, beam), strict=True):
            found[place] = vocabulary.decoded(numbers)
    return [found[place] for place in range(len(features))]


def error_rates(
    recogniser: Recogniser, held_out: HeldOut, vocabulary: Vocabulary, beam: int | None = None
) -> dict[str, float]:
    """Shares of words and characters that are wrong, summed over all utterances, and of utterances with an error.

    Insertions count, also where nothing is said, so a share may exceed 1.
    """
    said = [" ".join(words) for words in held_out.words]
    heard = [" ".join(words) for words in transcribed(recogniser, held_out.features, vocabulary, beam)]
    words = jiwer.process_words(said, heard)
    return {
        "word_error_rate": words.wer,
        "character_error_rate": jiwer.process_characters(said, heard).cer,
        "utterance_error_rate": sum(one != other for one, other in zip(said, heard, strict=True)) / len(said),
        "substitutions": words.substitutions,
        "deletions": words.deletions,
        "insertions": words.insertions,
    }


def word_errors(recogniser: Recogniser, held_out: HeldOut, vocabulary: Vocabulary) -> tuple[list[int], list[int]]:
    """Of each utterance, the number of words that are wrong, and of those that are said."""
    heard = transcribed(recogniser, held_out.features, vocabulary)
    wrong = []
    for words, found in zip(held_out.words, heard, strict=True):
        one = jiwer.process_words(" ".join(words), " ".join(found))
        wrong.append(one.substitutions + one.deletions + one.insertions)
    return wrong, [len(words) for words in held_out.words]
