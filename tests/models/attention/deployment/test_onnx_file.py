"""ONNX files of small networks in onnxruntime."""

from pathlib import Path

import pytest
import torch

from models.attention.deployment import onnx_file
from models.attention.deployment.preparation import check_close, expected_outputs, random_images
from tests.support.deployment import small_network
from tests.support.packages import need_onnx


@pytest.mark.parametrize("mixers", [pytest.param("GXLA", marks=pytest.mark.slow), "PRLC"])
def test_one_file_takes_all_sizes_and_batches(mixers: str, tmp_path: Path) -> None:
    need_onnx()
    network = small_network(mixers)
    path = tmp_path / "s12.onnx"
    written = onnx_file.write_onnx(network, path, 64, 96, dynamic=True)
    assert written.operations["Conv"] >= 10
    for batch, height, width in ((1, 64, 96), (3, 33, 70), (1, 130, 260), (2, 32, 32)):
        images = random_images(batch, height, width, seed=3)
        found = onnx_file.run_onnx(path.read_bytes(), images)
        torch.testing.assert_close(found, expected_outputs(network, images), rtol=0, atol=1e-4)


def test_files_are_the_same_each_time_and_tell_nothing_of_this_machine() -> None:
    need_onnx()
    first, again = (onnx_file.exported_onnx(small_network("CCLL"), 32, 32) for _ in range(2))
    assert first == again
    assert b".py" not in first


def test_a_file_that_differs_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_onnx()
    network = small_network("CCCC")
    monkeypatch.setattr(onnx_file, "run_onnx", lambda content, images: [torch.ones(len(images), 5)])
    with pytest.raises(ValueError, match="ONNX differs from torch by"):
        onnx_file.write_onnx(network, tmp_path / "s12.onnx", 32, 32)
    assert not list(tmp_path.iterdir())


def test_values_that_are_not_numbers_never_pass() -> None:
    with pytest.raises(ValueError, match="differs from torch by nan"):
        check_close("ONNX", [torch.tensor([torch.nan])], [torch.zeros(1)], 1e-4)
