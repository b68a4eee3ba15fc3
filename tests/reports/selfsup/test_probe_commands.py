"""evaluate, export and embed of self-supervised runs, as a user meets them."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from models.progress import Progress
from models.selfsup.config import SelfSupConfig
from models.selfsup.run import load_run, run_self_supervised
from models.selfsup.sources import SelfSupSource
from models.selfsup.training_data import read_training_data
from tests.support.commands import Command, assert_refused

DIGITS = 12


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained") / "run"
    data = read_training_data(SelfSupSource(images=128), seed=0)
    with Progress(quiet=True) as progress:
        run_self_supervised(SelfSupConfig(width=2, epochs=1, batch=64, monitored=0), data, folder, progress)
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return shutil.copytree(trained, tmp_path / "run")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for index in range(DIGITS):
        folder = tmp_path / "pictures" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (20, 16, 3), dtype=np.uint8)).save(folder / f"{index:02}.png")
    return tmp_path / "pictures"


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_run_is_probed(run: Path, tmp_path: Path, command: Command) -> None:
    finished = command(
        "evaluate", "run", "--probe", "cached", "knn", "--label-fraction", "0.2", "1", "--json", "a.json"
    )
    assert finished.returncode == 0, finished.stderr
    assert "1198" in finished.stdout
    assert "the same before and after each probe" in " ".join(finished.stdout.split())
    record = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert [(one["probe"], one["labels"]) for one in record["probes"]] == [
        ("cached", 239),
        ("cached", 1198),
        ("knn", 239),
        ("knn", 1198),
    ]
    assert record["run"]["epochs"] == 1
    assert record["run"]["folder"] == "run"
    assert record["run"]["encoder_digest"] == record["probes"][0]["encoder_digest"]


def test_probes_that_train_go_on_from_their_folder(run: Path, tmp_path: Path, command: Command) -> None:
    options = ["--probe", "augmented", "labels", "--probe-steps", "3", "--label-fraction", "0.1"]
    first = command("evaluate", "run", *options, "--probe-folder", "probes")
    assert first.returncode == 0, first.stderr
    assert {path.name for path in (tmp_path / "probes").iterdir()} >= {"augmented-0.1.pt", "labels-0.1.pt"}
    again = command("evaluate", "run", *options, "--probe-folder", "probes")
    assert "training:" in first.stderr
    assert "training:" not in again.stderr
    assert again.stdout == first.stdout


def test_few_shot_accuracy_and_transfer(run: Path, tmp_path: Path, command: Command) -> None:
    options = ["--dataset", "procedural", "--images", "8", "--query", "2", "--shot", "1", "--episodes", "20"]
    finished = command("evaluate", "run", "--probe", "few-shot", "knn", *options, "--head", "prototype")
    assert finished.returncode == 0, finished.stderr
    assert "5-way 1-shot" in finished.stdout
    assert "120 neighbours" in finished.stdout  # six of eight images of each of 20 classes


def test_an_encoder_is_exported(run: Path, tmp_path: Path, command: Command) -> None:
    before = files_in(run)
    finished = command("export", "run", "--out", "e.safetensors", "--onnx", "e.onnx")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split() == ["e.onnx", "e.safetensors", "e.json"]
    assert files_in(run) == before
    description = json.loads((tmp_path / "e.json").read_text(encoding="utf-8"))
    assert description["normalisation"] == {"mean": [0.0], "std": [16.0], "white": 16}
    assert description["settings"]["learner"] == "r2d2"
    images = torch.rand(3, 1, 8, 8)
    (found,) = onnxruntime.InferenceSession(tmp_path / "e.onnx").run(None, {"images": images.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(found), load_run(run).encoder(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("plane", ["pca", "tsne"])
def test_pictures_are_embedded_and_drawn(
    plane: str, run: Path, pictures: Path, tmp_path: Path, command: Command
) -> None:
    finished = command("embed", "run", "--data", "pictures", "--out", "f.npz", "--picture", "f.png", "--plane", plane)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.split() == ["f.npz", "f.png"]
    with np.load(tmp_path / "f.npz") as stored:
        assert stored["features"].shape == (DIGITS, 16)
        assert set(stored["groups"].tolist()) == {"a", "b"}
    with Image.open(tmp_path / "f.png") as picture:
        assert min(picture.size) > 300
        assert len(np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3), axis=0)) > 50


def refused(command: Command, arguments: Sequence[str], message: str, folder: Path) -> None:
    before = [path for path in folder.rglob("*") if path.is_file()]
    assert_refused(command(*arguments), message, folder, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--probe", "labels", "--label-fraction", "0.001"], "leaves 0 labels of 1198 images for 10 classes"),
        (["--probe", "cached", "--label-fraction", "0.01"], "a search needs 2 labels of each class"),
        (["--label-fraction", "2"], "label_fraction is 2.0"),
        (["--way", "3"], "--way needs --probe few-shot"),
        (["--probe", "few-shot", "--flip-shots"], "--flip-shots is for runs of train fewshot"),
        (["--probe", "few-shot", "--way", "6"], "has 5 classes in test; 6 ways need as many"),
        (["--probe", "few-shot", "--head", "fine-tuning"], "head is fine-tuning"),
        (["--dataset", "omniglot-runs"], "--dataset is omniglot-runs; a run of this method allows digits, cifar10"),
        (["--dataset", "cifar10"], "--dataset cifar10 needs --data"),
        (["--dataset", "imagenet", "--data", "nowhere"], "nowhere/train: no such folder"),
        (["--probe-folder", "run/config.json"], "run/config.json is not a folder"),
    ],
)
def test_what_a_probe_cannot_use_is_refused(
    arguments: list[str], message: str, run: Path, tmp_path: Path, command: Command
) -> None:
    refused(command, ["evaluate", "run", *arguments, "--json", "a.json"], message, tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [["evaluate", "run"], ["export", "run", "--out", "e.safetensors"], ["embed", "run", "--data", "pictures"]],
)
def test_damaged_runs_are_refused(
    arguments: list[str], run: Path, pictures: Path, tmp_path: Path, command: Command
) -> None:
    weights, config = run / "model.safetensors", run / "config.json"
    tensors, settings = load_file(weights), json.loads(config.read_text(encoding="utf-8"))
    name = "first.convolution.weight"
    save_file({**tensors, name: tensors[name] * float("nan")}, weights)
    refused(command, arguments, f"{name} is not finite", tmp_path)
    save_file(tensors, weights)
    config.write_text(json.dumps(settings | {"width": 4}), encoding="utf-8")
    refused(command, arguments, "size mismatch", tmp_path)
    (run / "result.json").unlink()
    refused(command, arguments, "run does not hold a finished run: result.json is missing", tmp_path)


def test_runs_of_other_methods_are_refused(run: Path, pictures: Path, tmp_path: Path, command: Command) -> None:
    settings = json.loads((run / "config.json").read_text(encoding="utf-8"))
    (run / "config.json").write_text(json.dumps(settings | {"method": "wrapnet"}), encoding="utf-8")
    refused(
        command, ["evaluate", "run", "--probe", "knn"], "--probe is for runs of train selfsup, not of wrapnet", tmp_path
    )
    refused(command, ["embed", "run", "--data", "pictures"], "run holds a run of method 'wrapnet'", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "run", "--out", "run/model.safetensors"], "run/model.safetensors is also an input"),
        (["export", "run", "--out", "run/config.safetensors"], "run/config.json is also an input"),
        (["export", "run", "--out", "e.json"], "name it .safetensors"),
        (["export", "run", "--out", "e.safetensors", "--onnx", "e.json"], "are the same file"),
        (["embed", "run", "--data", "pictures", "--out", "f", "--picture", "f"], "are the same file"),
        (["embed", "run", "--data", "pictures", "--picture", "pictures/a/00.png"], "is also an input"),
        (["embed", "run", "--data", "none"], "none: no such folder"),
        (["embed", "run", "--data", "pictures", "--seed", "-1"], "seed is -1"),
    ],
)
def test_outputs_overwrite_nothing(
    arguments: list[str], message: str, run: Path, pictures: Path, tmp_path: Path, command: Command
) -> None:
    refused(command, arguments, message, tmp_path)
