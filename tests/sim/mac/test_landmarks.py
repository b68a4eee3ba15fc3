"""Lead-ins reach the sums at which a unit's behaviour changes."""

from hypothesis import given, settings

from hw.mac.design import MacDesign
from sim.mac.golden import accumulate
from sim.mac.landmarks import landmarks, lead_in
from tests.support.units import any_design


@settings(deadline=None, max_examples=100)
@given(any_design())
def test_lead_ins_end_at_their_landmark(design: MacDesign) -> None:
    for value in landmarks(design).values():
        lead = lead_in(design, value)
        assert int(accumulate(design, lead.cycles, lead.preload).after[-1]) == value
