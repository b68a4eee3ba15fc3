"""Settings of a federated run. They are collected without torch, so that a command line's help is quick."""

from dataclasses import dataclass
from typing import Literal

from models.federated.choices import AggregateName, CriterionName, Rounding, ScalePer
from models.federated.conformer.settings import NormName, SizeName, Subsampling
from models.federated.transcription.vocabulary import TokenKind

Algorithm = Literal["fedsgd", "fedavg", "central"]
OptimizerName = Literal["adam", "sgd", "yogi"]
ScheduleName = Literal["constant", "cosine"]


@dataclass(frozen=True, kw_only=True)
class FedAqtSettings:
    """Settings of a run, as a command line collects them: not checked yet."""

    algorithm: Algorithm = "fedsgd"
    """Clients send gradients of a batch (fedsgd), or models after several steps (fedavg). central: quantization-aware
    training in one place, on the same utterances as fedsgd."""
    bits: int = 8
    """Bits of the encoder's weights, 2 to 8; 32 for floats."""
    scale_per: ScalePer = "channel"
    """What shares a scale: a matrix (tensor) or an output of it (channel)."""
    relay: bool = True
    """Gradient relay of fedsgd: the server adds what flows through the scales."""
    rounding: Rounding = "nearest"
    """Rounding of fedavg's steps on clients."""
    size: SizeName = "tiny"
    """The Conformer: S, M, L, or tiny, for digits."""
    norm: NormName = "layer"
    """Norm in the Conformer's convolutions; batch is for central alone, as clients have too few utterances for it."""
    dropout: float = 0.1
    """Probability of dropout, 0 to below 1."""
    subsampling: Subsampling = 4
    """Frames of 10 ms for one of the encoder's: 4, or 2 where words are short and spelled."""
    checkpointing: bool = False
    """Clients compute activations again for the gradients instead of keeping them: less memory, more time."""
    tokens: TokenKind = "words"
    """What the recogniser spells: words, characters, or pieces of words, which SentencePiece finds in the training
    transcripts (extra `speech`)."""
    pieces: int = 256
    """The most pieces of words, for tokens pieces."""
    criterion: CriterionName = "ctc"
    """How frames become tokens: each by itself (ctc), or depending on the last two tokens (transducer)."""
    bands: int = 40
    """Mel bands of a frame."""
    rounds: int = 500
    """Rounds of training."""
    clients_per_round: int = 4
    """Clients that are drawn for a round, or all if there are fewer."""
    client_batch: int = 8
    """Utterances in a client's batch."""
    local_steps: int = 4
    """Batches that a client trains on in a round of fedavg."""
    local_learning_rate: float = 0.01
    """Learning rate of gradient descent on clients (fedavg)."""
    absent: float = 0.0
    """Share of the drawn clients that do not answer, 0 to below 1, drawn anew each round."""
    quorum: float = 0.5
    """Share of the drawn clients that have to answer, above 0 to 1; a round with fewer is repeated with others."""
    aggregate: AggregateName = "mean"
    """What the server makes of updates: their weighted mean; of each number, the median, or the mean without a tenth,
    but at least one, at each end (trimmed). The last two keep all updates of a round; relay after them is not exact."""
    clip_update: float | None = None
    """Norm to which larger updates are scaled down, by the server, or with --secure by their clients; not clipped if
    left out. Relay after it is not exact."""
    max_norm: float | None = None
    """Largest norm of a client's update; larger ones are refused. Not limited if left out."""
    secure: bool = False
    """Secure aggregation: clients mask their updates, and the server learns their sum alone. Needs --clip-update, which
    bounds the integers that are added, at least 3 clients a round, and the extra `federated`."""
    optimizer: OptimizerName | None = None
    """The server's optimizer. adam, or sgd for fedavg, if left out."""
    learning_rate: float | None = None
    """The server's learning rate. 0.003 for adam and yogi, 1 for sgd in fedavg and 0.1 elsewhere if left out."""
    momentum: float = 0.0
    """Momentum of sgd on the server."""
    schedule: ScheduleName | None = None
    """The server's learning rate after the warm-up: constant, or a cosine that falls to 0. If left out, constant for
    fedavg with sgd, which is plain averaging, and cosine elsewhere."""
    warmup: int | None = None
    """Rounds in which the server's learning rate rises linearly. If left out, none for fedavg with sgd, and elsewhere a
    tenth of all, but at most 50."""
    clip_norm: float | None = None
    """Largest norm of a round's mean gradients; not limited if left out."""
    evaluate_every: int = 50
    """Rounds between evaluations on held-out utterances."""
    seed: int = 0
    """Seed of everything random."""

    @property
    def used_warmup(self) -> int:
        """Rounds of the warm-up."""
        if self.warmup is not None:
            return self.warmup
        return 0 if self._averages else min(50, self.rounds // 10)

    @property
    def used_schedule(self) -> ScheduleName:
        """The schedule of the server's learning rate."""
        return self.schedule or ("constant" if self._averages else "cosine")

    @property
    def _averages(self) -> bool:
        return self.algorithm == "fedavg" and self.used_optimizer == "sgd"

    @property
    def used_optimizer(self) -> OptimizerName:
        """The server's optimizer."""
        return self.optimizer or ("sgd" if self.algorithm == "fedavg" else "adam")

    @property
    def used_learning_rate(self) -> float:
        """The server's learning rate."""
        if self.learning_rate is not None:
            return self.learning_rate
        if self.used_optimizer != "sgd":
            return 3e-3
        return 1.0 if self.algorithm == "fedavg" else 0.1
