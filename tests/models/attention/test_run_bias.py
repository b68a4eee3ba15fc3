"""The position bias of runs: gathered, loaded at other lengths, loaded from the meta device."""

import numpy as np
import pytest
import torch

from models.attention.local import LocalSelfAttention
from models.attention.run_bias import RunBias, resized_table
from tests.support.attention import random_maps


@pytest.mark.parametrize("length", [1, 2, 5])
def test_bias_of_a_pair_depends_on_its_offset(length: int) -> None:
    bias = RunBias(2, 5)
    found = bias(length)
    assert found.shape == (2, length, length)
    for query in range(length):
        for key in range(length):
            assert torch.equal(found[:, query, key], bias.table[:, key - query + 4])


def test_bias_in_evaluation_follows_its_table_and_device() -> None:
    module = LocalSelfAttention(8, 4, length=6).eval()
    maps = random_maps(8, (4, 4)).detach().float()
    with torch.inference_mode():
        before = module(maps)
        module.position_bias.table.data.mul_(100)
        assert not torch.allclose(module(maps), before)
        module.position_bias.table.data.div_(100)
        torch.testing.assert_close(module(maps), before)
        torch.testing.assert_close(module.double()(maps.double()).float(), before)
    assert module.to("meta")(maps.to("meta")).device.type == "meta"


def test_shorter_tables_are_the_middle_of_longer_ones() -> None:
    source, target = RunBias(3, 9), RunBias(3, 4)
    target.load_state_dict(source.state_dict())
    assert torch.equal(target(4), source(4))
    assert source.table.shape == (3, 17)


def test_longer_tables_are_interpolated() -> None:
    source, target = RunBias(2, 4), RunBias(2, 9)
    target.load_state_dict(source.state_dict())
    places = np.linspace(0, 6, 17)
    for found, table in zip(target.table.detach(), source.table.detach(), strict=True):
        np.testing.assert_allclose(found, np.interp(places, np.arange(7), table), rtol=1e-5, atol=1e-7)


def test_a_checkpoint_loads_at_another_length_in_a_model() -> None:
    trained = torch.nn.Sequential(LocalSelfAttention(8, 4, length=16))
    shorter = torch.nn.Sequential(LocalSelfAttention(8, 4, length=4))
    state = trained.state_dict()
    shorter.load_state_dict(state)
    assert torch.equal(shorter[0].position_bias(4), trained[0].position_bias(4))
    assert state["0.position_bias.table"].shape == (2, 31)


def test_loads_through_the_meta_device() -> None:
    trained = LocalSelfAttention(8, 4, length=6)
    with torch.device("meta"):
        module = LocalSelfAttention(8, 4, length=6)
    module.load_state_dict(trained.state_dict(), assign=True)
    maps = random_maps(8, (5, 5)).detach().float()
    assert torch.equal(module(maps), trained(maps))


def test_a_table_without_a_middle_is_named() -> None:
    with pytest.raises(ValueError, match=r"position table has shape \(2, 6\); allowed is \(heads, 2 length - 1\)"):
        resized_table(torch.zeros(2, 6), 4)


def test_a_table_of_other_heads_is_refused() -> None:
    with pytest.raises(RuntimeError, match="size mismatch"):
        RunBias(2, 4).load_state_dict(RunBias(3, 4).state_dict())
