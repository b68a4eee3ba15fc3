"""MetaFormers with local self-attention (dissertation 4.3.3 and Table 4.10)."""

from collections.abc import Iterator

from torch import nn

from models.attention.backbones.blocks import Branch, MetaBlock, convolution_norm, mlp, stem
from models.attention.backbones.drop_path import rates
from models.attention.backbones.mixers import block_mixer
from models.attention.backbones.norms import MapLayerNorm, block_norm
from models.attention.backbones.options import BackboneOptions
from models.attention.backbones.staged import PooledHead, StagedNetwork

_STEM_STRIDES = {1: (1, 1), 2: (2, 1), 4: (2, 2)}
_MLP_RATIO = 4


def metaformer(options: BackboneOptions) -> StagedNetwork:
    """Four stages of blocks: x + scale * mixer(norm(x)), then x + scale * mlp(norm(x)).

    A stem of two convolutions; between stages a convolution of stride 2 and a batch norm; biases everywhere. The head
    starts with a batch norm if all blocks have one, otherwise with a layer norm.
    """
    own = options.architecture
    stem_channels, channels = own.scaled(options.width)
    first = stem(stem_channels, _STEM_STRIDES[options.stem_stride], bias=True)
    drops = iter(rates(options.drop_path, sum(own.blocks)))
    stages = []
    for stage, (outputs, blocks) in enumerate(zip(channels, own.blocks, strict=True)):
        parts: list[nn.Module] = []
        if stage:
            parts.append(nn.Sequential(convolution_norm(channels[stage - 1], outputs, 2, bias=True)))
        parts += _blocks(options, stage, outputs, blocks, drops)
        stages.append(nn.Sequential(*parts))
    norm = nn.BatchNorm2d(channels[-1]) if options.norms == "bn" else MapLayerNorm(channels[-1])
    head = None if options.classes is None else PooledHead(norm, channels[-1], options.classes)
    return StagedNetwork(first, stages, head, channels, options.stem_stride)


def _blocks(
    options: BackboneOptions, stage: int, channels: int, blocks: int, drops: Iterator[float]
) -> Iterator[nn.Module]:
    letter = options.letters[stage]
    for place, rate in zip(range(blocks), drops, strict=False):
        bodies = (block_mixer(letter, channels, stage, place, options), mlp(channels, _MLP_RATIO, nn.GELU()))
        branches = (
            Branch(block_norm(options.norms, letter, channels), body, channels, options.layer_scale, rate)
            for body in bodies
        )
        yield MetaBlock(*branches)
