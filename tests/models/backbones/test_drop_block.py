"""DropBlock: squares by hand, dropped shares, the falling keep rate, vmap."""

import pytest
import torch
from torch import Tensor, nn

from models.backbones.drop_block import DropBlock

CALLS = 40_000


def dropping(block_size: int, rate: float = 0.1) -> DropBlock:
    """A DropBlock whose keep rate has fallen all the way."""
    block = DropBlock(block_size, rate)
    block.calls = CALLS
    return block


def squares(dropped: Tensor, size: int) -> Tensor:
    """The union of all squares that fit into the dropped pixels, written pixel by pixel."""
    union = torch.zeros_like(dropped)
    rows, columns = dropped.shape
    for row in range(rows - size + 1):
        for column in range(columns - size + 1):
            if dropped[row : row + size, column : column + size].all():
                union[row : row + size, column : column + size] = True
    return union


@pytest.mark.parametrize("size", [1, 2, 5])
def test_dropped_pixels_are_whole_squares(size: int) -> None:
    torch.manual_seed(0)
    result = dropping(size)(torch.ones(20, 4, 10, 10))
    assert (result == 0).any()
    for channel in (result == 0).flatten(0, 1):
        assert torch.equal(squares(channel, size), channel)


@pytest.mark.parametrize(("size", "side"), [(1, 8), (2, 16), (5, 40)])
def test_the_dropped_share_is_about_the_rate_and_the_mean_stays(size: int, side: int) -> None:
    torch.manual_seed(0)
    result = dropping(size)(torch.ones(200, 16, side, side))
    # Squares overlap, so that a little less than the rate of 0.1 is dropped.
    assert 0.09 < (result == 0).float().mean() < 0.101
    assert result.mean() == pytest.approx(1, abs=1e-4)


def test_the_keep_rate_falls_linearly_over_40000_training_calls() -> None:
    block, values = DropBlock(1), torch.ones(50, 20, 20, 20)
    torch.manual_seed(0)
    shares = []
    for calls in (CALLS // 4, CALLS // 2, CALLS, 10 * CALLS):
        block.calls = calls - 1
        shares.append((block(values) == 0).float().mean().item())
    assert shares == pytest.approx([0.025, 0.05, 0.1, 0.1], rel=0.03)
    block.eval()
    assert torch.equal(block(values), values)
    assert block.calls == 10 * CALLS


def test_squares_shrink_to_small_maps() -> None:
    torch.manual_seed(0)
    result = dropping(5, 0.5)(torch.ones(10, 10, 2, 2))
    channels = result.flatten(2)
    assert torch.equal(channels.amin(-1), channels.amax(-1))
    assert (channels == 0).any()


def test_maps_that_are_dropped_whole_are_zero_and_not_nan() -> None:
    torch.manual_seed(0)
    assert torch.equal(dropping(1, 0.999999)(torch.ones(1, 1, 1, 1)), torch.zeros(1, 1, 1, 1))


def test_tasks_under_vmap_and_grad_have_squares_of_their_own() -> None:
    torch.manual_seed(0)
    block = dropping(2)
    tasks = torch.ones(2, 8, 4, 6, 6)
    gradients = torch.vmap(torch.func.grad(lambda task: block(task).sum()), randomness="different")(tasks)
    assert not torch.equal(gradients[0], gradients[1])
    assert gradients.mean((1, 2, 3, 4)).tolist() == pytest.approx([1, 1])


def test_the_number_of_calls_is_part_of_the_state() -> None:
    block = nn.Sequential(DropBlock(2))
    block(torch.ones(1, 1, 4, 4))
    again = nn.Sequential(DropBlock(2))
    again.load_state_dict(block.state_dict())
    assert again[0].calls == 1


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="block_size is 0; allowed are 1 and more"):
        DropBlock(0)
    with pytest.raises(ValueError, match=r"rate is 1\.0; allowed are numbers from 0 to below 1"):
        DropBlock(2, 1.0)
