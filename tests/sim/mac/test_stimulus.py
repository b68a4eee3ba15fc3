"""Stimuli reach every product, every sum and every coverage bin, in every kind of design."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings

from hw.mac.design import PUBLISHED, MacDesign
from models.integer_network.layer import LayerExport
from sim.mac.coverage import bins, count_hits
from sim.mac.golden import accumulate
from sim.mac.stimulus import carries, families, products, sums, trained_layer
from tests.support.layers import make_layer
from tests.support.units import any_design


def total_hits(design: MacDesign, preload: bool) -> dict[str, int]:
    hits = dict.fromkeys(bins(design, preload), 0)
    for family in families().values():
        for stimulus in family(design, 0):
            if stimulus.preload is not None and not preload:
                continue
            counted = count_hits(design, stimulus.cycles, accumulate(design, stimulus.cycles, stimulus.preload))
            for name in hits:
                hits[name] += counted[name]
    return hits


@pytest.mark.parametrize("preload", [True, False])
@pytest.mark.parametrize("name", [*PUBLISHED, "1x1x2k1", "1x1x2", "16x16x64k3", "16x16x2", "8x8x3k3", "2x2x32k1"])
def test_every_bin_is_hit(name: str, preload: bool) -> None:
    hits = total_hits(MacDesign.parse(name), preload)
    assert [name for name, count in hits.items() if count == 0] == []


@settings(deadline=None, max_examples=15)
@given(any_design())
def test_every_bin_is_hit_for_any_parameters(design: MacDesign) -> None:
    hits = total_hits(design, preload=True)
    assert [name for name, count in hits.items() if count == 0] == []


@pytest.mark.parametrize("name", ["3x1x8k2", "8x8x8k2", "5x3x7k3"])
def test_all_products_and_all_sums_are_tried(name: str) -> None:
    design = MacDesign.parse(name)
    cycles = products(design, 0)[0].cycles
    pairs = set(zip(cycles.activation.tolist(), cycles.weight.tolist(), strict=True))
    assert len(pairs) == len(design.activation_range) * len(design.weight_range)
    steps = accumulate(design, sums(design, 0)[0].cycles)
    assert set(steps.after.tolist()) == set(design.accumulator_range)


def test_carries_run_to_every_bit_above_the_product() -> None:
    design = PUBLISHED["3x1x32"]
    flipped = set()
    for stimulus in carries(design, 0):
        steps = accumulate(design, stimulus.cycles, stimulus.preload)
        changed = (int(steps.before[0]) ^ int(steps.after[0])) & ((1 << 32) - 1)
        flipped.add((int(stimulus.cycles.weight[0]), changed))
    assert flipped == {(sign, (1 << end + 1) - 1) for sign in (1, -1) for end in range(4, 32)}
    assert carries(PUBLISHED["8x8x8k2"], 0) == []


def test_stimuli_depend_on_the_seed_alone() -> None:
    design = PUBLISHED["8x8x32"]
    for family in families().values():
        first, again = family(design, 7), family(design, 7)
        for one, other in zip(first, again, strict=True):
            assert torch.equal(one.cycles.activation, other.cycles.activation)
            assert torch.equal(one.cycles.weight, other.cycles.weight)


def test_a_layer_plays_its_own_dot_products(layer_file: Path) -> None:
    layer = LayerExport.load(layer_file)
    stimuli = trained_layer(PUBLISHED["3x1x32"], layer, dots=10, shares=3, seed=1)
    ends = []
    for stimulus in stimuli:
        steps = accumulate(PUBLISHED["3x1x32"], stimulus.cycles)
        ends += steps.after[layer.dot_length - 1 :: layer.dot_length].tolist()
    activations, weights = layer.dot_products(10, 1)
    assert ends == (activations * weights).sum(1).tolist()


def test_a_layer_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the layer has the weight -?\d+; 3x1x8k2 takes -1 to 1"):
        trained_layer(PUBLISHED["3x1x8k2"], make_layer(weight_bits=4), 4, 1, 0)
    with pytest.raises(ValueError, match=r"the layer has the activation \d+; 3x1x8k2 takes 0 to 7"):
        trained_layer(PUBLISHED["3x1x8k2"], make_layer(activation_bits=8), 4, 1, 0)
