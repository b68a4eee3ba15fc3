"""Recognisers whose tokens depend on those before: transducers with a short memory."""

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from models.federated.broadcast import Broadcast
from models.federated.conformer.settings import ConformerSettings
from models.federated.recogniser import HEAD_BIAS, Recogniser, SpeechBatch
from models.federated.transcription.search import Prefix
from models.federated.transcription.transducer import likeliest_alignments, likeliest_steps, transducer_losses
from models.federated.transcription.vocabulary import BLANK

_PREDICTOR = "predictor"
_MEMORY = 2  # tokens that a prediction depends on


class Predictor(nn.Module):
    """What the last two tokens let expect (a stateless prediction network; Ghodsi et al., 2020)."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.mix = nn.Linear(_MEMORY * width, width)

    def forward(self, before: Tensor) -> Tensor:
        """before: numbers (..., _MEMORY) of the last tokens, blanks where there is none. Vectors (..., width)."""
        return functional.relu(self.mix(self.embedding(before).flatten(-2)))


class TransducerRecogniser(Recogniser):
    """A Conformer, a predictor, and a layer that makes tokens of both; all but the Conformer stay in floats."""

    def __init__(self, settings: ConformerSettings, bands: int, tokens: int) -> None:
        super().__init__(settings, bands, tokens)
        self.predictor = Predictor(tokens, settings.width)
        self.join = nn.Linear(settings.width, settings.width)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """What frames bring to each token (batch, fewer frames, width), and how many frames each utterance has."""
        frames, lengths = self.encoder(features, lengths)
        return self.join(frames), lengths

    def loss(self, batch: SpeechBatch) -> Tensor:
        """The mean loss of the utterances, a scalar. Raises ValueError if one has no frame."""
        frames, lengths = self(batch.features, batch.lengths)
        starts = [torch.tensor([BLANK] * _MEMORY + list(numbers)) for numbers in batch.transcripts]
        before = pad_sequence(starts, batch_first=True, padding_value=BLANK).unfold(1, _MEMORY, 1).to(frames.device)
        logits = self._logits(frames[:, :, None], self.predictor(before)[:, None])
        return transducer_losses(logits, lengths, batch.transcripts).mean()

    def heard(self, features: Tensor, lengths: Tensor, beam: int | None = None) -> list[list[int]]:
        """The tokens of each utterance. beam: of a search; None takes the likeliest step each time.

        Raises ValueError for a beam below 1.
        """
        frames, lengths = self(features, lengths)
        return [self._heard(one[:length], beam) for one, length in zip(frames, lengths.tolist(), strict=True)]

    def _heard(self, frames: Tensor, beam: int | None) -> list[int]:
        def scores(frame: int, prefixes: Sequence[Prefix]) -> Tensor:
            last = [((BLANK,) * _MEMORY + prefix)[-_MEMORY:] for prefix in prefixes]
            before = torch.tensor(list(chain(*last)), device=frames.device).view(-1, _MEMORY)
            return self._logits(frames[frame], self.predictor(before)).log_softmax(-1)

        if beam is None:
            return likeliest_steps(scores, len(frames))
        return likeliest_alignments(scores, len(frames), beam)[0]

    def _logits(self, frames: Tensor, predicted: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.tanh(frames + predicted))
        return logits


def recogniser_of(received: Broadcast, settings: ConformerSettings, bands: int) -> Recogniser:
    """A recogniser of the kind that a broadcast is of, with as many tokens."""
    kind = TransducerRecogniser if any(name.startswith(f"{_PREDICTOR}.") for name in received.floats) else Recogniser
    return kind(settings, bands, len(received.floats.get(HEAD_BIAS, ())))
