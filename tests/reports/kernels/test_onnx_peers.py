"""The peers' convolutions of bytes compute the layer: the bench compares equal work."""

import numpy as np
import pytest
import torch

from reports.kernels.layers import bench_layers
from reports.kernels.onnx_peers import onnx_convolution, openvino_convolution

pytest.importorskip("onnx")


@pytest.mark.parametrize(
    ("package", "convolution"), [("onnxruntime", onnx_convolution), ("openvino", openvino_convolution)]
)
def test_they_round_and_clip_the_layers_sums(package: str, convolution: object) -> None:
    pytest.importorskip(package)
    layer = bench_layers(0)[-1]
    maps, weights = (torch.from_numpy(array).permute(0, 3, 1, 2).double() for array in (layer.maps, layer.binary))
    expected = (torch.nn.functional.conv2d(maps, weights, padding=1) / 64).round().clamp(0, 255)
    found = convolution(layer)()  # type: ignore[operator]
    array = found[0] if isinstance(found, list) else next(iter(found.values()))
    assert array.dtype == np.uint8
    assert expected.max() > 0
    assert np.array_equal(array, expected.numpy())
