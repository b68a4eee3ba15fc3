"""Integers packed into bit planes and unpacked."""

import torch

from sim.gates.lanes import LANES, WORDS, bits_of, counting, in_every_lane, pack, unpack


def test_planes_hold_what_was_packed() -> None:
    values = torch.randint(-128, 128, (5, LANES + 3), generator=torch.Generator().manual_seed(0))
    planes = pack(values, 8)
    assert planes.shape == (2, 5, 8, WORDS)
    assert torch.equal(unpack(planes, LANES + 3), values)
    lane, bit = 77, 6
    word = int(planes[0, 3, bit, lane // 64])
    assert (word >> lane % 64) & 1 == (int(values[3, lane]) >> bit) & 1


def test_counting_planes_count() -> None:
    for bits in (1, 4, 9, 12):
        planes = counting(bits, first=2, blocks=3)
        numbers = unpack(torch.cat([planes, torch.zeros(3, 1, WORDS, dtype=torch.int64)], dim=1)[:, None], 3 * LANES)
        assert torch.equal(numbers[0], (2 * LANES + torch.arange(3 * LANES)) % (1 << bits))


def test_bits_go_to_every_lane() -> None:
    values = torch.tensor([5, -2])
    planes = in_every_lane(bits_of(values, 4))
    assert torch.equal(unpack(planes[None], LANES), values[:, None].expand(-1, LANES))
