"""Next-ViT with local self-attention (dissertation 4.4.3.3)."""

from torch import nn

from models.attention.backbones.blocks import Branch, MetaBlock, mlp, stem
from models.attention.backbones.drop_path import rates
from models.attention.backbones.mixers import block_mixer
from models.attention.backbones.next_vit_blocks import STEM_STRIDES, ConvolutionBlock
from models.attention.backbones.norms import block_norm
from models.attention.backbones.options import BackboneOptions
from models.attention.backbones.staged import PooledHead, StagedNetwork

_PERIOD = "CCCLL"
_MLP_RATIO = 2


def next_vit_lsa(options: BackboneOptions) -> StagedNetwork:
    """Stages of convolution blocks C and attention blocks L: CCC, CCLL, CCCLL again and again, CLL.

    Channels stay the same within a stage. An attention block is a MetaFormer's without layer scale, with the stage's
    letter for a mixer.
    """
    own = options.architecture
    stem_channels, channels = own.scaled(options.width)
    drops = iter(rates(options.drop_path, sum(own.blocks)))
    inputs, stages = stem_channels[-1], []
    kinds = ("CCC", "CCLL", _PERIOD * (own.blocks[2] // len(_PERIOD)), "CLL")
    for stage, outputs in enumerate(channels):
        blocks, place = [], 0
        for at, kind in enumerate(kinds[stage]):
            if kind == "C":
                stride = 2 if stage and not at else 1
                blocks.append(_convolution_block(options, inputs, outputs, stride, next(drops)))
            else:
                blocks.append(_attention_block(options, stage, outputs, place, next(drops)))
                place += 1
            inputs = outputs
        stages.append(nn.Sequential(*blocks))
    head = None if options.classes is None else PooledHead(nn.BatchNorm2d(inputs), inputs, options.classes)
    first = stem(stem_channels, STEM_STRIDES[options.stem_stride], bias=False)
    return StagedNetwork(first, stages, head, channels, options.stem_stride)


def _convolution_block(options: BackboneOptions, inputs: int, channels: int, stride: int, rate: float) -> nn.Module:
    norm = block_norm(options.norms, "C", channels)
    return ConvolutionBlock(inputs, channels, stride, group=options.head_channels, norm=norm, rate=rate)


def _attention_block(options: BackboneOptions, stage: int, channels: int, place: int, rate: float) -> nn.Module:
    letter = options.letters[stage]
    bodies = (block_mixer(letter, channels, stage, place, options), mlp(channels, _MLP_RATIO, nn.ReLU()))
    return MetaBlock(*(Branch(block_norm(options.norms, letter, channels), body, channels, 0, rate) for body in bodies))
