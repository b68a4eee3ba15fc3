"""DropBlock (Ghiasi et al., 2018): drops squares of maps, ever more of them while training goes on."""

import torch
from torch import Tensor, nn

_CALLS = 40_000


class DropBlock(nn.Module):
    """Zeroes random squares of each channel in training and scales the rest, so that a batch's mean stays.

    block_size: side of the squares, at most that of the maps. rate: share of the map that is dropped in the end. The
    keep rate falls linearly from 1 to 1 - rate over 40,000 calls in training and stays there. Squares come from a
    max-pool of random seeds, which vmap takes with randomness="different"; each task then has its own squares.

    Raises ValueError for a block size below 1 or a rate outside 0 to 1.
    """

    def __init__(self, block_size: int, rate: float = 0.1) -> None:
        super().__init__()
        if block_size < 1:
            raise ValueError(f"block_size is {block_size}; allowed are 1 and more")
        if not 0 <= rate < 1:
            raise ValueError(f"rate is {rate}; allowed are numbers from 0 to below 1")
        self.block_size = block_size
        self.rate = rate
        self.calls = 0  # not a buffer: reading one waits for the GPU, and vmap and grad refuse to write to it

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return values
        self.calls += 1
        kept = self._kept(values)
        # Where all pixels are dropped, one counts as kept: the result is then zero, not NaN.
        return values * kept * (kept.numel() / kept.sum().clamp(min=1))

    def _kept(self, values: Tensor) -> Tensor:
        """Ones, and zeros in the squares; shape and dtype of `values`."""
        height, width = values.shape[-2:]
        size = min(self.block_size, height, width)
        rows, columns = height - size + 1, width - size + 1
        dropped = self.rate * min(1.0, self.calls / _CALLS)
        probability = dropped / size**2 * (height * width) / (rows * columns)
        seeds = torch.rand_like(values[..., :rows, :columns], dtype=torch.float32) < probability
        padded = nn.functional.pad(seeds.to(values.dtype), [size - 1] * 4)
        return 1 - nn.functional.max_pool2d(padded, size, stride=1)

    def get_extra_state(self) -> Tensor:
        """The number of calls, for checkpoints."""
        return torch.tensor(self.calls)

    def set_extra_state(self, state: Tensor) -> None:
        """Takes up the number of calls."""
        self.calls = int(state)

    def extra_repr(self) -> str:
        return f"block_size={self.block_size}, rate={self.rate}"
