"""export of backbones, as a user meets it."""

from pathlib import Path

import pytest

from tests.support.commands import Command, assert_refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s12"], "nothing to write; name --onnx FILE.onnx, --coreml FILE.mlpackage or --tensorrt FILE.engine"),
        (["s12", "--onnx", "a.onnx", "--resolution", "0"], "resolution is '0'; allowed are N or HxW"),
        (["s12", "--onnx", "a.onnx", "--resolution", "64", "96"], "2 resolutions are for --coreml alone"),
        (["s12", "--coreml", "a.mlpackage", "--resolution", "64", "64x64"], "each is allowed once"),
        (["s12", "--coreml", "a.mlpackage", "--resolution", "64", "96", "--ios", "15"], "ios is 15, but 2 resolutions"),
        (["s12", "--coreml", "a.mlpackage", "--dynamic"], "--dynamic is for --onnx"),
        (["s12", "--coreml", "a.mlmodel"], "a.mlmodel is to be a Core ML package; its name must end in .mlpackage"),
        (["s12", "--onnx", "a.onnx", "--out", "b"], "--out is for WrapNet and encoders"),
        (["s12", "--onnx", "a.onnx", "--tensorrt", "a.engine"], "is not installed; pip install"),
        (["s12", "--onnx", "a.onnx", "--mixers", "CCLQ"], "mixers is 'CCLQ'; allowed are 4 letters"),
        (["s12", "--onnx", "a.onnx", "--length", "0"], "length is 0; allowed is an integer of at least 1"),
        (["s13", "--onnx", "a.onnx"], "s13 does not hold a run"),
        (["s13", "--onnx", "a.onnx", "--seed", "1"], "--mixers, --length and --seed are for backbones by name"),
    ],
)
def test_options_that_do_not_go_together(arguments: list[str], message: str, tmp_path: Path, command: Command) -> None:
    assert_refused(command("export", *arguments), message, tmp_path)


@pytest.mark.slow
def test_a_backbone_by_name_becomes_files(tmp_path: Path, command: Command) -> None:
    for module in ("onnxscript", "onnxruntime", "coremltools"):
        pytest.importorskip(module)
    finished = command(
        "export", "s12", "--onnx", "a.onnx", "--coreml", "a.mlpackage", "--resolution", "224", "--length", "49"
    )
    assert finished.returncode == 0, finished.stderr
    assert "reshape 16" in finished.stdout
    assert "transpose 24" in finished.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"a.onnx", "a.mlpackage"}
