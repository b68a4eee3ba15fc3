"""Exported layers: the integers of the network itself, and files that are damaged or foreign."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.arithmetic import cyclic
from models.backbones.registry import build_network
from models.data.digits import digits
from models.data.images import Split
from models.integer_network.layer import LayerExport, export_layer, export_layer_at
from models.quantization.accumulators import Accumulator
from models.quantization.layers import configure
from models.quantization.step_sizes import choose_step_sizes
from models.wrapnet.networks import WrapNetOptions
from tests.conftest import make_layer


@pytest.fixture(scope="module")
def network() -> nn.Module:
    network = build_network("digits", WrapNetOptions(width=8))
    images = normalised(digits().train)
    network(images)  # running statistics that are not the initial ones
    configure(network, "float", Accumulator(bits=6))
    choose_step_sizes(network, images[:100], 0.05)
    return network


def normalised(split: Split) -> Tensor:
    return digits().normalise(split.images)


def test_the_export_computes_what_the_network_computes(network: nn.Module) -> None:
    images = normalised(digits().test)[:20]
    layer = export_layer(network, "third", images)
    seen: list[Tensor] = []
    hook = network.get_submodule("third.relu").register_forward_hook(lambda _m, _i, output: seen.append(output))
    network.eval()(images)
    hook.remove()
    sums = nn.functional.conv2d(layer.activations.double(), layer.weights.double(), padding=layer.padding)
    folded = cyclic(sums.round().long(), layer.accumulator_bits, layer.slope)
    outputs = torch.relu(layer.scale.view(-1, 1, 1) * folded + layer.offset.view(-1, 1, 1))
    assert torch.allclose(outputs, seen[0], atol=1e-5)


def test_dot_products_are_positions_of_the_convolution(network: nn.Module) -> None:
    layer = export_layer(network, "second", normalised(digits().test)[:3])
    sums = nn.functional.conv2d(layer.activations.double(), layer.weights.double(), padding=1).long()
    activations, weights = layer.dot_products(500, 3)
    assert activations.shape == weights.shape == (500, layer.dot_length)
    assert set((activations * weights).sum(1).tolist()) <= set(sums.flatten().tolist())


def test_wider_export_uses_its_bits(network: nn.Module) -> None:
    layer = export_layer_at(network, "third", normalised(digits().test)[:20], 8, 8)
    assert layer.activations.max() == 255
    assert layer.weights.abs().max() == 127
    assert layer.weights.unique().numel() > 50


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    layer = make_layer(weight_bits=4, activation_bits=5)
    layer.save(tmp_path / "layer.npz")
    again = LayerExport.load(tmp_path / "layer.npz")
    assert torch.equal(layer.weights, again.weights)
    assert torch.equal(layer.activations, again.activations)
    assert (again.weight_bits, again.activation_bits, again.padding) == (4, 5, 1)


def test_truncated_files_are_named(layer_file: Path) -> None:
    data = layer_file.read_bytes()
    for length in (0, 10, len(data) // 2, len(data) - 10):
        layer_file.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"layer\.npz is damaged, or not an npz file"):
            LayerExport.load(layer_file)


def test_flipped_bits_never_get_past_as_anything_but_an_error_or_a_valid_layer(layer_file: Path) -> None:
    data = bytearray(layer_file.read_bytes())
    refused = 0
    for position in range(0, 8 * len(data), 37):
        data[position // 8] ^= 1 << position % 8
        layer_file.write_bytes(data)
        try:
            LayerExport.load(layer_file)
        except ValueError as error:
            assert "layer.npz" in str(error)  # noqa: PT017 - most flips are refused, some only touch padding
            refused += 1
        data[position // 8] ^= 1 << position % 8
    assert refused > 100


def test_integers_of_any_width_and_byte_order_are_read(layer_file: Path) -> None:
    content = dict(np.load(layer_file))
    expected = LayerExport.load(layer_file)
    for dtype in (">i4", "u2", "i1"):
        np.savez(layer_file, **(content | {"activations": content["activations"].astype(dtype)}))
        assert torch.equal(LayerExport.load(layer_file).activations, expected.activations)


def test_foreign_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, something=np.zeros(3))
    with pytest.raises(ValueError, match=r"other\.npz is not an exported layer"):
        LayerExport.load(path)
    np.savez(path, weights=np.array([None]), allow_pickle=True)
    with pytest.raises(ValueError, match=r"other\.npz is"):
        LayerExport.load(path)
    with pytest.raises(ValueError, match="no such file"):
        LayerExport.load(tmp_path / "missing.npz")


def test_versions_and_values_out_of_range_are_named(layer_file: Path) -> None:
    content = dict(np.load(layer_file))
    for changed, message in (
        ({"version": 99}, "format version 99; this program reads version 1"),
        ({"activations": content["activations"] + 7}, "activations lie outside 0 to 7, what 3 bits hold"),
        ({"weights": content["weights"] * 2}, "weights of 1 bit are -1 or"),
        ({"weights": content["weights"][:, :1]}, "weights take 1 channels, but activations have 2"),
        ({"weights": content["weights"][0]}, r"weights has the shape \(2, 3, 3\); it needs 4 axes and content"),
        ({"weights": content["weights"] * 1.0}, "weights has the type torch.float64; it needs integers"),
        ({"weights": content["weights"] > 0}, "weights has the type torch.bool; it needs integers"),
        ({"weights": content["weights"].astype(str)}, "layer.npz: "),
        ({"weights": content["weights"] * 8, "weight_bits": 4}, "weights lie outside -8 to 7, what 4 bits hold"),
        ({"weight_bits": 1.5}, "weight_bits is 1.5; allowed are the integers 1 to 16"),
        ({"slope": 0}, "slope is 0; allowed are the integers 1 to"),
        ({"padding": -1}, "padding is -1; allowed are the integers 0 to 32767"),
        ({"padding": 0, "activations": content["activations"][..., :2]}, "a kernel of .* does not fit maps of"),
        ({"scale": np.ones(99)}, "scale and offset have 99 and 4 entries, not 4"),
        ({"version": np.arange(3)}, "format version"),
    ):
        np.savez(layer_file, **(content | changed))
        with pytest.raises(ValueError, match=message):
            LayerExport.load(layer_file)
