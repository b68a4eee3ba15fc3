"""Connectionist temporal classification (Graves et al. 2006): the loss of frames against a transcript."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from models.federated.transcription.vocabulary import BLANK


def frames_needed(numbers: Sequence[int]) -> int:
    """The fewest frames that can spell tokens: one each, and a blank between two that are equal."""
    return len(numbers) + sum(one == other for one, other in pairwise(numbers))


def ctc_losses(logits: Tensor, lengths: Tensor, transcripts: Sequence[Sequence[int]]) -> Tensor:
    """The negative logarithm of each transcript's probability: (batch,).

    An empty transcript wants blanks in all frames. logits: (batch, frames, tokens and blank), of which an utterance's
    first `lengths` count. Raises ValueError, naming the numbers, if an utterance has too few frames.
    """
    for place, (length, numbers) in enumerate(zip(lengths.tolist(), transcripts, strict=True)):
        if length < frames_needed(numbers):
            raise ValueError(
                f"utterance {place} of the batch has {length} frames; its transcript needs {frames_needed(numbers)}"
            )
    return functional.ctc_loss(
        _at_least_float32(logits).log_softmax(-1).transpose(0, 1),
        torch.tensor([number for numbers in transcripts for number in numbers], dtype=torch.long, device=logits.device),
        lengths,
        torch.tensor([len(numbers) for numbers in transcripts], device=lengths.device),
        blank=BLANK,
        reduction="none",
    )


def _at_least_float32(logits: Tensor) -> Tensor:
    """Losses of long utterances sum too many terms for 16 bits."""
    return logits.float() if logits.itemsize < 4 else logits
