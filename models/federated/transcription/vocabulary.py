"""Tokens of transcripts, and their numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from models.checks import check_choice
from models.federated.transcription import pieces

TokenKind = Literal["words", "characters", "pieces"]

BLANK = 0
"""The number of the blank, which is no token."""

_SPACE = " "


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by number, from 1 on. kind: what a token is; characters have a space between words.

    model: of pieces, in SentencePiece's format. Raises ValueError if that is damaged, or of other pieces.
    """

    kind: TokenKind
    tokens: tuple[str, ...]
    model: bytes = b""

    def __post_init__(self) -> None:
        if self.kind == "pieces" and pieces.piece_names(self.model) != self.tokens:
            raise ValueError("the model of pieces is of others")

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens, 1)}

    def __len__(self) -> int:
        """The number of tokens and of the blank."""
        return len(self.tokens) + 1

    def encoded(self, words: Sequence[str]) -> list[int]:
        """The numbers of a transcript. Raises ValueError, naming it, for a token that is unknown."""
        parts = self._split(words)
        unknown = [part for part in parts if part not in self._numbers]
        if unknown:
            raise ValueError(f"{unknown[0]!r} of {_SPACE.join(words)!r} is none of the {len(self.tokens)} known tokens")
        return [self._numbers[part] for part in parts]

    def spells(self, words: Sequence[str]) -> bool:
        """Whether all tokens of a transcript are known."""
        return all(part in self._numbers for part in self._split(words))

    def decoded(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The words of numbers, without blanks."""
        parts = [self.tokens[number - 1] for number in numbers]
        if self.kind == "pieces":
            return tuple(pieces.words_of(self.model, parts))
        return tuple(parts if self.kind == "words" else "".join(parts).split())

    def _split(self, words: Sequence[str]) -> Sequence[str]:
        return pieces.pieces_of(self.model, words) if self.kind == "pieces" else _split(self.kind, words)


def vocabulary_of(transcripts: Iterable[Sequence[str]], kind: TokenKind, count: int = 0) -> Vocabulary:
    """All tokens of transcripts, sorted; of pieces, at most `count`, as SentencePiece finds them.

    Raises ValueError for an unknown kind, or if there are none.
    """
    check_choice("tokens", kind, TokenKind)
    known = list(transcripts)
    if not any(known):
        raise ValueError("there is no word in the transcripts")
    if kind == "pieces":
        model = pieces.train_pieces(known, count)
        return Vocabulary(kind, pieces.piece_names(model), model)
    return Vocabulary(kind, tuple(sorted({part for words in known for part in _split(kind, words)})))


def _split(kind: TokenKind, words: Sequence[str]) -> Sequence[str]:
    return words if kind == "words" else _SPACE.join(words)
