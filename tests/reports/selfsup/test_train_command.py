"""`wrapmac train selfsup` as a user meets it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from accelerate.state import AcceleratorState
from PIL import Image

from tests.support.commands import Command, assert_refused

QUICK = ("--width", "2", "--hidden", "8", "--batch", "16", "--images", "40", "--epochs", "1", "--monitored", "10")

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _fresh_state() -> Iterator[None]:
    """Leaves no mixed precision to other tests, which could not change it."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


def train(command: Command, *options: str) -> str:
    finished = command("train", "selfsup", *QUICK, *options)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout + finished.stderr


def test_help_says_units_and_defaults(command: Command) -> None:
    finished = command("train", "selfsup", "--help")
    assert finished.returncode == 0
    for name in ("--method", "--rotation", "--learning-rate", "--temperature", "--out", "--resume"):
        assert name in finished.stdout
    assert "default: r2d2" in finished.stdout
    assert "pixels" in finished.stdout


def test_a_plain_clone_trains_and_says_what_it_chose(command: Command, tmp_path: Path) -> None:
    shown = train(command, "--method", "byol", "--rotation", "both")
    assert "resnet18 with the cifar stem, for images of 8 x 8" in shown
    assert "learning rate 0.000125: 0.008 for 1024 images, scaled by the 16 of a step" in shown
    assert "2 steps an epoch; 8 of 40 images are left over" in shown
    assert "k-NN accuracy" in shown
    folder = tmp_path / "build" / "selfsup"
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "metrics.jsonl",
        "model.safetensors",
        "result.json",
        "selfsup.pt",
    }
    before = (folder / "model.safetensors").read_bytes()
    train(command, "--method", "byol", "--rotation", "both", "--resume")
    assert (folder / "model.safetensors").read_bytes() == before


def write_pictures(folder: Path, *sizes: tuple[int, int]) -> None:
    folder.mkdir()
    for number, (width, height) in enumerate(sizes):
        pixels = torch.randint(0, 256, (height, width, 3), dtype=torch.uint8)
        Image.fromarray(pixels.numpy()).save(folder / f"{number:02}.png")


def test_pictures_of_any_size_are_read_from_disk(command: Command, tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", *((10 + number % 3, 9) for number in range(40)))
    options = ("--dataset", "pictures", "--data", "pictures", "--rotation", "task", "--out", "run")
    train(command, *options, "--size", "8", "--workers", "0")
    record = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert record["image_shape"] == [3, 8, 8]
    assert record["knn"] is None
    assert record["last_epoch"]["spread"] > 0


def test_pictures_of_one_size_are_held_in_memory(command: Command, tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", *[(9, 9)] * 40)
    train(command, "--dataset", "pictures", "--data", "pictures", "--out", "run", "--query-cutmix")
    assert json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))["image_shape"] == [3, 9, 9]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--batch", "5000"), "there are 1198 images to train on; a step needs 5000"),
        (("--batch", "1"), "batch is 1; allowed are the integers 2 to"),
        (("--support-views", "0"), "support_views is 0"),
        (("--temperature", "-1"), "temperature is -1.0; allowed is a number above 0"),
        (("--dataset", "cifar10"), "--dataset cifar10 needs --data"),
        (("--width", "1000000"), "encoder resnet18 of width 1000000"),
    ],
)
def test_impossible_options_are_refused_in_one_line(
    options: tuple[str, ...], message: str, command: Command, tmp_path: Path
) -> None:
    assert_refused(command("train", "selfsup", *options), message, tmp_path)


def test_pictures_that_do_not_go_together_are_refused(command: Command, tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", *[(9, 9)] * 3, (8, 9))
    left = sorted((tmp_path / "pictures").iterdir())
    finished = command("train", "selfsup", "--dataset", "pictures", "--data", "pictures")
    assert finished.returncode == 2
    assert "03.png has 8 x 9 pixels" in finished.stderr
    left[1].write_bytes(left[1].read_bytes()[:60])
    finished = command(
        "train",
        "selfsup",
        "--dataset",
        "pictures",
        "--data",
        "pictures",
        "--size",
        "8",
        "--batch",
        "4",
        "--workers",
        "0",
    )
    assert finished.returncode == 2
    assert "01.png" in finished.stderr.splitlines()[-1]
    assert not (tmp_path / "build" / "selfsup" / "result.json").exists()


LAUNCHED = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "wrapmac")


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path: Path) -> None:
    options = ("train", "selfsup", *QUICK, "--epochs", "2", "--method", "byol", "--rotation", "both")
    for name, start in (("one", (sys.executable, "-m", "wrapmac")), ("two", LAUNCHED)):
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run([*start, *options, "--out", name], cwd=tmp_path, env=environment, check=True, timeout=240)
    one, two = (
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("one", "two")
    )
    for first, second in zip(one, two, strict=True):
        assert second["loss"] == pytest.approx(first["loss"], rel=1e-4)
        assert second["knn_accuracy"] == pytest.approx(first["knn_accuracy"], abs=0.1001)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_trains(precision: str, command: Command, tmp_path: Path) -> None:
    train(command, "--mixed-precision", precision, "--temperature", "0.005", "--method", "simclr", "--out", "run")
    record = json.loads((tmp_path / "run" / "result.json").read_text(encoding="utf-8"))
    assert 0 < record["last_epoch"]["loss"] < 300
