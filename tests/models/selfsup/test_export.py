"""Exported encoders: in plain torch, with ten lines that know nothing of wrapmac, and in onnxruntime."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from models.backbones.resnet_encoder import ResNetEncoder, resnet_encoder
from models.selfsup.export import EncoderExport
from models.selfsup.onnx_export import export_encoder_onnx
from models.selfsup.operations import operations_of
from models.selfsup.probes.frozen import state_digest
from models.selfsup.probes.images import Normalisation
from tests.support.probes import SmallEncoder

TEN_LINES = """
import json
import torch
from safetensors.torch import load_file

description, weights = json.load(open("encoder.json", encoding="utf-8")), load_file("encoder.safetensors")


def encode(images):
    values = {"images": images}
    for step in description["operations"]:
        function = getattr(torch.nn.functional, step["function"], None) or getattr(torch, step["function"])
        inputs = [values[name] for name in step["inputs"]] + [weights[name] for name in step["tensors"]]
        values[step["result"]] = function(*inputs, **step["arguments"])
    return values["features"]
"""
"""As docs/selfsup.md has them."""

AND_A_TEST = """
import os, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    EXAMPLE
    torch.save(encode(torch.load("images.pt")), "features.pt")
print(*sorted(name for name in sys.modules if name.split(".")[0] in ("models", "reports", "wrapmac")))
"""


def trained(name: str, stem: str, channels: int = 3) -> ResNetEncoder:
    """An encoder whose batch norms have statistics of their own."""
    encoder = resnet_encoder(name, stem, channels, width=4)
    for module in encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, (low, high) in (
                (module.running_mean, (-1, 1)),
                (module.running_var, (0.5, 2)),
                (module.weight, (0.5, 1)),
                (module.bias, (-1, 1)),
            ):
                assert tensor is not None
                nn.init.uniform_(tensor, low, high)
    return encoder.eval()


ENCODERS = {
    "resnet18": (trained("resnet18", "cifar"), (3, 16, 16)),
    "resnet50": (trained("resnet50", "imagenet"), (3, 64, 64)),
    "grey": (trained("resnet18", "cifar", channels=1), (1, 8, 12)),
    "small": (SmallEncoder(), (1, 8, 8)),
}


def images_for(name: str) -> Tensor:
    return torch.randn(5, *ENCODERS[name][1], generator=torch.Generator().manual_seed(0))


def features_of(name: str) -> Tensor:
    with torch.no_grad():
        found: Tensor = ENCODERS[name][0](images_for(name))
    return found


def assert_alike(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6 * expected.abs().max().item())


def export(name: str) -> EncoderExport:
    encoder, shape = ENCODERS[name]
    return EncoderExport(encoder, shape, encoder.features_dim, Normalisation((0.5,) * 3, (0.25,) * 3), {"run": name})


def test_ten_lines_of_plain_torch_give_the_same_features(tmp_path: Path) -> None:
    assert len([line for line in TEN_LINES.splitlines() if line and not line.startswith(("import", "from"))]) < 10
    for name in ENCODERS:
        export(name).write(tmp_path / name / "encoder.safetensors")
        torch.save(images_for(name), tmp_path / name / "images.pt")
    program = AND_A_TEST.replace("EXAMPLE", TEN_LINES.replace("\n", "\n    "))
    folders = [str(tmp_path / name) for name in ENCODERS]
    finished = subprocess.run([sys.executable, "-I", "-c", program, *folders], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip() == ""
    for name in ENCODERS:
        assert_alike(torch.load(tmp_path / name / "features.pt"), features_of(name))


@pytest.mark.parametrize("name", ENCODERS)
def test_onnxruntime_gives_the_same_features(name: str, tmp_path: Path) -> None:
    encoder, shape = ENCODERS[name]
    export_encoder_onnx(encoder, shape, encoder.features_dim, tmp_path / "encoder.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "encoder.onnx")
    (output,) = session.get_outputs()
    assert output.shape == ["images", encoder.features_dim]
    images = images_for(name)
    for part in (images, images[:1]):
        (found,) = session.run(None, {"images": part.numpy()})
        assert_alike(torch.from_numpy(found), features_of(name)[: len(part)])


def test_the_docs_have_the_ten_lines() -> None:
    docs = Path(__file__).parents[3] / "docs" / "selfsup.md"
    assert TEN_LINES.strip() in docs.read_text(encoding="utf-8")


def test_the_description_says_what_users_need(tmp_path: Path) -> None:
    written = export("resnet18").write(tmp_path / "encoder.safetensors")
    assert written == [tmp_path / "encoder.safetensors", tmp_path / "encoder.json"]
    description = json.loads((tmp_path / "encoder.json").read_text(encoding="utf-8"))
    assert description["image_shape"] == [3, 16, 16]
    assert description["features_dim"] == 32
    assert description["normalisation"] == {"mean": [127.5] * 3, "std": [63.75] * 3, "white": 255}
    assert description["encoder_digest"] == state_digest(ENCODERS["resnet18"][0])
    assert description["run"] == "resnet18"
    assert description["weights"] == "encoder.safetensors"


def test_weights_and_description_need_two_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"name it \.safetensors"):
        export("small").write(tmp_path / "encoder.json")
    assert not list(tmp_path.iterdir())


class Unknown(SmallEncoder):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).sigmoid()


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU()), "layer 1 of the encoder, GELU, has no plain form"),
        (Unknown(), "function sigmoid of the encoder has no plain form"),
        (nn.Sequential(nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect")), "Conv2d, has no plain form"),
        (nn.Sequential(nn.BatchNorm2d(2, track_running_stats=False)), "BatchNorm2d, has no plain form"),
    ],
)
def test_layers_without_a_plain_form_are_named(encoder: nn.Module, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        operations_of(encoder)


def test_the_last_operation_gives_the_features_whatever_is_the_identity() -> None:
    encoder = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Identity()
    )
    operations = operations_of(encoder.eval())
    assert [one.function for one in operations] == ["conv2d", "relu", "adaptive_avg_pool2d", "flatten"]
    assert operations[0].inputs == ("images",)
    assert operations[-1].result == "features"
    assert np.all([one.result != "features" for one in operations[:-1]])
