"""Token mixers without attention."""

from torch import Tensor, nn


class Pooling(nn.Module):
    """The mean of the neighbours less the pixel itself (PoolFormer); pixels outside the map do not count."""

    def __init__(self, kernel: int = 3) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(kernel, stride=1, padding=kernel // 2, count_include_pad=False)

    def forward(self, maps: Tensor) -> Tensor:
        return self.pool(maps) - maps  # type: ignore[no-any-return]


def depthwise(dim: int, kernel: int = 3) -> nn.Conv2d:
    """A depthwise convolution of `kernel` x `kernel` pixels, with zeros around the map."""
    return nn.Conv2d(dim, dim, kernel, padding=kernel // 2, groups=dim)
