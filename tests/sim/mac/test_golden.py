"""The whole-tensor golden model against a model that steps through the cycles one by one."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.mac.design import MacDesign
from sim.mac.golden import Cycles, accumulate, expected_outputs
from tests.support.units import any_design, fold, twos_complement


@st.composite
def any_cycles(draw: st.DrawFn, design: MacDesign) -> list[tuple[int, int, int, int, int]]:
    weights = design.weight_range
    row = st.tuples(
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(0, design.activation_range[-1]),
        st.integers(0, len(weights) - 1).map(lambda place: weights[place]),
    )
    return draw(st.lists(row, min_size=1, max_size=40))


@settings(deadline=None, max_examples=200)
@given(st.data(), any_design(), st.booleans())
def test_outputs_follow_the_documented_behaviour(data: st.DataObject, design: MacDesign, preloaded: bool) -> None:
    rows = data.draw(any_cycles(design))
    preload = data.draw(st.sampled_from([design.accumulator_range[0], 0, 1])) if preloaded else None
    cycles = Cycles(*(torch.tensor(column) for column in zip(*rows, strict=True)))
    outputs = expected_outputs(design, accumulate(design, cycles, preload), preload)

    state: int | None = preload  # None: not known
    history = [state] * 3  # a sum shows three rows after its operands
    for reset, enable, first, activation, weight in rows:
        if reset:
            state = 0
        elif enable and first:
            state = twos_complement(activation * weight, design.accumulator_bits)
        elif enable and state is not None:
            state = twos_complement(state + activation * weight, design.accumulator_bits)
        history.append(state)
    for row in range(len(rows)):
        assert bool(outputs.sum_known[row]) == (history[row] is not None)
        if history[row] is not None:
            assert int(outputs.sum[row]) == history[row]
        if design.slope is not None and row > 0:
            previous = history[row - 1]
            assert bool(outputs.out_known[row]) == (previous is not None)
            if previous is not None:
                assert int(outputs.out[row]) == fold(previous, design.accumulator_bits, design.slope)
