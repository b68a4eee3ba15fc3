"""Pieces of words (SentencePiece, a unigram model), trained on transcripts; needs the extra `speech`."""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from models.extras import required

_UNKNOWN = 0  # SentencePiece's number of what it cannot spell; pieces follow, as tokens do after CTC's blank


def train_pieces(transcripts: Iterable[Sequence[str]], count: int) -> bytes:
    """A model of at most `count` pieces, in SentencePiece's format.

    Raises ValueError if transcripts have more characters than that, or sentencepiece is not installed.
    """
    sentencepiece = required("sentencepiece", "speech")
    lines = [" ".join(words) for words in transcripts if words]
    characters = len(set("".join(lines)) - {" "}) + 1  # SentencePiece has a mark for the start of a word
    if count < characters:
        raise ValueError(f"pieces is {count}; the transcripts' characters alone make {characters}")
    written = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=written,
            vocab_size=count + 1,
            hard_vocab_limit=False,
            character_coverage=1.0,
            normalization_rule_name="identity",
            unk_id=_UNKNOWN,
            bos_id=-1,
            eos_id=-1,
            num_threads=1,
            minloglevel=2,
        )
    except (RuntimeError, OSError) as error:
        raise ValueError(f"SentencePiece found no pieces of the transcripts: {error}") from error
    return written.getvalue()


def piece_names(model: bytes) -> tuple[str, ...]:
    """The pieces, by number from 1 on."""
    processor = _processor(model)
    return tuple(processor.id_to_piece(number) for number in range(1, processor.get_piece_size()))


def pieces_of(model: bytes, words: Sequence[str]) -> list[str]:
    """The pieces of a transcript; characters that the model does not know stay as they are."""
    return list(_processor(model).encode(" ".join(words), out_type=str)) if words else []


def words_of(model: bytes, pieces: Sequence[str]) -> list[str]:
    """The words of pieces."""
    return str(_processor(model).decode(list(pieces))).split()


@cache
def _processor(model: bytes) -> Any:
    try:
        return required("sentencepiece", "speech").SentencePieceProcessor(model_proto=model)
    except RuntimeError as error:
        raise ValueError("the model of pieces is damaged") from error
