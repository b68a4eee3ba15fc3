"""Backbones of chapter 4: published sizes, features of any map, options."""

import re
from itertools import product

import pytest
import torch
from torch import nn

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.backbones.letters import LETTERS
from models.attention.backbones.norms import MapLayerNorm, set_channels_first
from models.attention.backbones.options import BackboneOptions
from models.attention.backbones.registry import backbone
from models.attention.local import LocalSelfAttention
from models.backbones.multiply_adds import multiply_adds
from tests.support.backbones import small

PUBLISHED = {  # Table 4.4: millions of parameters, G multiply-adds
    "s12": (16.6, 2.5),
    "s18": (22.5, 3.4),
    "s24": (30.6, 4.7),
    "swin-s": (51.3, 8.5),
    "nextvit-s": (31.7, 5.8),
    "nextvit-b": (44.8, 8.3),
    "nextvit-l": (57.8, 10.8),
    "nextvit-s-lsa": (28.2, 5.5),
    "nextvit-b-lsa": (39.8, 7.8),
    "nextvit-l-lsa": (51.4, 10.1),
}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_backbones_have_the_published_sizes(name: str) -> None:
    with torch.device("meta"):
        network = backbone(name)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    millions, billions = PUBLISHED[name]
    limit = 0.001 if name.endswith("-lsa") else 0.007
    assert parameters / 1e6 == pytest.approx(millions, rel=limit)
    assert round(multiply_adds(network, 224, 224) / 1e9, 1) == billions


@pytest.mark.parametrize("name", ["s12", "nextvit-s-lsa"])
def test_multiply_adds_grow_with_the_pixels(name: str) -> None:
    with torch.device("meta"):
        network = backbone(name, classes=None)
    assert multiply_adds(network, 448, 448) == 4 * multiply_adds(network, 224, 224)


def test_global_attention_grows_faster() -> None:
    with torch.device("meta"):
        network = backbone("s12", mixers="CCAA")
    assert multiply_adds(network, 1024, 1024) / 1e9 == pytest.approx(117.6, abs=0.1)


@pytest.mark.parametrize(
    ("stem_stride", "size"), [(4, (64, 64)), (4, (1, 1)), (4, (33, 65)), (4, (5, 200)), (2, (37, 3)), (1, (9, 5))]
)
@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_features_have_rounded_up_sizes(name: str, stem_stride: int, size: tuple[int, int]) -> None:
    network = small(name, stem_stride=stem_stride)
    assert network.strides == tuple(stem_stride * factor for factor in (1, 2, 4, 8))
    features = network.features(torch.rand(2, 3, *size))
    expected = [
        (2, channels, *(-(-pixels // stride) for pixels in size))
        for channels, stride in zip(network.channels, network.strides, strict=True)
    ]
    assert [maps.shape for maps in features] == expected
    logits = network(torch.rand(2, 3, *size))
    assert isinstance(logits, torch.Tensor)
    assert logits.shape == (2, 5)
    assert logits.isfinite().all()


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("norm", ["ln", "bn", "bn-ln"])
def test_every_mixer_takes_every_norm(letter: str, norm: str) -> None:
    for name in ("s12", "nextvit-s-lsa"):
        network = small(name, mixers=4 * letter, norm=norm)
        assert network(torch.rand(1, 3, 37, 53)).isfinite().all()


def test_bn_ln_normalises_attention_by_layers_and_convolutions_by_batches() -> None:
    network = small("s12", mixers="CLPA", norm="bn-ln")
    norms = [type(stage[-1].mixer.norm) for stage in network.stages]
    assert norms == [nn.BatchNorm2d, MapLayerNorm, nn.BatchNorm2d, MapLayerNorm]


@pytest.mark.parametrize(("name", "swaps"), [("s12", 6 * [False, True]), ("nextvit-s-lsa", 2 * [False, True])])
def test_every_second_block_reads_columns(name: str, swaps: list[bool]) -> None:
    def swaps_of_stage_3(**options: bool) -> list[bool]:
        stage = small(name, **options).stages[2]
        return [module.swap for module in stage.modules() if isinstance(module, LocalSelfAttention)]

    assert swaps_of_stage_3() == swaps[: len(swaps_of_stage_3())]
    assert not any(swaps_of_stage_3(swap=False))


@pytest.mark.parametrize("channels_first", [False, True])
def test_map_layer_norm_normalises_each_pixel(channels_first: bool) -> None:
    maps = torch.randn(2, 6, 3, 4, dtype=torch.float64)
    norm = MapLayerNorm(6).double()
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    set_channels_first(nn.Sequential(norm), channels_first)
    expected = torch.empty_like(maps)
    for sample, row, column in product(range(2), range(3), range(4)):
        pixel = maps[sample, :, row, column]
        deviation = (pixel.var(correction=0) + 1e-5).sqrt()
        expected[sample, :, row, column] = (pixel - pixel.mean()) / deviation * norm.weight + norm.bias
    assert torch.allclose(norm(maps), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("size", [(56, 56), (37, 53)])
def test_half_precision_is_finite(dtype: torch.dtype, size: tuple[int, int]) -> None:
    network = small("s12").to(dtype)
    assert network(torch.rand(1, 3, *size, dtype=dtype)).isfinite().all()


@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_channels_last_gives_the_same(name: str) -> None:
    network, images = small(name).double(), torch.rand(2, 3, 70, 50, dtype=torch.float64)
    plain = network(images)
    last = network.to(memory_format=torch.channels_last)(images.to(memory_format=torch.channels_last))
    assert torch.allclose(last, plain, rtol=0, atol=1e-12)


def test_classes_make_the_head() -> None:
    images = torch.rand(2, 3, 32, 32)
    assert small("s12", classes=0)(images).shape == (2, 128)
    headless = small("s12", classes=None)
    assert not [name for name, _ in headless.named_parameters() if name.startswith("head")]
    assert [maps.shape[1] for maps in headless(images)] == [16, 32, 80, 128]


def test_initial_weights_depend_on_the_seed_alone() -> None:
    first = small("s12", seed=3).state_dict()
    torch.rand(1)
    again, other = small("s12", seed=3).state_dict(), small("s12", seed=4).state_dict()
    assert all(torch.equal(weight, again[key]) for key, weight in first.items())
    assert not torch.equal(first["head.classifier.weight"], other["head.classifier.weight"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "s13"}, "backbone is 's13'; allowed are s12, s18, s24, swin-s, nextvit-s, "),
        ({"name": "s12", "mixers": "CCL"}, "mixers is 'CCL'; allowed are 4 letters, one a stage: C depthwise convol"),
        ({"name": "s12", "mixers": "CCZL"}, "mixers is 'CCZL'; allowed are 4 letters"),
        ({"name": "nextvit-s", "mixers": "CCLL"}, "mixers is 'CCLL', but nextvit-s has mixers of its own"),
        ({"name": "nextvit-s", "norm": "ln"}, "norm is 'ln', but nextvit-s has batch norms alone: bn"),
        ({"name": "s12", "norm": "gn"}, "norm is 'gn'; allowed are ln, bn, bn-ln"),
        ({"name": "s12", "length": 0}, "length is 0; allowed is an integer of at least 1"),
        ({"name": "s12", "classes": -1}, "classes is -1; allowed is an integer of at least 0"),
        ({"name": "s12", "width": 0.3}, "width is 0.3; allowed are positive multiples of 1/32"),
        ({"name": "s12", "width": 0.0}, "width is 0.0; allowed are positive multiples of 1/32"),
        ({"name": "s12", "width": float("nan")}, "width is nan; allowed are positive multiples of 1/32"),
        ({"name": "s12", "width": float("inf")}, "width is inf; allowed are positive multiples of 1/32"),
        ({"name": "s12", "stem_stride": 3}, "stem_stride is 3; allowed are 1, 2 and 4"),
        ({"name": "s12", "drop_path": 1.0}, "drop_path is 1.0; allowed are numbers from 0 to below 1"),
        ({"name": "s12", "layer_scale": -1.0}, "layer_scale is -1.0; allowed are finite numbers of at least 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}.*$"):
        BackboneOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_heads_that_do_not_divide_the_channels_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="24"):
        backbone(name, width=0.25, head_dim=24 if name == "s12" else 7 * 24)


@pytest.mark.parametrize("width", [10**6, 10**12, 10**30])
@pytest.mark.parametrize("name", ["s12", "nextvit-s", "nextvit-s-lsa"])
def test_widths_beyond_the_memory_are_refused_at_once(name: str, width: int) -> None:
    with pytest.raises(ValueError, match=rf"network {name} of width 1e\+\d+ needs .* memory to train; this machine"):
        backbone(name, width=width)
