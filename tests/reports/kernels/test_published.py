"""Tables 2.7 and 2.8 agree with what the dissertation's prose says of them."""

import pytest

from reports.kernels.layers import CONVOLUTIONS
from reports.kernels.published import KERNEL_MILLISECONDS, PUBLISHED, RESNET18_MILLISECONDS


def test_tables_have_the_convolutions_that_are_measured() -> None:
    for table in PUBLISHED.values():
        assert table.names == [f"{channels}x{size}x{size}" for channels, size in CONVOLUTIONS]
        assert [table.numeric(name, "outputs") for name in table.names] == [channels for channels, _ in CONVOLUTIONS]


def test_speed_ups_are_those_of_the_text() -> None:
    times = KERNEL_MILLISECONDS.values()
    narrow = [wide / narrow for narrow, wide, _, _ in times]
    assert (min(narrow), max(narrow)) == (pytest.approx(2, abs=0.05), pytest.approx(2.4, abs=0.05))
    packed = [naive / packed for _, _, packed, naive in times]
    assert (min(packed), max(packed)) == (pytest.approx(2.8, abs=0.05), pytest.approx(4.3, abs=0.05))
    assert RESNET18_MILLISECONDS[1] / RESNET18_MILLISECONDS[0] == pytest.approx(1.33, abs=0.005)
