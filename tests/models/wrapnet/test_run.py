"""Runs in a folder: what they leave, and when they refuse to go on."""

import functools
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.backbones.options import NetworkOptions
from models.backbones.registry import build_network
from models.data.cifar import cifar10
from models.data.digits import digits
from models.data.images import Split
from models.progress import Progress
from models.quantization.layers import quantized_layers
from models.wrapnet.evaluation import evaluate
from models.wrapnet.run import load_run, run_wrapnet
from models.wrapnet.settings import WrapNetConfig
from models.wrapnet.training import WrapNetTraining, train_wrapnet
from tests.support.images import few_digits, write_batches

TINY = WrapNetConfig(width=2, epochs=1)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    with Progress(quiet=True) as progress:
        run_wrapnet(replace(TINY, baselines=False), few_digits(), folder, progress)
    return folder


def test_a_run_leaves_weights_that_give_its_accuracy(tmp_path: Path) -> None:
    data = few_digits()
    with Progress(quiet=True) as progress:
        record = run_wrapnet(TINY, data, tmp_path, progress)
    assert json.loads((tmp_path / "result.json").read_text()) == record
    stages = [json.loads(line)["stage"] for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert stages == ["float", "pretrain", "exact", "warmup", "finetune"]
    run = load_run(tmp_path)
    assert run.config == TINY
    run.check(data)
    assert asdict(evaluate(run.network, data)) == record["accuracies"]["wrapnet"]


def test_a_run_of_an_earlier_version_still_loads(tmp_path: Path) -> None:
    """Quantizers were no modules of their own then, and configurations named no method."""
    data = few_digits()
    config = replace(TINY, weights="bounded-4", accumulator_bits=12, baselines=False)
    with Progress(quiet=True) as progress:
        record = run_wrapnet(config, data, tmp_path, progress)
    path = tmp_path / "model.safetensors"
    names = {".activation.": ".", ".weight_quantizer.": ".bounded."}
    weights = {
        functools.reduce(lambda name, new: name.replace(new, names[new]), names, name): tensor
        for name, tensor in load_file(path).items()
    }
    assert {"second.convolution.step", "second.convolution.bounded.log_scale"} <= weights.keys()
    save_file(weights, path)
    stored = json.loads((tmp_path / "config.json").read_text())
    assert stored.pop("method") == "wrapnet"
    (tmp_path / "config.json").write_text(json.dumps(stored))
    run = load_run(tmp_path)
    assert asdict(evaluate(run.network, data)) == record["accuracies"]["wrapnet"]
    with Progress(quiet=True) as progress:
        assert run_wrapnet(config, data, tmp_path, progress, resume=True) == record


def test_a_folder_with_a_run_is_only_gone_on_with_when_asked_and_with_the_same_settings(tmp_path: Path) -> None:
    data = few_digits()
    with Progress(quiet=True) as progress:
        first = run_wrapnet(TINY, data, tmp_path, progress)
        with pytest.raises(ValueError, match="holds a run already; resume it with --resume"):
            run_wrapnet(TINY, data, tmp_path, progress)
        assert run_wrapnet(TINY, data, tmp_path, progress, resume=True) == first
        other = WrapNetConfig(width=2, epochs=1, slope=4)
        with pytest.raises(ValueError, match=r"holds a run of other settings: slope 2 \(now 4\); to reuse the stages"):
            run_wrapnet(other, data, tmp_path, progress, resume=True)


def test_vgg7_trains_on_cifar10_batches(tmp_path: Path) -> None:
    config = WrapNetConfig(network="vgg7", width=2, weights="ternary", epochs=1, batch_size=25, shift=4, flip=True)
    with Progress(quiet=True) as progress:
        record = run_wrapnet(config, cifar10(write_batches(tmp_path / "data")), tmp_path / "run", progress)
    assert record["data"] == "CIFAR-10"
    assert record["weight_bits"] == 2
    assert len(record["accuracies"]["wrapnet"]["overflow_rates"]) == 6


def test_a_network_for_other_images_is_refused(tmp_path: Path) -> None:
    with Progress(quiet=True) as progress, pytest.raises(ValueError, match="network vgg7 takes images of"):
        train_wrapnet(WrapNetConfig(network="vgg7"), digits(), tmp_path, progress)


def test_evaluation_in_batches_counts_every_image_once() -> None:
    data = digits()
    torch.manual_seed(0)
    network = build_network("digits", NetworkOptions(width=2))
    both = Split(torch.cat([data.train.images, data.test.images]), torch.cat([data.train.labels, data.test.labels]))
    network.eval()
    with torch.no_grad():
        right = (network(data.normalise(both.images)).argmax(1) == both.labels).sum().item()
    assert evaluate(network, replace(data, test=both)).accuracy == right / len(both.labels)


@pytest.mark.slow
def test_stages_that_another_packing_left_are_shared_only_where_they_are_the_same(tmp_path: Path) -> None:
    """A buffer bit, which hybrid may need, leaves less room for activations."""
    data = few_digits()
    narrow = replace(TINY, accumulator_bits=4, baselines=False)
    hybrid = replace(narrow, packing="hybrid")
    with Progress(quiet=True) as progress:
        alone = WrapNetTraining(hybrid, data, tmp_path / "alone", progress).wrapnet()
        WrapNetTraining(narrow, data, tmp_path / "shared", progress).wrapnet()
        after = WrapNetTraining(hybrid, data, tmp_path / "shared", progress).wrapnet()
    for name, tensor in alone.state_dict().items():
        assert torch.equal(tensor, after.state_dict()[name]), name
    assert [layer.activation.bits for layer in quantized_layers(after)] == [2, 2, 2]


def test_a_run_is_not_gone_on_with_other_pixels_or_labels(tmp_path: Path) -> None:
    data = few_digits()
    pixels = replace(data, train=Split(255 - data.train.images, data.train.labels))
    labels = replace(data, test=Split(data.test.images, data.test.labels.flip(0)))
    with Progress(quiet=True) as progress:
        run_wrapnet(TINY, data, tmp_path, progress)
        for other in (pixels, labels):
            with pytest.raises(ValueError, match="holds a run of other settings: data_digest"):
                run_wrapnet(TINY, other, tmp_path, progress, resume=True)


def test_a_network_is_not_evaluated_on_other_images_or_classes(tmp_path: Path) -> None:
    data = few_digits()
    with Progress(quiet=True) as progress:
        run_wrapnet(TINY, data, tmp_path, progress)
    run = load_run(tmp_path)
    with pytest.raises(ValueError, match=r"network digits takes images of \(1, 8, 8\)"):
        run.check(replace(data, train=Split(data.train.images[..., :7], data.train.labels)))
    with pytest.raises(ValueError, match=r"the network tells apart 0, 1, 2, .*; the data has a, b"):
        run.check(replace(data, classes=("a", "b")))


def test_layers_that_float32_cannot_hold_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    config = WrapNetConfig(weights="8", accumulator_bits=32, activation_bits=8, epochs=1)
    with Progress(quiet=True) as progress, pytest.raises(ValueError, match="float32 holds integers exactly only below"):
        run_wrapnet(config, few_digits(), tmp_path / "run", progress)
    assert not (tmp_path / "run").exists()


def test_checkpoints_copied_to_another_folder_save_the_stages_that_stay_the_same(tmp_path: Path) -> None:
    data = few_digits()
    config = replace(TINY, baselines=False)
    (tmp_path / "second").mkdir()
    with Progress(quiet=True) as progress:
        run_wrapnet(config, data, tmp_path / "first", progress)
        for path in (tmp_path / "first").glob("*.pt"):
            shutil.copy(path, tmp_path / "second")
        run_wrapnet(replace(config, slope=4), data, tmp_path / "second", progress)
    lines = (tmp_path / "second" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["stage"] for line in lines] == ["warmup", "finetune"]


def test_one_image_too_few_for_the_network_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    data = cifar10(write_batches(tmp_path / "data"))
    one = replace(data, train=Split(data.train.images[:1], data.train.labels[:1]))
    config = WrapNetConfig(network="vgg7", width=2, epochs=1)
    with Progress(quiet=True) as progress, pytest.raises(ValueError, match=r"seventh\.norm, of 16, needs 2 values"):
        run_wrapnet(config, one, tmp_path / "run", progress)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"second.convolution.weight": torch.nan}, r"second\.convolution\.weight is not finite"),
        ({"classifier.1.bias": torch.inf}, r"classifier\.1\.bias is not finite"),
        ({"second.convolution.activation.step": 0}, "a quantizer has the step 0.0 and the range 0.0 to "),
        ({"second.convolution.activation.step": -0.5}, "a quantizer has the step -0.5 and the range 0.0 to "),
        ({"second.convolution.activation.largest": 6}, "the range 0.0 to 6.0"),
        ({"second.convolution.activation.largest": 0}, "the range 0.0 to 0.0"),
        ({"second.convolution.activation.smallest": -1}, "the range -1.0 to "),
    ],
)
def test_weights_that_training_does_not_leave_are_refused(
    changes: dict[str, float], message: str, finished: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    weights = load_file(folder / "model.safetensors")
    save_file(
        weights | {name: torch.full_like(weights[name], value) for name, value in changes.items()},
        folder / "model.safetensors",
    )
    with pytest.raises(ValueError, match=rf"model\.safetensors is damaged, or of another version: .*{message}"):
        load_run(folder)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("config.json", {"width": "2"}, r"config\.json is damaged"),
        ("config.json", {"epochs": None}, r"config\.json is damaged, or of another version: epochs is None"),
        ("config.json", {"weights": None}, r"config\.json is damaged"),
        ("config.json", {"width": 10**9}, r"config\.json or .*result\.json is damaged.* of width 1000000000 needs"),
        ("config.json", {"width": 3}, r"model\.safetensors is damaged, or of another version: .*size mismatch"),
        ("result.json", {"classes": 7}, r"result\.json is damaged"),
        ("result.json", {"classes": [1, 2]}, r"result\.json is damaged, or of another version: classes are not names"),
        ("result.json", {"layers": []}, r"result\.json is damaged"),
        (
            "result.json",
            {"layers": [{}] * 3},
            r"result\.json is damaged, or of another version: 'accumulator' is missing",
        ),
    ],
)
def test_settings_and_results_of_wrong_values_are_refused(
    name: str, changes: dict[str, object], message: str, finished: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(finished, tmp_path / "run")
    stored = json.loads((folder / name).read_text(encoding="utf-8"))
    (folder / name).write_text(json.dumps(stored | changes), encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        load_run(folder)
    assert "\n" not in str(caught.value)
