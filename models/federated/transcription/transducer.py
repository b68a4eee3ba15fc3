"""Transducers (Graves, 2012): the loss of frames and predictions against a transcript, and likely transcripts."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from models.checks import check_positive
from models.federated.transcription.search import Prefix, log_sum
from models.federated.transcription.vocabulary import BLANK

Scores = Callable[[int, Sequence[Prefix]], Tensor]
"""Logarithms of the probabilities of what follows prefixes in a frame: (prefixes, tokens and blank)."""

_NEVER = -1e30  # a logarithm of 0 whose differences are numbers
_MOST_TOKENS = 4  # of a frame


def transducer_losses(logits: Tensor, lengths: Tensor, transcripts: Sequence[Sequence[int]]) -> Tensor:
    """The negative logarithm of each transcript's probability, over all its alignments: (batch,).

    An alignment takes a token, which stays in the frame, or a blank, which goes to the next frame, at each step, and
    ends with the blank of the last frame. Its probability is summed over anti-diagonals of the grid of frames and
    tokens, all cells of one at a time and all utterances together.

    logits: (batch, frames, most tokens of a transcript + 1, tokens and blank), of which an utterance's first `lengths`
    frames count. Raises ValueError, naming it, if an utterance has no frame.
    """
    if not lengths.all():
        raise ValueError(f"utterance {lengths.tolist().index(0)} of the batch has no frame")
    blanks, tokens = _steps(logits, transcripts)
    counts = torch.tensor([len(numbers) for numbers in transcripts], device=logits.device)
    row = torch.full_like(blanks[:, 0], _NEVER)
    row[:, 0] = 0.0
    rows = [row]
    for diagonal in range(1, blanks.shape[1]):
        stay = rows[-1] + blanks[:, diagonal - 1]
        spoken = rows[-1][:, :-1] + tokens[:, diagonal - 1, :-1]
        rows.append(torch.cat([stay[:, :1], torch.logaddexp(stay[:, 1:], spoken)], 1))
    batch = torch.arange(len(counts), device=logits.device)
    last = lengths.to(logits.device) - 1 + counts
    return -(torch.stack(rows, 1)[batch, last, counts] + blanks[batch, last, counts])


def likeliest_steps(scores: Scores, frames: int) -> list[int]:
    """The tokens of the likeliest step each time, at most _MOST_TOKENS of them in a frame."""
    found: list[int] = []
    for frame in range(frames):
        for _ in range(_MOST_TOKENS):
            number = int(scores(frame, [tuple(found)])[0].argmax())
            if number == BLANK:
                break
            found.append(number)
    return found


def likeliest_alignments(scores: Scores, frames: int, beam: int) -> tuple[list[int], float]:
    """The transcript whose alignments are likeliest together, and the logarithm of their probability.

    Probabilities are exact sums over the alignments with at most _MOST_TOKENS tokens in a frame, of the transcripts
    that stay among the best `beam` after each step. Raises ValueError for a beam below 1.
    """
    check_positive("beam", beam)
    kept: dict[Prefix, float] = {(): 0.0}
    for frame in range(frames):
        ended: defaultdict[Prefix, float] = defaultdict(lambda: -math.inf)
        for spoken in range(_MOST_TOKENS + 1):
            prefixes, longer = list(kept), dict[Prefix, float]()
            for prefix, follows in zip(prefixes, scores(frame, prefixes).double().tolist(), strict=True):
                ended[prefix] = log_sum(ended[prefix], kept[prefix] + follows[BLANK])
                if spoken < _MOST_TOKENS:
                    longer |= {(*prefix, n): kept[prefix] + one for n, one in enumerate(follows) if n != BLANK}
            kept = _best(longer, beam)
        kept = _best(ended, beam)
    prefix = next(iter(kept))
    return list(prefix), kept[prefix]


def _best(found: Mapping[Prefix, float], width: int) -> dict[Prefix, float]:
    ordered = sorted(found, key=lambda prefix: (-found[prefix], prefix))
    return {prefix: found[prefix] for prefix in ordered[:width]}


def _steps(logits: Tensor, transcripts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Logarithms of blanks and of the transcripts' next tokens: (batch, diagonals, places); never outside the grid.

    The cell of frame t with u tokens behind it is in place u of diagonal t + u.
    """
    batch, frames, places, _ = logits.shape
    chosen = torch.zeros(batch, places, dtype=torch.long)
    for row, numbers in enumerate(transcripts):
        chosen[row, : len(numbers)] = torch.tensor(numbers, dtype=torch.long)
    follows = (logits.float() if logits.itemsize < 4 else logits).log_softmax(-1)
    picked = chosen.to(logits.device)[:, None, :, None].expand(-1, frames, -1, -1)
    diagonal = torch.arange(frames + places - 1, device=logits.device)[:, None]
    place = torch.arange(places, device=logits.device)
    frame = diagonal - place
    outside = (frame < 0) | (frame >= frames)
    frame = frame.clamp(0, frames - 1)
    blanks, tokens = follows[..., BLANK], follows.gather(-1, picked).squeeze(-1)
    return tuple(one[:, frame, place].masked_fill(outside, _NEVER) for one in (blanks, tokens))  # type: ignore[return-value]
