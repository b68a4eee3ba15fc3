"""Broadcasts and answers survive Flower's records; damaged ones are named."""

from collections.abc import Callable

import pytest
import torch
from flwr.app import Array, ConfigRecord, RecordDict

from models.federated.averaging import LocalModel
from models.federated.broadcast import Broadcast, broadcast
from models.federated.client import Update
from models.federated.conformer.settings import ConformerSettings
from models.federated.flower.messages import answer_of, answer_record, broadcast_of, broadcast_record
from models.federated.flower.secure_messages import (
    masked_of,
    masked_record,
    question_of,
    question_record,
    revealed_of,
    revealed_record,
)
from models.federated.recogniser import Recogniser
from models.federated.secure.messages import Declined, Masked, Question, Revealed

SETTINGS = ConformerSettings(blocks=1, width=6, heads=1, kernel=3, expansion=3)
ODD = "encoder.front_end.convolutions.0.weight"  # 6 x 9 weights


def sent(bits: int = 8) -> Broadcast:
    torch.manual_seed(0)
    return broadcast(Recogniser(SETTINGS, 5, 4), bits, "channel")


@pytest.mark.parametrize("bits", [32, 8, 4, 2])
def test_a_broadcast_arrives_as_it_was_sent(bits: int) -> None:
    before, after = sent(bits), broadcast_of(broadcast_record(sent(bits)))
    assert before.low_bit.keys() == after.low_bit.keys()
    for name, one in before.low_bit.items():
        other = after.low_bit[name]
        assert (one.bits, one.shape) == (other.bits, other.shape)
        assert torch.equal(one.stored, other.stored)
        assert torch.equal(one.scale, other.scale)
    assert before.floats.keys() == after.floats.keys()
    assert all(torch.equal(one, after.floats[name]) for name, one in before.floats.items())


def test_answers_arrive_as_they_were_sent() -> None:
    update = Update({"a": torch.randn(3, 2), "b": torch.tensor(1.5)}, 7, 0.25)
    found = answer_of(answer_record(update))
    assert isinstance(found, Update)
    assert (found.examples, found.loss) == (7, 0.25)
    assert all(torch.equal(one, found.gradients[name]) for name, one in update.gradients.items())
    model = LocalModel(sent(4), 5, (2.0, 1.0), (0.5, 0.0))
    returned = answer_of(answer_record(model))
    assert isinstance(returned, LocalModel)
    assert (returned.examples, returned.losses, returned.moved) == (5, (2.0, 1.0), (0.5, 0.0))
    assert torch.equal(returned.model.low_bit[ODD].stored, model.model.low_bit[ODD].stored)


def test_messages_of_secure_sums_arrive_as_they_were_sent() -> None:
    masked = Masked({"a": torch.tensor([[-(2**31), 2**31 - 1]], dtype=torch.int32)}, {0: b"\0\1", 12: b""})
    found = masked_of(masked_record(masked))
    assert isinstance(found, Masked)
    assert found.shares == masked.shares
    assert torch.equal(found.numbers["a"], masked.numbers["a"])
    assert found.numbers["a"].dtype == torch.int32
    assert masked_of(masked_record(Declined("has a loss of nan"))) == Declined("has a loss of nan")
    question = Question(frozenset({0, 12}), {0: b"a", 12: b"b"})
    assert question_of(question_record(question)) == question
    told = Revealed({0: b"a"}, {5: b"b"})
    assert revealed_of(revealed_record(told)) == told


@pytest.mark.parametrize("read", [masked_of, question_of, revealed_of])
def test_damaged_messages_of_secure_sums_are_named(read: Callable[[RecordDict], object]) -> None:
    with pytest.raises(ValueError, match="a message lacks"):
        read(RecordDict())
    for name in ("shares", "survivors", "declined"):
        with pytest.raises(ValueError, match="a message"):
            read(RecordDict({name: ConfigRecord({"x": 1.5, "survivors": "x"})}))


def replaced(part: str, value: torch.Tensor) -> Callable[[RecordDict], None]:
    def change(record: RecordDict) -> None:
        record.array_records[part][ODD] = Array(value.numpy())

    return change


def without(part: str) -> Callable[[RecordDict], None]:
    return lambda record: record.pop(part)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced("stored", torch.zeros(53, dtype=torch.int8)), r"has \(53,\) numbers of torch.int8; expected are 54"),
        (replaced("stored", torch.zeros(54)), "numbers of torch.float32"),
        (replaced("stored", torch.full((54,), -128, dtype=torch.int8)), "integers beyond 127"),
        (replaced("scales", torch.full((6,), torch.nan)), "scales that are not above 0"),
        (replaced("scales", torch.ones(5)), "of a wrong number"),
        (without("floats"), "a message lacks 'floats'"),
        (lambda record: record.config_records["shapes"].pop(ODD), f"a message lacks '{ODD}'"),
        (lambda record: record.config_records["shapes"].update({ODD: [8, 0, 0]}), r"has the shape \(0, 0\)"),
        (lambda record: record.config_records["shapes"].update({ODD: [8, 6]}), "values to unpack"),
        (lambda record: record.config_records["shapes"].update({ODD: 8}), "a message is damaged"),
    ],
)
def test_damaged_broadcasts_are_named(change: Callable[[RecordDict], None], message: str) -> None:
    record = broadcast_record(sent())
    change(record)
    with pytest.raises(ValueError, match=message):
        broadcast_of(record)


def test_an_answer_without_facts_is_named() -> None:
    with pytest.raises(ValueError, match="a message lacks 'facts'"):
        answer_of(RecordDict({"floats": answer_record(Update({}, 0, 0.0))["floats"]}))
    with pytest.raises(ValueError, match="a message lacks 'losses'"):
        answer_of(RecordDict({"facts": ConfigRecord({"examples": 1})}))
    with pytest.raises(ValueError, match="a message is damaged"):
        answer_of(RecordDict({"facts": ConfigRecord({"examples": 1, "losses": 1.0, "moved": [0.5]})}))
    with pytest.raises(ValueError, match="a message tells of no step"):
        answer_of(RecordDict({"facts": ConfigRecord({"examples": 1, "losses": [], "moved": []})}))
