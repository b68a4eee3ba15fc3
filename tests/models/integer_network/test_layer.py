"""Files of exported layers: they hold the layer; damaged, foreign and impossible ones are refused."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from models.integer_network.layer import LayerExport
from tests.support.layers import make_layer


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
        ({"activations": content["activations"] + 7}, "activations lie outside 0 to 7, the range of 3 bits"),
        ({"weights": content["weights"] * 2}, "weights of 1 bit are -1 or"),
        ({"weights": content["weights"][:, :1]}, "weights take 1 channels, but activations have 2"),
        ({"weights": content["weights"][0]}, r"weights has the shape \(2, 3, 3\); it needs 4 axes and content"),
        ({"weights": content["weights"] * 1.0}, "weights has the type torch.float64; it needs integers"),
        ({"weights": content["weights"] > 0}, "weights has the type torch.bool; it needs integers"),
        ({"weights": content["weights"].astype(str)}, "layer.npz: "),
        ({"weights": content["weights"] * 8, "weight_bits": 4}, "weights lie outside -8 to 7, the range of 4 bits"),
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


def test_a_member_that_is_no_array_is_named(layer_file: Path) -> None:
    with zipfile.ZipFile(layer_file, "a") as archive:
        archive.writestr("more.npy", b"no array")
    with pytest.raises(ValueError, match=r"layer\.npz is damaged: more is no array"):
        LayerExport.load(layer_file)
