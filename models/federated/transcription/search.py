"""Transcripts that frames make likely."""

import math
from collections import defaultdict
from itertools import groupby

from torch import Tensor

from models.checks import check_positive
from models.federated.transcription.vocabulary import BLANK

Prefix = tuple[int, ...]


def likeliest_path(logits: Tensor) -> list[int]:
    """The tokens of the likeliest token or blank of each frame; logits: (frames, tokens and blank)."""
    return [number for number, _ in groupby(logits.argmax(-1).tolist()) if number != BLANK]


def likeliest_transcript(logits: Tensor, beam: int) -> tuple[list[int], float]:
    """The transcript whose paths are likeliest together, and the logarithm of their probability (prefix beam search).

    Probabilities are exact sums over the paths of the prefixes that stay among the best `beam` after each frame.
    logits: (frames, tokens and blank). Raises ValueError for a beam below 1.
    """
    check_positive("beam", beam)
    # The logarithms of a prefix's paths that end in its last token, and in a blank.
    kept: dict[Prefix, tuple[float, float]] = {(): (-math.inf, 0.0)}
    for frame in logits.double().log_softmax(-1).tolist():
        tokens: defaultdict[Prefix, float] = defaultdict(lambda: -math.inf)
        blanks: dict[Prefix, float] = {}
        for prefix, (by_token, by_blank) in kept.items():
            both = log_sum(by_token, by_blank)
            blanks[prefix] = both + frame[BLANK]
            if prefix:
                tokens[prefix] = log_sum(tokens[prefix], by_token + frame[prefix[-1]])
            for number, value in enumerate(frame):
                if number != BLANK:
                    before = by_blank if prefix and prefix[-1] == number else both
                    longer = (*prefix, number)
                    tokens[longer] = log_sum(tokens[longer], before + value)
        found = {prefix: (tokens[prefix], blanks.get(prefix, -math.inf)) for prefix in {*blanks, *tokens}}
        best = sorted(found, key=lambda prefix: (-log_sum(*found[prefix]), prefix))[:beam]
        kept = {prefix: found[prefix] for prefix in best}
    prefix = next(iter(kept))
    return list(prefix), log_sum(*kept[prefix])


def log_sum(one: float, other: float) -> float:
    """The logarithm of the sum of what two numbers are the logarithms of."""
    larger, smaller = max(one, other), min(one, other)
    return larger if smaller == -math.inf else larger + math.log1p(math.exp(smaller - larger))
