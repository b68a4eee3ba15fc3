"""A speech recogniser: a Conformer encoder, and a linear layer that makes tokens of its frames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from models.federated.conformer.encoder import ConformerEncoder
from models.federated.conformer.settings import ConformerSettings
from models.federated.transcription.ctc import ctc_losses
from models.federated.transcription.search import likeliest_path, likeliest_transcript

ENCODER = "encoder"
"""The name of the part that is quantized."""

HEAD_BIAS = "head.bias"
"""The name of the parameter that has one number for each token."""


@dataclass(frozen=True)
class SpeechBatch:
    """Utterances of one batch. features: (batch, frames, bands), padded with zeros. lengths: (batch,), in frames.

    transcripts: numbers of tokens.
    """

    features: Tensor
    lengths: Tensor
    transcripts: Sequence[Sequence[int]]

    def __len__(self) -> int:
        return len(self.lengths)

    def to(self, device: torch.device) -> "SpeechBatch":
        """The same utterances with features and lengths on `device`."""
        return replace(self, features=self.features.to(device), lengths=self.lengths.to(device))


def speech_batch(features: Sequence[Tensor], transcripts: Sequence[Sequence[int]]) -> SpeechBatch:
    """Utterances with features (frames, bands) each."""
    lengths = torch.tensor([len(one) for one in features])
    return SpeechBatch(pad_sequence(list(features), batch_first=True), lengths, transcripts)


class Recogniser(nn.Module):
    """Features of utterances to logits of CTC. tokens: their number, the blank among them."""

    def __init__(self, settings: ConformerSettings, bands: int, tokens: int) -> None:
        super().__init__()
        self.encoder = ConformerEncoder(settings, bands)
        self.head = nn.Linear(settings.width, tokens)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (batch, fewer frames, tokens), and how many frames of them each utterance has."""
        frames, lengths = self.encoder(features, lengths)
        return self.head(frames), lengths

    def loss(self, batch: SpeechBatch) -> Tensor:
        """The mean loss of the utterances, a scalar. Raises ValueError if one is too short for its transcript."""
        logits, lengths = self(batch.features, batch.lengths)
        return ctc_losses(logits, lengths, batch.transcripts).mean()

    def heard(self, features: Tensor, lengths: Tensor, beam: int | None = None) -> list[list[int]]:
        """The tokens of each utterance. beam: of a search; None takes the likeliest token of each frame.

        Raises ValueError for a beam below 1.
        """
        logits, lengths = self(features, lengths)
        rows = [one[:length] for one, length in zip(logits, lengths.tolist(), strict=True)]
        return [likeliest_path(one) if beam is None else likeliest_transcript(one, beam)[0] for one in rows]
