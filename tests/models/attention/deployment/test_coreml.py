"""Core ML packages of small networks, run by the evaluator; its operations against torch's."""

from pathlib import Path

import pytest
import torch

from models.attention.deployment.coreml.arguments import Arguments
from models.attention.deployment.coreml.evaluator import KINDS, evaluate
from models.attention.deployment.coreml.packages import write_package
from models.attention.deployment.coreml.program import Function, Name, Operation
from models.attention.deployment.preparation import random_images
from tests.support.deployment import small_network


@pytest.mark.parametrize(("mixers", "ios"), [("GXLA", 18), ("PRLC", 15)])
def test_a_package_gives_what_the_network_gives(mixers: str, ios: int, tmp_path: Path) -> None:
    pytest.importorskip("coremltools")
    from models.attention.deployment.coreml.conversion import write_coreml

    written = write_coreml(small_network(mixers), tmp_path / "s12.mlpackage", [(72, 56)], ios=ios)  # type: ignore[arg-type]
    assert written.difference <= 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ["s12.mlpackage"]


def test_resolutions_are_functions_that_share_weights(tmp_path: Path) -> None:
    pytest.importorskip("coremltools")
    from models.attention.deployment.coreml.conversion import write_coreml
    from models.attention.deployment.coreml.program import read_functions

    network = small_network("CCLL")
    one, both = tmp_path / "one.mlpackage", tmp_path / "both.mlpackage"
    write_coreml(network, one, [(64, 64)])
    write_coreml(network, both, [(64, 64), (64, 96)])
    assert set(read_functions(both)) == {"images_64x64", "images_64x96"}
    sizes = [sum(path.stat().st_size for path in folder.rglob("weight.bin")) for folder in (one, both)]
    assert sizes[1] < 1.3 * sizes[0]


def test_several_resolutions_need_ios_18(tmp_path: Path) -> None:
    from models.attention.deployment.coreml.conversion import write_coreml

    with pytest.raises(ValueError, match="ios is 15, but 2 resolutions"):
        write_coreml(small_network("CCLL"), tmp_path / "a.mlpackage", [(64, 64), (32, 32)], ios=15)


def test_a_package_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "net.mlpackage"
    path.mkdir()
    (path / "Manifest.json").write_text("{}", encoding="utf-8")

    def fail(new: Path) -> None:
        new.mkdir()
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        write_package(path, fail)
    assert [one.name for one in tmp_path.iterdir()] == ["net.mlpackage"]
    assert (path / "Manifest.json").is_file()


def test_a_folder_that_is_no_package_stays(tmp_path: Path) -> None:
    path = tmp_path / "data.mlpackage"
    path.mkdir()
    with pytest.raises(ValueError, match="no Core ML package"):
        write_package(path, Path.mkdir)
    with pytest.raises(ValueError, match=r"must end in \.mlpackage"):
        write_package(tmp_path / "data", Path.mkdir)


def ints(*values: int) -> tuple[torch.Tensor]:
    return (torch.tensor(values),)


def test_padding_of_convolutions_and_pools_equals_torchs() -> None:
    maps, weight = random_images(2, 7, 10), torch.randn(4, 3, 3, 3)
    given = {"x": (maps,), "weight": (weight,), "strides": ints(2, 2), "pad_type": ("custom",), "pad": ints(1, 1, 1, 1)}
    found = KINDS["conv"](Arguments(given))
    torch.testing.assert_close(found, torch.nn.functional.conv2d(maps, weight, None, 2, 1))
    ceiled = {"x": (maps,), "kernel_sizes": ints(2, 2), "strides": ints(2, 2), "ceil_mode": (torch.tensor(True),)}
    found = KINDS["avg_pool"](Arguments(ceiled | {"exclude_padding_from_average": (torch.tensor(True),)}))
    expected = torch.nn.functional.avg_pool2d(maps, 2, 2, ceil_mode=True, count_include_pad=False)
    torch.testing.assert_close(found, expected)


def test_slices_follow_masks() -> None:
    values = torch.arange(24).reshape(2, 3, 4)
    given = {"begin": ints(0, 1, -3), "end": ints(9, 2, 4), "begin_mask": ints(0, 0, 0), "end_mask": ints(1, 0, 0)}
    found = KINDS["slice_by_index"](Arguments({"x": (values,), **given, "squeeze_mask": ints(0, 1, 0)}))
    torch.testing.assert_close(found, values[:, 1, -3:4])


def test_an_unknown_operation_is_named() -> None:
    function = Function(("x",), ("y",), (Operation("fft", {"x": (Name("x"),)}, ("y",), (1,)),))
    with pytest.raises(ValueError, match="'fft'"):
        evaluate(function, {"x": torch.zeros(3)})
