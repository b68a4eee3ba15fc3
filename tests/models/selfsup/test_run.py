"""Run folders of self-supervised training: what they record, how they are read, what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file, save_file

from models.progress import Progress
from models.selfsup.config import SelfSupConfig
from models.selfsup.description import note_choices
from models.selfsup.run import build_training, checkpoint_file, load_run, run_self_supervised
from models.selfsup.schedule import schedule_of
from models.selfsup.sources import SelfSupSource
from models.selfsup.training_data import read_training_data
from models.training.errors import TrainingError
from models.training.tensor_files import read_tensors, write_tensors
from tests.support.selfsup_training import coloured, config, small_data, train


@pytest.fixture(autouse=True)
def _fresh_state() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    AcceleratorState._reset_state(reset_partial_state=True)
    folder: Path = tmp_path_factory.mktemp("runs") / "run"
    train(folder, epochs=1, optimizer="lars", rotation="task")
    return folder


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_a_record_says_what_its_figures_depend_on(finished: Path) -> None:
    record = read(finished / "result.json")
    assert (record["learner"], record["rotation"], record["epochs"], record["seed"]) == ("r2d2", "task", 1, 0)
    assert record["scaled_learning_rate"] == 4 * 16 / 1024
    assert record["data_digest"] == small_data().digest
    assert (record["images"], record["dropped_images"], record["steps"]) == (70, 6, 4)
    assert record["knn"] == {"labels": 20, "test_images": 20, "neighbours": 20}
    assert (record["used_stem"], record["mean"], record["std"], record["white"]) == ("cifar", [0.0], [16.0], 16)
    assert 0 <= record["last_epoch"]["knn_accuracy"] <= 1


def test_a_configuration_lists_what_decay_and_lars_spare(finished: Path) -> None:
    named = build_training(config(optimizer="lars", rotation="task"), small_data()).online.named_parameters()
    expected = [name for name, one in named if one.requires_grad and one.dim() < 2]
    assert read(finished / "config.json")["spared"] == expected
    assert "projector.second_norm.weight" in expected


def test_the_kept_model_is_the_encoder_alone(finished: Path) -> None:
    run = load_run(finished)
    assert load_file(finished / "model.safetensors").keys() == run.encoder.state_dict().keys()
    assert run.encoder(torch.zeros(2, 1, 8, 8)).shape == (2, 16)
    assert not run.encoder.training
    assert run.image_shape == (1, 8, 8)
    assert run.config == config(epochs=1, optimizer="lars", rotation="task")


def copy_of(folder: Path, to: Path, **changed: Any) -> Path:
    to.mkdir()
    for name in ("config.json", "result.json", "model.safetensors"):
        (to / name).write_bytes((folder / name).read_bytes())
    (to / "config.json").write_text(json.dumps(read(to / "config.json") | changed), encoding="utf-8")
    return to


def test_other_methods_and_widths_and_broken_weights_are_refused(finished: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="its method is 'fewshot', not 'selfsup'"):
        load_run(copy_of(finished, tmp_path / "other", method="fewshot"))
    with pytest.raises(ValueError, match=r"size mismatch .*torch.Size\(\[2, 1, 3, 3\]\)") as refused:
        load_run(copy_of(finished, tmp_path / "wider", width=3))
    assert "\n" not in str(refused.value)
    broken = copy_of(finished, tmp_path / "broken")
    weights = load_file(broken / "model.safetensors")
    weights["first.norm.weight"][0] = float("nan")
    save_file(weights, broken / "model.safetensors")
    with pytest.raises(ValueError, match=r"first\.norm\.weight.* is not finite"):
        load_run(broken)


def test_weights_of_a_checkpoint_that_are_not_finite_stop_the_run(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("config.json", "metrics.jsonl"):
        (tmp_path / "run" / name).write_bytes((finished / name).read_bytes())
    stored = read_tensors(checkpoint_file(finished))
    stored["parts"]["model online"]["encoder.first.norm.weight"][0] = float("nan")
    write_tensors(checkpoint_file(tmp_path / "run"), stored)
    with pytest.raises(ValueError, match=r"selfsup\.pt holds a network in which .*first\.norm\.weight.* is not finite"):
        train(tmp_path / "run", resume=True, epochs=1, optimizer="lars", rotation="task")
    assert not (tmp_path / "run" / "result.json").exists()


def test_a_run_of_another_method_is_not_resumed(finished: Path, tmp_path: Path) -> None:
    other = copy_of(finished, tmp_path / "other", method="fewshot")
    with pytest.raises(ValueError, match="fewshot"):
        train(other, resume=True, epochs=1, optimizer="lars", rotation="task")


def test_choices_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    data = small_data()
    settings = config(batch_norm="local", rotation="auxiliary")
    note_choices(settings, data, schedule_of(settings, 70, 2), 2)
    shown = capsys.readouterr().err
    assert "4 steps an epoch; 6 of 70 images are left over" in shown
    assert "1.5 times the work" in shown
    assert "warning: batch norm takes statistics of each of 2 processes by itself" in shown
    settings = config(batch=35)
    note_choices(settings, data, schedule_of(settings, 70, 1), 1)
    shown = capsys.readouterr().err
    assert "2 steps an epoch of 70 images" in shown
    assert "warning" not in shown


def test_other_settings_are_refused_and_named(finished: Path) -> None:
    with pytest.raises(ValueError, match=r"holds a run of other settings: learner r2d2 \(now simclr\)"):
        train(finished, resume=True, epochs=1, optimizer="lars", rotation="task", learner="simclr")
    with pytest.raises(ValueError, match="resume it with --resume"):
        train(finished, epochs=1)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"the loss of stage .* is nan in epoch 1: .*lower learning rate"):
        train(tmp_path, learning_rate=1e30, epochs=3)
    assert not (tmp_path / "result.json").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batch": 1}, "batch is 1; allowed are the integers 2 to"),
        ({"support_views": 0}, "support_views is 0; allowed are the integers 1 to"),
        ({"query_views": 0}, "query_views is 0; allowed are the integers 1 to"),
        ({"temperature": 0.0}, "temperature is 0.0; allowed is a number above 0"),
        ({"temperature": float("nan")}, "temperature is nan; allowed is a number above 0"),
        ({"ridge": -1.0}, "ridge is -1.0; allowed is a number above 0"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; allowed is a number above 0"),
        ({"warmup": 1.0}, "warmup is 1.0; allowed are 0 to below 1"),
        ({"target_momentum": 1.5}, "target_momentum is 1.5; allowed are 0 to 1"),
        ({"rotation": "left"}, "rotation is 'left'; allowed are none, sample, task, auxiliary, both"),
        ({"rotation_weight": -1.0}, "rotation_weight is -1.0"),
        ({"width": 0}, "width is 0; allowed are the integers 1 to"),
        ({"learner": "byol", "query_views": 2}, "query_views is 2; the learner byol allows 1"),
        ({"learner": "simclr", "learn_logit_scale": True}, "learn_logit_scale are for the learner r2d2, not simclr"),
        (
            {"learner": "byol", "logit_scale": 2.0},
            "logit_scale are for the learner r2d2, not byol",
        ),
        ({"learner": "simclr", "query_cutmix": True}, "query_cutmix is for the learners protonet and r2d2, not simclr"),
    ],
)
def test_impossible_settings_are_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**changed)


def test_settings_that_are_read_again_are_the_same() -> None:
    settings = config(rotation="both", temperature=0.2)
    assert SelfSupConfig.from_record(json.loads(json.dumps(vars(settings)))) == settings


@pytest.mark.parametrize(
    ("changed", "processes", "message"),
    [
        ({"batch": 128}, 1, "there are 70 images to train on; a step needs 128, the batch"),
        ({"tasks": 5}, 1, "there are 70 images to train on; a step needs 16 in each of 5 tasks"),
        ({}, 3, "batch is 16; 3 processes need a multiple of their number"),
        ({}, 32, "batch is 16; 32 processes need a multiple of their number"),
        ({"batch_norm": "local"}, 16, "local batch norm needs 2 images in each of 16 processes"),
        ({"query_cutmix": True}, 2, "query_cutmix mixes images of one process; there are 2 processes"),
    ],
)
def test_images_processes_and_batch_have_to_go_together(changed: dict[str, Any], processes: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        schedule_of(config(**changed), 70, processes)


def test_images_that_are_not_square_are_not_turned(tmp_path: Path) -> None:
    data = coloured()
    oblong = type(data)(**{**vars(data), "shape": (3, 8, 6)})
    with (
        pytest.raises(ValueError, match="images are 8 x 6 pixels; rotation task turns them by 90 degrees"),
        Progress(quiet=True) as progress,
    ):
        run_self_supervised(config(rotation="task"), oblong, tmp_path / "run", progress)
    assert not (tmp_path / "run").exists()


def test_sources_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--dataset cifar10 needs --data"):
        read_training_data(SelfSupSource(dataset="cifar10"), 0)
    with pytest.raises(ValueError, match="images is 5000; scikit-learn digits has 1198 to train on"):
        read_training_data(SelfSupSource(images=5000), 0)
    with pytest.raises(ValueError, match="size is for pictures on disk; digits has one of its own"):
        read_training_data(SelfSupSource(size=32), 0)
    with pytest.raises(ValueError, match="no pictures"):
        read_training_data(SelfSupSource(dataset="pictures", data=tmp_path), 0)
    with pytest.raises(ValueError, match="number of workers is -1; allowed are 0 and more"):
        read_training_data(SelfSupSource(workers=-1), 0)
    with pytest.raises(ValueError, match=f"data is {tmp_path}; the digits need none"):
        read_training_data(SelfSupSource(data=tmp_path), 0)
    assert read_training_data(SelfSupSource(images=100), 0).pictures.count == 100
