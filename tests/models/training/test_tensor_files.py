"""Files of tensors: what the machine lacks is not taken for damage, nor the other way round."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models.training.checkpoint import Checkpoint, Position
from models.training.errors import TrainingError
from models.training.run import RunFolder
from models.training.tensor_files import read_tensors, write_tensors

DENIED = PermissionError(13, "Permission denied")
LACKING = [MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes")]


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    saved = Checkpoint(tmp_path / "fit.pt", {}, {"model": torch.nn.Linear(2, 2)})
    saved.save(Position(), {})
    return saved


def test_a_checkpoint_that_may_not_be_read_is_not_called_damaged(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zipfile.ZipFile", raising(DENIED))
    with pytest.raises(PermissionError, match=r"Permission denied: '.*fit\.pt'"):
        checkpoint.restore()


@pytest.mark.parametrize("error", LACKING, ids=["python", "torch"])
def test_a_checkpoint_beyond_the_memory_is_not_called_damaged(
    error: Exception, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("torch.load", "torch.nn.Module.load_state_dict"):
        with monkeypatch.context() as patch:
            patch.setattr(place, raising(error))
            with pytest.raises(type(error)) as caught:
                checkpoint.restore()
        assert caught.value is error


def test_a_missing_or_damaged_file_is_called_so(checkpoint: Checkpoint, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.pt is missing or damaged"):
        read_tensors(tmp_path / "none.pt")
    checkpoint.path.write_bytes(b"text")
    with pytest.raises(TrainingError, match=r"fit\.pt is damaged"):
        checkpoint.restore()


@pytest.mark.parametrize("text", ["CUDA error: device-side assert triggered", "CUDA out of memory. Tried to allocate"])
def test_an_error_of_the_accelerator_is_not_taken_for_a_full_disk(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.save", raising(RuntimeError(text)))
    with pytest.raises(RuntimeError, match=text):
        write_tensors(tmp_path / "fit.pt", {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [DENIED, *LACKING], ids=["denied", "python", "torch"])
def test_a_model_that_cannot_be_read_is_not_called_damaged(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path)
    run.start("mine", {}, resume=False)
    run.finish({"weight": torch.arange(6.0).reshape(2, 3)}, {})
    assert torch.equal(run.load().weights["weight"], torch.arange(6.0).reshape(2, 3))
    read = Path.read_bytes

    def fail(path: Path) -> bytes:
        if path.name == "model.safetensors":
            raise error
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(type(error)) as caught:
        run.load()
    assert caught.value is error
