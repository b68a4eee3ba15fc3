"""Sums at which a unit's behaviour changes are reached."""

from hypothesis import given, settings

from hw.mac.design import MacDesign
from sim.mac.golden import accumulate
from sim.mac.landmarks import landmarks, lead_in
from tests.support.units import any_design


@settings(deadline=None, max_examples=100)
@given(any_design())
def test_lead_ins_arrive(design: MacDesign) -> None:
    for value in landmarks(design).values():
        lead = lead_in(design, value)
        assert int(accumulate(design, lead.cycles, lead.preload).after[-1]) == value
