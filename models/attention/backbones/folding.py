"""Folds batch norms and layer scales into neighbouring layers for inference."""

import copy
from itertools import pairwise

from torch import nn

from models.attention.backbones.absorbing import (
    Affine,
    absorb_input,
    absorb_output,
    batch_norm_affine,
    factors,
)
from models.attention.backbones.blocks import Branch
from models.attention.backbones.merging import merge_depthwise
from models.attention.backbones.next_vit import ReducedAttention
from models.attention.backbones.norms import LayerScale
from models.attention.backbones.staged import PooledHead, StagedNetwork
from models.attention.convolutional import Pooling
from models.attention.global_attention import GlobalSelfAttention
from models.attention.local import LocalSelfAttention


def fold(network: StagedNetwork) -> StagedNetwork:
    """A copy for inference without batch norms and layer scales, as far as neighbours can absorb them exactly.

    In a block of depthwise convolution, one depthwise convolution replaces the whole branch with its residual. Results
    differ by rounding alone; the copy is in evaluation mode and its weights take no gradients. A batch norm stays
    before windows, stripes and spatial reductions.
    """
    folded = copy.deepcopy(network).eval().requires_grad_(False)
    for module in folded.modules():
        if isinstance(module, nn.Sequential):
            _fold_into_convolutions(module)
    for module in folded.modules():
        if isinstance(module, Branch):
            _fold_branch(module)
        elif isinstance(module, PooledHead):
            _fold_head(module)
    for stage in folded.stages:
        assert isinstance(stage, nn.Sequential)
        merge_depthwise(stage)
    return folded


def _fold_into_convolutions(layers: nn.Sequential) -> None:
    names = list(layers._modules)
    for first, second in pairwise(names):
        convolution, norm = layers._modules[first], layers._modules[second]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            absorb_output(convolution, batch_norm_affine(norm))
            layers._modules[second] = nn.Identity()


def _fold_branch(branch: Branch) -> None:
    body = branch.body
    if isinstance(branch.norm, nn.BatchNorm2d) and _absorb_norm(body, batch_norm_affine(branch.norm), branch):
        branch.norm = nn.Identity()
    last = _last_layer(body)
    if isinstance(branch.scale, LayerScale) and last is not None:
        absorb_output(last, factors(branch.scale.factors))
        branch.scale = nn.Identity()


def _absorb_norm(body: nn.Module, norm: Affine, branch: Branch) -> bool:
    """Lets the first layers of a branch's body apply its batch norm; whether they can."""
    if isinstance(body, nn.Sequential) and isinstance(body[0], nn.Conv2d) and body[0].kernel_size == (1, 1):
        absorb_input(body[0], norm)
    elif isinstance(body, LocalSelfAttention | GlobalSelfAttention):
        absorb_input(body.qkv, norm)
    elif isinstance(body, ReducedAttention):
        _absorb_in_reduced(body, norm)
    elif isinstance(body, Pooling) and isinstance(branch.scale, LayerScale):
        # A pixel less the mean around it: shifts cancel, factors stay.
        branch.scale.factors.data *= norm.factor.view(-1, 1, 1).to(branch.scale.factors.dtype)
    else:
        return False
    return True


def _absorb_in_reduced(body: ReducedAttention, norm: Affine) -> None:
    absorb_input(body.query, norm)
    if isinstance(body.reduction, nn.Sequential):
        pool, inner = body.reduction
        assert isinstance(inner, nn.BatchNorm1d)
        norm = batch_norm_affine(inner).after(norm)
        body.reduction = nn.Sequential(pool)
    absorb_input(body.key, norm)
    absorb_input(body.value, norm)


def _last_layer(body: nn.Module) -> nn.Conv2d | nn.Linear | None:
    last = body[-1] if isinstance(body, nn.Sequential) else getattr(body, "proj", body)
    return last if isinstance(last, nn.Conv2d | nn.Linear) else None


def _fold_head(head: PooledHead) -> None:
    if isinstance(head.norm, nn.BatchNorm2d) and isinstance(head.classifier, nn.Linear):
        absorb_input(head.classifier, batch_norm_affine(head.norm))
        head.norm = nn.Identity()
