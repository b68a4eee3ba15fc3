"""The rivals of local self-attention, each against a plain loop over the pixels of its own definition."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from models.attention.cross_shaped import CrossShapedAttention
from models.attention.grouped import GroupedSelfAttention
from models.attention.mixers import token_mixer
from models.attention.spatial_reduction import SpatialReductionAttention
from tests.support.attention import random_maps, values_and_gradients

SIZES = [(1, 1), (1, 5), (2, 2), (4, 4), (5, 6), (7, 4)]
Pixel = tuple[int, int]
Visible = Callable[[Pixel, Pixel], bool]
Bias = Callable[[int, Pixel, Pixel], Tensor | float]


def pixels_of(maps: Tensor) -> list[Pixel]:
    return [(row, column) for row in range(maps.shape[2]) for column in range(maps.shape[3])]


def attention(query: Tensor, keys: list[Tensor], values: list[Tensor], bias: list[Tensor | float]) -> Tensor:
    """One query of one head."""
    scores = [query @ key / len(query) ** 0.5 + added for key, added in zip(keys, bias, strict=True)]
    weights = torch.stack(scores).softmax(0)
    return sum((weight * value for weight, value in zip(weights, values, strict=True)), torch.zeros_like(query))


def among_visible(
    module: GroupedSelfAttention | CrossShapedAttention, maps: Tensor, visible: Visible, bias: Bias, heads: range
) -> Tensor:
    """Attention of every pixel, in some heads, to those that it sees; before the last projection."""
    size = maps.shape[1] // module.heads
    mixed = maps.new_zeros(maps.shape[0], len(heads) * size, *maps.shape[2:])
    for image in range(len(maps)):
        qkv = {
            (row, column): module.qkv(maps[image, :, row, column]).split(maps.shape[1])
            for row, column in pixels_of(maps)
        }
        for at, head in enumerate(heads):
            part = slice(head * size, (head + 1) * size)
            for place, (query, _, _) in qkv.items():
                seen = [other for other in qkv if visible(place, other)]
                keys, values = ([qkv[other][kind][part] for other in seen] for kind in (1, 2))
                found = attention(query[part], keys, values, [bias(head, place, other) for other in seen])
                mixed[image, at * size : (at + 1) * size, place[0], place[1]] = found
    return mixed


def projected(projection: torch.nn.Linear, mixed: Tensor) -> Tensor:
    return torch.einsum("oc,bchw->bohw", projection.weight, mixed) + projection.bias[:, None, None]


def mixer(name: str, dim: int = 8, **options: object) -> torch.nn.Module:
    torch.manual_seed(0)
    module = token_mixer(name, dim, **{"head_dim": 4, **options}).double()
    for parameter_name, parameter in module.named_parameters():
        if parameter_name.endswith("table"):
            torch.nn.init.normal_(parameter)
    return module


def check(module: torch.nn.Module, maps: Tensor, expected: Tensor) -> None:
    found = values_and_gradients(module, module(maps), maps)
    for one, other in zip(found, values_and_gradients(module, expected, maps), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("size", SIZES)
def test_global_attention_sees_all(size: tuple[int, int]) -> None:
    module, maps = mixer("global"), random_maps(8, size, batch=1)
    mixed = among_visible(module, maps, lambda one, other: True, lambda *_: 0.0, range(2))  # type: ignore[arg-type]
    check(module, maps, projected(module.proj, mixed))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", SIZES)
def test_windows_hold_neighbours(size: tuple[int, int]) -> None:
    module, maps = mixer("window", window=3), random_maps(8, size, batch=1)
    assert isinstance(module, GroupedSelfAttention)

    def visible(one: Pixel, other: Pixel) -> bool:
        return all(place // 3 == seen // 3 for place, seen in zip(one, other, strict=True))

    def bias(head: int, one: Pixel, other: Pixel) -> Tensor:
        down, along = other[0] - one[0] + 2, other[1] - one[1] + 2
        return module.position_bias.table[head, 5 * down + along]  # type: ignore[no-any-return, union-attr]

    check(module, maps, projected(module.proj, among_visible(module, maps, visible, bias, range(2))))


@pytest.mark.parametrize("size", SIZES)
def test_grids_hold_pixels_at_equal_distances(size: tuple[int, int]) -> None:
    module, maps = mixer("grid", window=3), random_maps(8, size, batch=1)
    assert isinstance(module, GroupedSelfAttention)
    steps = [-(-pixels // 3) for pixels in size]

    def visible(one: Pixel, other: Pixel) -> bool:
        return all((place - seen) % step == 0 for place, seen, step in zip(one, other, steps, strict=True))

    def bias(head: int, one: Pixel, other: Pixel) -> Tensor:
        down, along = ((seen - place) // step + 2 for place, seen, step in zip(one, other, steps, strict=True))
        return module.position_bias.table[head, 5 * down + along]  # type: ignore[no-any-return, union-attr]

    check(module, maps, projected(module.proj, among_visible(module, maps, visible, bias, range(2))))


@pytest.mark.parametrize(("size", "dim"), [*((size, 8) for size in SIZES), ((6, 4), 4), ((4, 7), 12)])
def test_stripes_cross(size: tuple[int, int], dim: int) -> None:
    module, maps = mixer("cswin", dim, stripe=3), random_maps(dim, size, batch=1)
    assert isinstance(module, CrossShapedAttention)
    heads = dim // 4
    across = (heads + 1) // 2
    halves = []
    for axis, span in ((0, range(across)), (1, range(across, heads))):
        if span:
            mixed = among_visible(
                module, maps, lambda one, other, axis=axis: one[axis] // 3 == other[axis] // 3, lambda *_: 0.0, span
            )
            halves.append(mixed + encoding(module, maps, axis, span))
    check(module, maps, projected(module.proj, torch.cat(halves, 1)))


def encoding(module: CrossShapedAttention, maps: Tensor, axis: int, heads: range) -> Tensor:
    """The depthwise convolution of the values, each pixel seeing its 3x3 neighbours of the same stripe."""
    convolution = module.encodings[axis]
    part = slice(heads.start * 4, heads.stop * 4)
    values = torch.einsum("oc,bchw->bohw", module.qkv.weight, maps) + module.qkv.bias[:, None, None]
    values = values[:, 2 * maps.shape[1] :][:, part]
    result = torch.zeros_like(values) + convolution.bias[:, None, None]
    for place in pixels_of(maps):
        for other in pixels_of(maps):
            down, along = other[0] - place[0] + 1, other[1] - place[1] + 1
            if 0 <= down <= 2 and 0 <= along <= 2 and place[axis] // 3 == other[axis] // 3:
                added = convolution.weight[:, 0, down, along] * values[:, :, other[0], other[1]]
                result[:, :, place[0], place[1]] = result[:, :, place[0], place[1]] + added
    return result


@pytest.mark.parametrize("reduction", [1, 2, 3])
@pytest.mark.parametrize("size", SIZES)
def test_spatial_reduction_has_a_key_for_each_square(size: tuple[int, int], reduction: int) -> None:
    module, maps = mixer("sra", reduction=reduction), random_maps(8, size, batch=1)
    assert isinstance(module, SpatialReductionAttention)
    image = maps[0]
    squares = {(row // reduction, column // reduction) for row, column in pixels_of(maps)}
    reduced = []
    for square in sorted(squares):
        members = [place for place in pixels_of(maps) if tuple(one // reduction for one in place) == square]
        token = image[:, members[0][0], members[0][1]]
        if reduction > 1:
            kernel = module.reduce.weight
            token = module.reduce.bias + sum(
                kernel[:, :, row % reduction, column % reduction] @ image[:, row, column] for row, column in members
            )
            token = F.layer_norm(token, (8,), module.norm.weight, module.norm.bias)
        reduced.append(module.key_value(token))
    rows = []
    for row, column in pixels_of(maps):
        query = module.query(image[:, row, column])
        parts = [slice(0, 4), slice(4, 8)]
        heads = [
            attention(
                query[part],
                [one[:8][part] for one in reduced],
                [one[8:][part] for one in reduced],
                [0.0] * len(reduced),
            )
            for part in parts
        ]
        rows.append(module.proj(torch.cat(heads)))
    check(module, maps, torch.stack(rows, 1).reshape(maps.shape))


@pytest.mark.parametrize("size", SIZES)
def test_pooling_and_depthwise_convolution_of_neighbours(size: tuple[int, int]) -> None:
    maps = random_maps(3, size, batch=1)
    pooled, convolved = [], []
    depthwise = mixer("depthwise", 3)
    assert isinstance(depthwise, torch.nn.Conv2d)
    for row, column in pixels_of(maps):
        near = [place for place in pixels_of(maps) if max(abs(place[0] - row), abs(place[1] - column)) <= 1]
        values = torch.stack([maps[0, :, place[0], place[1]] for place in near])
        weights = [depthwise.weight[:, 0, place[0] - row + 1, place[1] - column + 1] for place in near]
        pooled.append(values.mean(0) - maps[0, :, row, column])
        convolved.append((torch.stack(weights) * values).sum(0) + depthwise.bias)
    check(mixer("pooling", 3), maps, torch.stack(pooled, 1).reshape(maps.shape))
    check(depthwise, maps, torch.stack(convolved, 1).reshape(maps.shape))
