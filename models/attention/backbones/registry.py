"""Makes backbones by name."""

from collections.abc import Callable
from functools import partial
from types import MappingProxyType

from torch import nn

from models.attention.backbones.architectures import Family
from models.attention.backbones.letters import NormName
from models.attention.backbones.metaformer import metaformer
from models.attention.backbones.next_vit import next_vit
from models.attention.backbones.next_vit_lsa import next_vit_lsa
from models.attention.backbones.options import BackboneOptions
from models.attention.backbones.staged import StagedNetwork
from models.backbones.memory_check import check_network_fits
from models.backbones.options import seeded

_FAMILIES: MappingProxyType[Family, Callable[[BackboneOptions], StagedNetwork]] = MappingProxyType(
    {"metaformer": metaformer, "next-vit-lsa": next_vit_lsa, "next-vit": next_vit}
)
_DEVIATION = 0.02


def backbone(
    name: str,
    mixers: str | None = None,
    norm: NormName | None = None,
    length: int = 49,
    classes: int | None = 1000,
    width: float = 1.0,
    stem_stride: int = 4,
    *,
    head_dim: int | None = None,
    swap: bool = True,
    position_bias: bool = True,
    layer_scale: float = 1e-5,
    drop_path: float = 0.0,
    checkpointing: bool = False,
    seed: int = 0,
) -> StagedNetwork:
    """The backbone `name`; see `BackboneOptions` for the parameters.

    seed: of the initial weights, which depend on nothing else. Raises ValueError for what does not fit, and for a width
    that is too large for this machine's memory.
    """
    options = BackboneOptions(
        name=name,
        mixers=mixers,
        norm=norm,
        length=length,
        classes=classes,
        width=width,
        stem_stride=stem_stride,
        head_dim=head_dim,
        swap=swap,
        position_bias=position_bias,
        layer_scale=layer_scale,
        drop_path=drop_path,
        checkpointing=checkpointing,
    )
    return build_backbone(options, seed)


def build_backbone(options: BackboneOptions, seed: int = 0) -> StagedNetwork:
    """The backbone of these options, with initial weights that depend on the seed alone; see `backbone`."""
    build = partial(_FAMILIES[options.architecture.family], options)
    check_network_fits(f"network {options.name} of width {options.width:g}", build)
    with seeded(seed):
        network = build()
        network.apply(_initialise)
    network.checkpointing = options.checkpointing
    return network


def _initialise(module: nn.Module) -> None:
    """Draws the weights of fully connected layers, 1x1 convolutions included, as transformers have them."""
    if isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1)):
        nn.init.trunc_normal_(module.weight, std=_DEVIATION)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
