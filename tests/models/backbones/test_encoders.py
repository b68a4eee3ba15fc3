"""Encoders of few-shot learning: sizes counted by hand, features, widths, seeds, vmap over tasks."""

import pytest
import torch
from torch import Tensor, nn

from models.backbones.batch_norm import BatchNorm
from models.backbones.encoder import Encoder, EncoderOptions, with_classifier
from models.backbones.encoders import ENCODERS, build_encoder
from models.backbones.four_blocks import CNN4

MINI_IMAGENET, CIFAR_FS, OMNIGLOT = (3, 84, 84), (3, 32, 32), (1, 28, 28)


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def small(name: str, seed: int = 0) -> Encoder:
    return build_encoder(name, EncoderOptions(image_shape=CIFAR_FS, width=6, seed=seed))


CNN4_WEIGHTS = 9 * (3 * 96 + 96 * 192 + 192 * 384 + 384 * 512)
CNN4_NORMS = 2 * (96 + 192 + 384 + 512)
RESNET_WEIGHTS = sum(
    9 * (inputs * outputs + 2 * outputs * outputs) + inputs * outputs
    for inputs, outputs in ((3, 64), (64, 160), (160, 320), (320, 640))
)
RESNET_NORMS = 2 * 4 * (64 + 160 + 320 + 640)
PROTONET_WITH_BIASES = 113_088
MAML_WITH_BIASES_AND_CLASSIFIER = 32_901


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("cnn4", CNN4_WEIGHTS + CNN4_NORMS),
        ("64x4", 9 * 64 * (3 + 3 * 64) + 2 * 4 * 64),
        ("64x4", PROTONET_WITH_BIASES - 4 * 64),
        ("4x32", 9 * 32 * (3 + 3 * 32) + 2 * 4 * 32),
        ("4x32", MAML_WITH_BIASES_AND_CLASSIFIER - 4 * 32 - (800 * 5 + 5)),
        ("resnet12", RESNET_WEIGHTS + RESNET_NORMS),
        ("resnet12", 12_424_320),
    ],
)
def test_encoders_have_the_sizes_counted_by_hand(name: str, count: int) -> None:
    assert parameter_count(build_encoder(name, EncoderOptions(image_shape=MINI_IMAGENET))) == count


@pytest.mark.parametrize(
    ("name", "dims"),
    [
        ("cnn4", (384 * 100 + 512 * 25, 384 * 16 + 512 * 4, 384 * 9 + 512)),
        ("64x4", (1600, 256, 64)),
        ("4x32", (800, 128, 32)),
        ("resnet12", (16_000, 2560, 640)),
    ],
)
def test_features_have_the_dimensions_counted_by_hand(name: str, dims: tuple[int, int, int]) -> None:
    for shape, features_dim in zip((MINI_IMAGENET, CIFAR_FS, OMNIGLOT), dims, strict=True):
        with torch.device("meta"):
            encoder = build_encoder(name, EncoderOptions(image_shape=shape)).eval()
            assert encoder.features_dim == features_dim
            assert encoder(torch.empty(2, *shape)).shape == (2, features_dim)


@pytest.mark.parametrize("name", ENCODERS)
def test_width_scales_all_layers(name: str) -> None:
    channels = [module.out_channels for module in small(name).modules() if isinstance(module, nn.Conv2d)]
    expected = {"cnn4": [6, 12, 24, 32], "64x4": [6] * 4, "4x32": [6] * 4, "resnet12": [6] * 4 + [15] * 4}
    assert channels[: len(expected[name])] == expected[name]


@pytest.mark.parametrize("name", ENCODERS)
def test_initial_weights_depend_on_the_seed_alone(name: str) -> None:
    first = small(name, seed=3).state_dict()
    torch.rand(1)
    before = torch.get_rng_state()
    again = small(name, seed=3).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(weight, again[key]) for key, weight in first.items())
    other = small(name, seed=4).state_dict()
    assert all(not torch.equal(first[key], other[key]) for key in first if first[key].dim() == 4)


def test_features_of_cnn4_are_blocks_3_and_4() -> None:
    encoder = small("cnn4").eval()
    assert isinstance(encoder, CNN4)
    images = torch.randn(2, *CIFAR_FS)
    third = encoder.blocks(images)
    features = encoder(images)
    assert torch.equal(features[:, : 24 * 16], third.flatten(1))
    assert torch.equal(features[:, 24 * 16 :], encoder.last(third).flatten(1))
    assert not any(isinstance(module, nn.LeakyReLU) for module in encoder.last.modules())


def test_residual_block_is_the_formula() -> None:
    encoder = small("resnet12").double().eval()
    block = next(iter(encoder.blocks))  # type: ignore[call-overload]
    values = torch.randn(2, *CIFAR_FS, dtype=torch.float64)
    first, second, third = (module.weight for module in block.branch if isinstance(module, nn.Conv2d))
    scale = (1 + 1e-5) ** -0.5  # of untrained batch norms in evaluation
    inner: Tensor = nn.functional.leaky_relu(scale * nn.functional.conv2d(values, first, padding=1), 0.1)
    inner = nn.functional.leaky_relu(scale * nn.functional.conv2d(inner, second, padding=1), 0.1)
    inner = scale * nn.functional.conv2d(inner, third, padding=1)
    total = inner + scale * nn.functional.conv2d(values, block.shortcut[0].weight)
    expected = nn.functional.max_pool2d(nn.functional.leaky_relu(total, 0.1), 2)
    torch.testing.assert_close(block(values), expected)


@pytest.mark.parametrize("name", ENCODERS)
def test_tasks_under_vmap_equal_tasks_alone(name: str) -> None:
    encoder = small(name).double().eval()
    for norm in encoder.modules():
        if isinstance(norm, BatchNorm):
            norm.mode = "episode"
    tasks = torch.randn(3, 4, *CIFAR_FS, dtype=torch.float64)
    together = torch.vmap(encoder)(tasks)
    torch.testing.assert_close(together, torch.stack([encoder(task) for task in tasks]), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ENCODERS)
def test_training_under_vmap_draws_other_numbers_for_each_task(name: str) -> None:
    encoder = build_encoder(name, EncoderOptions(image_shape=CIFAR_FS, width=6, batch_norm="episode"))
    assert all(module.training for module in encoder.modules())
    for module in encoder.modules():
        if hasattr(module, "calls"):
            module.calls = 40_000
    task = torch.randn(4, *CIFAR_FS)
    first, second = torch.vmap(encoder, randomness="different")(torch.stack([task, task]))
    assert torch.equal(first, second) == (name in ("64x4", "4x32"))


def test_classifiers_are_seeded_linear_layers() -> None:
    encoder = small("4x32")
    network = with_classifier(encoder, 5, seed=2).eval()
    images = torch.randn(3, *CIFAR_FS)
    assert torch.equal(network(images), network.classifier(encoder(images)))
    assert network(images).shape == (3, 5)
    again = with_classifier(encoder, 5, seed=2)
    assert torch.equal(network.classifier.weight, again.classifier.weight)


def test_unknown_names_and_impossible_options_are_refused() -> None:
    with pytest.raises(ValueError, match="network is 'lenet'; allowed are cnn4, 64x4, 4x32, resnet12"):
        build_encoder("lenet", EncoderOptions(image_shape=CIFAR_FS))
    with pytest.raises(ValueError, match=r"image_shape is \(3, 15, 32\); network cnn4 takes 16 x 16 pixels and more"):
        build_encoder("cnn4", EncoderOptions(image_shape=(3, 15, 32)))
    with pytest.raises(ValueError, match="width is 0; allowed is an integer of at least 1"):
        EncoderOptions(image_shape=CIFAR_FS, width=0)
    with pytest.raises(ValueError, match=r"image_shape is \(0, 32, 32\)"):
        EncoderOptions(image_shape=(0, 32, 32))
    with pytest.raises(ValueError, match="batch_norm is 'none'; allowed are running, episode, support"):
        EncoderOptions(image_shape=CIFAR_FS, batch_norm="none")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="classes is 0; allowed is an integer of at least 1"):
        with_classifier(small("4x32"), 0)
