"""The guard that fails if a probe changes the encoder."""

import pytest
import torch
from torch import nn

from models.selfsup.probes.frozen import EncoderChangedError, frozen, state_digest
from tests.support.probes import SmallEncoder


def test_within_nothing_trains_and_afterwards_all_is_as_before() -> None:
    encoder = SmallEncoder().train()
    encoder.layers[0].requires_grad_(False)
    with frozen(encoder) as digest:
        assert not any(module.training for module in encoder.modules())
        assert not any(parameter.requires_grad for parameter in encoder.parameters())
        assert digest == state_digest(encoder)
        encoder(torch.randn(4, 1, 8, 8))
    assert all(module.training for module in encoder.modules())
    assert [parameter.requires_grad for parameter in encoder.parameters()] == [False] + [True] * 5


def test_a_changed_parameter_is_named() -> None:
    encoder = SmallEncoder()

    def shift() -> None:
        with torch.no_grad():
            encoder.layers[3].weight[0, 0, 0, 0] += 1e-6

    message = r"changed 1 of 12 parameters and buffers.*layers\.3\.weight"
    with pytest.raises(EncoderChangedError, match=message), frozen(encoder):
        shift()


def test_batch_norm_in_training_mode_is_noticed_by_its_buffers() -> None:
    encoder = SmallEncoder()
    with pytest.raises(EncoderChangedError, match=r"changed 6 of 12.*layers\.1\.running_mean"), frozen(encoder):
        encoder.train()(torch.randn(4, 1, 8, 8))


@pytest.mark.parametrize("persistent", [True, False])
def test_a_changed_buffer_is_noticed_also_if_it_is_not_saved(persistent: bool) -> None:
    encoder = nn.Linear(2, 2)
    encoder.register_buffer("table", torch.zeros(3), persistent=persistent)
    with pytest.raises(EncoderChangedError, match="table"), frozen(encoder):
        encoder.table[1] = 1


@pytest.mark.parametrize(("value", "other"), [(0.0, -0.0), (1.0, 1.0 + 2**-23)])
def test_a_digest_depends_on_every_bit(value: float, other: float) -> None:
    digests = set()
    for one in (value, other):
        module = nn.Linear(1, 1, bias=False)
        nn.init.constant_(module.weight, one)
        digests.add(state_digest(module))
    assert len(digests) == 2


def test_a_digest_depends_on_names_shapes_and_types() -> None:
    modules = [nn.Module() for _ in range(4)]
    for module, (name, value) in zip(
        modules,
        [
            ("a", torch.zeros(2, 2)),
            ("b", torch.zeros(2, 2)),
            ("a", torch.zeros(4)),
            ("a", torch.zeros(2, 2, dtype=torch.int32)),
        ],
        strict=True,
    ):
        module.register_buffer(name, value)
    assert len({state_digest(module) for module in modules}) == 4


def test_the_probes_own_error_is_the_one_that_is_raised() -> None:
    encoder = nn.Linear(1, 1)

    def fail() -> None:
        nn.init.ones_(encoder.weight)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), frozen(encoder):
        fail()
