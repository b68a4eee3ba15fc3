"""What a secure sum takes, as Flower's records."""

from collections.abc import Mapping
from typing import Any

from flwr.app import ConfigRecord, RecordDict

from models.federated.flower.messages import arrays, reading, tensors
from models.federated.secure.messages import Declined, Masked, PublicKeys, Question, Revealed

_NUMBERS, _SHARES, _PAIRS, _SURVIVORS, _PEERS, _DECLINED = (
    "numbers",
    "shares",
    "pairs",
    "survivors",
    "peers",
    "declined",
)
_REASON = "reason"


def add_peers(record: RecordDict, peers: PublicKeys) -> None:
    """Adds public keys to a message."""
    record[_PEERS] = _by_client(peers)


def peers_of(record: RecordDict) -> dict[int, bytes]:
    """The public keys in a message. Raises ValueError if they are damaged."""
    return _bytes_of(record, _PEERS)


def masked_record(answer: Masked | Declined) -> RecordDict:
    """A client's answer as a record."""
    if isinstance(answer, Declined):
        return RecordDict({_DECLINED: ConfigRecord({_REASON: answer.reason})})
    return RecordDict({_NUMBERS: arrays(answer.numbers), _SHARES: _by_client(answer.shares)})


def masked_of(record: RecordDict) -> Masked | Declined:
    """The answer in a record. Raises ValueError, naming what is wrong, if it is damaged."""
    with reading():
        if _DECLINED in record:
            facts: Mapping[str, Any] = dict(record[_DECLINED])
            return Declined(str(facts[_REASON]))
        return Masked(tensors(record[_NUMBERS]), _bytes_of(record, _SHARES))


def question_record(question: Question) -> RecordDict:
    """A question as a record."""
    survivors = ConfigRecord({_SURVIVORS: sorted(question.survivors)})
    return RecordDict({_SURVIVORS: survivors, _SHARES: _by_client(question.shares)})


def question_of(record: RecordDict) -> Question:
    """The question in a record. Raises ValueError, naming what is wrong, if it is damaged."""
    with reading():
        facts: Mapping[str, Any] = dict(record[_SURVIVORS])
        return Question(frozenset(map(_client, facts[_SURVIVORS])), _bytes_of(record, _SHARES))


def revealed_record(revealed: Revealed) -> RecordDict:
    """What a client tells as a record."""
    return RecordDict({_SHARES: _by_client(revealed.shares), _PAIRS: _by_client(revealed.pairs)})


def revealed_of(record: RecordDict) -> Revealed:
    """What a client tells in a record. Raises ValueError, naming what is wrong, if it is damaged."""
    return Revealed(_bytes_of(record, _SHARES), _bytes_of(record, _PAIRS))


def _by_client(texts: Mapping[int, bytes]) -> ConfigRecord:
    return ConfigRecord({str(client): text for client, text in texts.items()})


def _bytes_of(record: RecordDict, name: str) -> dict[int, bytes]:
    with reading():
        facts: Mapping[str, Any] = dict(record[name])
        return {_client(client): bytes(text) for client, text in facts.items()}


def _client(number: object) -> int:
    if not str(number).isdecimal():
        raise ValueError(f"a message names {number!r} as a client")
    return int(str(number))
