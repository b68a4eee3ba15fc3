"""Next-ViT as published (Li et al., 2022), which the dissertation compares with."""

import torch
from torch import Tensor, nn

from models.attention.backbones.blocks import Branch, mlp, stem
from models.attention.backbones.drop_path import rates
from models.attention.backbones.next_vit_blocks import (
    STEM_STRIDES,
    ConvolutionBlock,
    PatchEmbedding,
    convolution_attention,
)
from models.attention.backbones.options import BackboneOptions
from models.attention.backbones.staged import PooledHead, StagedNetwork

_PERIOD = "CCCCT"
_REDUCTIONS = (8, 4, 2, 1)
_MLP_RATIO = 2
_ATTENTION_SHARE = 0.75


def next_vit(options: BackboneOptions) -> StagedNetwork:
    """Stages of convolution blocks C and transformer blocks T: CCC, CCCT, CCCCT again and again, CCT.

    A transformer block gives 4/3 of the stage's channels.
    """
    own = options.architecture
    stem_channels, channels = own.scaled(options.width)
    drops = iter(rates(options.drop_path, sum(own.blocks)))
    inputs, stages, ends = stem_channels[-1], [], []
    kinds = ("CCC", "CCCT", _PERIOD * (own.blocks[2] // len(_PERIOD)), "CCT")
    group = options.head_channels
    for stage, outputs in enumerate(channels):
        blocks: list[nn.Module] = []
        for at, kind in enumerate(kinds[stage]):
            stride, rate = 2 if stage and not at else 1, next(drops)
            if kind == "C":
                norm = nn.BatchNorm2d(outputs)
                blocks.append(ConvolutionBlock(inputs, outputs, stride, group=group, norm=norm, rate=rate))
                inputs = outputs
            else:
                blocks.append(TransformerBlock(inputs, outputs, group, _REDUCTIONS[stage], rate))
                inputs = outputs * 4 // 3
        stages.append(nn.Sequential(*blocks))
        ends.append(inputs)
    head = None if options.classes is None else PooledHead(nn.BatchNorm2d(inputs), inputs, options.classes)
    first = stem(stem_channels, STEM_STRIDES[options.stem_stride], bias=False)
    return StagedNetwork(first, stages, head, tuple(ends), options.stem_stride)


class ReducedAttention(nn.Module):
    """Global attention whose keys and values are means of runs of reduction * reduction tokens, behind a batch norm.

    The last run may be shorter. Raises ValueError for channels that heads do not divide.
    """

    def __init__(self, channels: int, head_dim: int, reduction: int) -> None:
        super().__init__()
        if channels % head_dim:
            raise ValueError(f"channels are {channels}; allowed are multiples of the {head_dim} channels of a head")
        self.head_dim = head_dim
        self.query, self.key, self.value, self.projection = (nn.Linear(channels, channels) for _ in range(4))
        run = reduction**2
        self.reduction = (
            nn.Sequential(nn.AvgPool1d(run, run, ceil_mode=True), nn.BatchNorm1d(channels))
            if reduction > 1
            else nn.Identity()
        )

    def forward(self, maps: Tensor) -> Tensor:
        tokens = maps.flatten(2)
        reduced = self.reduction(tokens).transpose(1, 2)
        query = self._heads(self.query(tokens.transpose(1, 2)))
        key, value = self._heads(self.key(reduced)), self._heads(self.value(reduced))
        mixed = nn.functional.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.projection(mixed.transpose(1, 2).flatten(2))
        return result.transpose(1, 2).reshape(maps.shape)

    def _heads(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, channels) to (batch, heads, tokens, channels of a head)."""
        return tokens.reshape(*tokens.shape[:2], -1, self.head_dim).transpose(1, 2)


class TransformerBlock(nn.Module):
    """Attention on `channels` channels, then convolutional attention on a third as many; an MLP on both together."""

    def __init__(self, inputs: int, channels: int, head_dim: int, reduction: int, rate: float) -> None:
        super().__init__()
        third = channels // 3
        attention_rate, convolution_rate = _ATTENTION_SHARE * rate, (1 - _ATTENTION_SHARE) * rate
        attention = ReducedAttention(channels, head_dim, reduction)
        self.embedding = PatchEmbedding(inputs, channels, 1)
        self.attention = Branch(nn.BatchNorm2d(channels), attention, channels, 0, attention_rate)
        self.narrowing = PatchEmbedding(channels, third, 1)
        self.convolution = Branch(nn.Identity(), convolution_attention(third, head_dim), third, 0, convolution_rate)
        both = channels + third
        self.mlp = Branch(nn.BatchNorm2d(both), mlp(both, _MLP_RATIO, nn.ReLU()), both, 0, rate)

    def forward(self, maps: Tensor) -> Tensor:
        attended = self.attention(self.embedding(maps))
        result: Tensor = self.mlp(torch.cat([attended, self.convolution(self.narrowing(attended))], 1))
        return result
