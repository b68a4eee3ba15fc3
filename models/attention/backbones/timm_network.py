"""A backbone with the methods that timm expects of its models."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from models.attention.backbones.staged import StagedNetwork


class TimmNetwork(StagedNetwork):
    """The parts of a network, which has a head, under timm's interface; its weights keep their names."""

    def __init__(self, network: StagedNetwork, num_classes: int) -> None:
        assert network.head is not None
        stages = [stage for stage in network.stages if isinstance(stage, nn.Sequential)]
        super().__init__(network.stem, stages, network.head, network.channels, network.strides[0])
        self.num_classes = num_classes
        self.num_features = self.head_hidden_size = network.channels[-1]
        self.feature_info = [
            {"num_chs": channels, "reduction": stride, "module": f"stages.{stage}"}
            for stage, (channels, stride) in enumerate(zip(self.channels, self.strides, strict=True))
        ]

    def forward_features(self, images: Tensor) -> Tensor:
        """The last stage's maps."""
        return self.features(images)[-1]

    def forward_head(self, maps: Tensor, pre_logits: bool = False) -> Tensor:
        """Logits of the last stage's maps; pre_logits: pooled features instead."""
        assert self.head is not None
        pooled: Tensor = self.head.norm(maps).mean((2, 3))
        return pooled if pre_logits else self.head.classifier(pooled)

    def forward_intermediates(
        self,
        images: Tensor,
        indices: int | Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> Any:
        """Maps of the stages `indices` (all if None, the last n for a number), after the last stage's maps.

        Raises ValueError for other formats than NCHW and for normalised maps, whose norm is the last stage's alone.
        """
        if norm or output_fmt != "NCHW":
            raise ValueError(f"norm is {norm}, output_fmt {output_fmt!r}; allowed are False and 'NCHW'")
        maps = self.features(images)
        chosen = [maps[index] for index in self._chosen(indices)]
        return chosen if intermediates_only else (maps[-1], chosen)

    def prune_intermediate_layers(
        self, indices: int | Sequence[int] = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Removes what no stage of `indices` needs; returns them counted from 0."""
        chosen = self._chosen(indices)
        self.stages = self.stages[: max(chosen) + 1]
        if prune_norm or prune_head:
            self.head = None
        return chosen

    def get_classifier(self) -> nn.Module:
        """The last layer."""
        assert self.head is not None
        return self.head.classifier

    def reset_classifier(self, num_classes: int, global_pool: str | None = None) -> None:
        """A new last layer for so many classes; none for 0."""
        assert self.head is not None
        self.num_classes = num_classes
        self.head.classifier = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Turns gradient checkpointing on or off."""
        self.checkpointing = enable

    def no_weight_decay(self) -> set[str]:
        """Parameters of several dimensions that weight decay leaves alone."""
        return {name for name, _ in self.named_parameters() if name.endswith((".table", ".factors"))}

    def group_matcher(self, coarse: bool = False) -> dict[str, Any]:
        """Patterns that sort parameters by depth: by stage, or by block."""
        deep = r"^stages\.(\d+)" if coarse else r"^stages\.(\d+)\.(\d+)"
        return {"stem": r"^stem", "blocks": [(deep, None), (r"^head", (99_999,))]}

    def _chosen(self, indices: int | Sequence[int] | None) -> list[int]:
        stages = range(len(self.stages))
        if indices is None:
            return list(stages)
        if isinstance(indices, int):
            return list(stages[-indices:])
        return [stages[index] for index in indices]
