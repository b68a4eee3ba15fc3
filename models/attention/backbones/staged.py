"""A network of stages, whose maps detectors and segmenters read."""

from torch import Tensor, nn

from models.backbones.checkpointing import checkpointed


class PooledHead(nn.Module):
    """Norm, mean over the map and a linear classifier; with 0 classes, no classifier."""

    def __init__(self, norm: nn.Module, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = norm
        self.classifier = nn.Linear(channels, classes) if classes else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.norm(maps).mean((2, 3)))
        return logits


class StagedNetwork(nn.Module):
    """Images (batch, 3, height, width) to logits (batch, classes), or to the features if there is no head.

    channels: of each stage's maps. strides: pixels of the image that a pixel of each stage's maps spans.
    checkpointing: training keeps the inputs of blocks alone and computes the rest again for the gradients.
    """

    def __init__(
        self,
        stem: nn.Module,
        stages: list[nn.Sequential],
        head: PooledHead | None,
        channels: tuple[int, ...],
        stem_stride: int,
    ) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.ModuleList(stages)
        self.head = head
        self.channels = channels
        self.strides = tuple(stem_stride << stage for stage in range(len(stages)))
        self.checkpointing = False

    def features(self, images: Tensor) -> list[Tensor]:
        """The maps of each stage: (batch, channels, height / stride, width / stride), rounded up."""
        maps = self.stem(images)
        found = []
        for stage in self.stages:
            assert isinstance(stage, nn.Sequential)
            for block in stage:
                maps = checkpointed(block, block, maps) if self.checkpointing and self.training else block(maps)
            found.append(maps)
        return found

    def forward(self, images: Tensor) -> Tensor | list[Tensor]:
        maps = self.features(images)
        return maps if self.head is None else self.head(maps[-1])
