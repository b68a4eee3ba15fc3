"""Units in Amaranth's simulator against a plain-Python model, for parameters of every kind."""

from collections.abc import Iterator
from random import Random

import pytest
from amaranth.sim import Simulator
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.mac.cyclic import CyclicActivation
from hw.mac.design import PUBLISHED, MacDesign
from hw.mac.unit import MacUnit
from tests.support.units import any_architecture, any_design, fold, twos_complement


def model(design: MacDesign, rows: list[dict[str, int]]) -> Iterator[int]:
    """The exact sum after each row of operands, modulo 2^accumulator_bits."""
    total = 0
    for row in rows:
        if row["rst"]:
            total = 0
        elif row["enable"]:
            weight = row["weight"] if design.weight_bits > 1 else 2 * row["weight"] - 1
            total = row["activation"] * weight + (0 if row["first"] else total)
        yield twos_complement(total, design.accumulator_bits)


def random_rows(design: MacDesign, count: int, random: Random) -> list[dict[str, int]]:
    bits = design.weight_bits
    low, high = (0, 1) if bits == 1 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    rows = [
        {
            "rst": int(random.random() < 0.05),
            "enable": int(random.random() < 0.8),
            "first": int(random.random() < 0.1),
            "activation": random.choice(
                [0, 2**design.activation_bits - 1, random.randrange(2**design.activation_bits)]
            ),
            "weight": random.choice([low, high, random.randint(low, high)]),
        }
        for _ in range(count)
    ]
    rows[0]["rst"] = 1
    return rows


def simulate(unit: MacUnit, rows: list[dict[str, int]]) -> list[tuple[int, int | None]]:
    """Plays rows of pin values; returns (sum, out) just before each rising edge."""
    seen = []

    async def bench(ctx) -> None:  # type: ignore[no-untyped-def]
        for row in rows:
            for pin, value in row.items():
                ctx.set(getattr(unit, pin), value)
            has_out = unit.design.slope is not None
            seen.append((ctx.get(unit.sum), ctx.get(unit.out) if has_out else None))
            await ctx.tick()

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


def assert_follows_the_model(design: MacDesign, seed: int, count: int = 120) -> None:
    random = Random(seed)
    rows = random_rows(design, count, random)
    for start in range(0, count, 40):  # stretches in which sums can settle
        for row in rows[start : start + random.randrange(40)]:
            row["enable"] = 0
    seen = simulate(MacUnit(design), rows)
    to_sum = 2 if design.architecture.early else 3
    to_out = to_sum + (0 if design.architecture.bare else 1)
    waits = -(-design.accumulator_bits // (design.architecture.segment or design.accumulator_bits)) - 1
    for cycle, expected in enumerate(model(design, rows)):
        if any(row["enable"] and not row["rst"] for row in rows[max(0, cycle - waits + 1) : cycle + 1] if waits):
            continue
        if cycle + to_sum < count:
            assert seen[cycle + to_sum][0] == expected, (design.name, cycle)
        if design.slope is not None and cycle + to_out < count:
            folded = fold(expected, design.accumulator_bits, design.slope)
            assert seen[cycle + to_out][1] == folded, (design.name, cycle)


@pytest.mark.parametrize("name", [*PUBLISHED, "1x1x2k1", "1x1x2", "16x16x64", "16x16x2", "1x16x9k3", "16x1x64k2"])
def test_published_and_extreme_units(name: str) -> None:
    assert_follows_the_model(MacDesign.parse(name), seed=1, count=400)


@settings(deadline=None, max_examples=40)
@given(any_design(), st.integers(0, 2**32))
def test_units_of_any_parameters(design: MacDesign, seed: int) -> None:
    assert_follows_the_model(design, seed)


@settings(deadline=None, max_examples=60)
@given(any_architecture(), st.integers(0, 2**32))
def test_units_of_any_architecture_follow_the_model(design: MacDesign, seed: int) -> None:
    assert_follows_the_model(design, seed, 200)
    assert MacDesign.parse(design.name) == design


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 8, 9])
def test_cyclic_activation_on_every_sum(bits: int) -> None:
    for slope in {1, 2, 3, 4, 2 ** (bits - 1) - 1} & set(range(1, 2 ** (bits - 1))):
        design = MacDesign(1, 1, bits, slope)
        cyclic = CyclicActivation(bits, slope, design.threshold)
        results = []

        async def bench(ctx, cyclic=cyclic, results=results, bits=bits) -> None:  # type: ignore[no-untyped-def]
            for value in range(-(2 ** (bits - 1)), 2 ** (bits - 1)):
                ctx.set(cyclic.sum, value)
                await ctx.tick()
                results.append((value, ctx.get(cyclic.out)))

        simulator = Simulator(cyclic)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        assert len(results) == 2**bits
        for value, result in results:
            assert result == fold(value, bits, slope)


def test_reset_takes_effect_after_the_documented_edges() -> None:
    design = PUBLISHED["8x8x8k2"]
    add = {"rst": 0, "enable": 1, "first": 0, "activation": 3, "weight": 5}
    rows = [add | {"first": 1}, add, add, add, add | {"rst": 1}] + [add | {"enable": 0}] * 6
    seen = simulate(MacUnit(design), rows)
    sums = [total for total, _ in seen]
    assert sums[3:7] == [15, 30, 45, 60]
    assert sums[7:] == [0] * (len(rows) - 7)
