"""Broadcasts and answers as Flower's records, one tensor a part."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from flwr.app import Array, ArrayRecord, ConfigRecord, RecordDict
from torch import Tensor

from models.federated.averaging import LocalModel
from models.federated.broadcast import Broadcast
from models.federated.client import Update
from models.federated.low_bit import LowBitWeight, check_weight

_STORED, _SCALES, _FLOATS, _SHAPES, _FACTS = "stored", "scales", "floats", "shapes", "facts"


def broadcast_record(sent: Broadcast) -> RecordDict:
    """A broadcast as a record."""
    return RecordDict(
        {
            _STORED: arrays({name: one.stored for name, one in sent.low_bit.items()}),
            _SCALES: arrays({name: one.scale for name, one in sent.low_bit.items()}),
            _FLOATS: arrays(sent.floats),
            _SHAPES: ConfigRecord({name: [one.bits, *one.shape] for name, one in sent.low_bit.items()}),
        }
    )


def broadcast_of(record: RecordDict) -> Broadcast:
    """The broadcast in a record.

    Raises ValueError, naming the tensor, if a part is missing, integers are out of range or too few, or a scale is not
    above 0.
    """
    with reading():
        stored, scales, floats = (tensors(record[name]) for name in (_STORED, _SCALES, _FLOATS))
        shapes: Mapping[str, Any] = dict(record[_SHAPES])
        low_bit = {name: _weight(name, stored[name], scales[name], shapes[name]) for name in stored}
    return Broadcast(low_bit, floats)


def answer_record(answer: Update | LocalModel) -> RecordDict:
    """A client's answer as a record."""
    if isinstance(answer, Update):
        facts = ConfigRecord({"examples": answer.examples, "loss": answer.loss})
        return RecordDict({_FLOATS: arrays(answer.gradients), _FACTS: facts})
    record = broadcast_record(answer.model)
    record[_FACTS] = ConfigRecord(
        {"examples": answer.examples, "losses": list(answer.losses), "moved": list(answer.moved)}
    )
    return record


def answer_of(record: RecordDict) -> Update | LocalModel:
    """The answer in a record. Raises ValueError, naming what is wrong, if it is damaged."""
    with reading():
        facts: Mapping[str, Any] = dict(record[_FACTS])
        if "loss" in facts:
            return Update(tensors(record[_FLOATS]), int(facts["examples"]), float(facts["loss"]))
        losses, moved = (tuple(map(float, facts[name])) for name in ("losses", "moved"))
        if not losses:
            raise ValueError("a message tells of no step")
        return LocalModel(broadcast_of(record), int(facts["examples"]), losses, moved)


@contextmanager
def reading() -> Iterator[None]:
    """Turns what parts of a wrong kind raise into a ValueError of one line."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"a message lacks {error}") from error
    except (TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError) as error:
        raise ValueError(f"a message is damaged: {error}") from error


def arrays(named: Mapping[str, Tensor]) -> ArrayRecord:
    """Tensors as a part of a record."""
    return ArrayRecord({name: Array(one.detach().cpu().numpy()) for name, one in named.items()})


def tensors(record: Any) -> dict[str, Tensor]:
    """The tensors in a part of a record."""
    return {name: torch.from_numpy(one.numpy().copy()) for name, one in record.items()}


def _weight(name: str, stored: Tensor, scale: Tensor, shape: list[int]) -> LowBitWeight:
    bits, outputs, inputs = shape
    weight = LowBitWeight(stored, scale, bits, (outputs, inputs))
    check_weight(name, weight)
    return weight
