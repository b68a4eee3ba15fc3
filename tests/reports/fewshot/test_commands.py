"""Few-shot commands as a user meets them: results, and one-line errors for bad data, options and runs."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.drawings import PACKS
from models.fewshot.procedural import write_procedural
from models.fewshot.run import run_few_shot
from models.progress import Progress
from reports.fewshot.lines import episodes_line
from tests.support.commands import Command, assert_refused
from tests.support.fewshot import omniglot_runs, random_classes, write_zip

SMALL = "train fewshot --encoder 4x32 --width 4 --tasks 2 --batches 1 --epochs 1 --query 3 --test-episodes 5"
FOLDERS = "--dataset folders --data data"
CONFIG = FewShotConfig(
    encoder="4x32", width=4, query=3, tasks=2, batches=1, epochs=1, test_episodes=5, validation_episodes=0
)
MAML = replace(CONFIG, learner="maml", inner_steps=1, fine_tuning_steps=1, way_through_tasks="loop")
RUNS = {"prototype": CONFIG, "maml": MAML}


def data(**counts: tuple[int, ...]) -> FewShotData:
    splits = {name: random_classes(name, counts.get(name, (12,) * 6), size=16) for name in ("train", "val", "test")}
    return FewShotData("data", splits)


def write_drawings(path: Path) -> None:
    """24 emoji by nine designers, of which the last one drew half."""
    drawn = [(emoji, designer) for emoji in range(24) for designer in range(9) if designer < 8 or emoji % 2]
    images = np.random.default_rng(0).integers(0, 256, (len(drawn), 32, 32, 3), dtype=np.uint8)
    classes, designers = np.array(drawn).T
    named = {"names": [f"emoji{index}" for index in range(24)], "categories": ["Things"] * 24}
    np.savez(path, images=images, classes=classes, designers=designers, **named)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    for name, config in RUNS.items():
        with Progress(quiet=True) as progress:
            run_few_shot(config, data(), folder / name, progress)
    return folder


@pytest.fixture
def workplace(trained: Path, tmp_path: Path) -> Path:
    for name in RUNS:
        shutil.copytree(trained / name, tmp_path / name)
    (tmp_path / "data").mkdir()
    write_procedural(tmp_path / "data", data())
    return tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def edit(folder: Path, split: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes what the pickle of a split holds."""
    path = folder / "data" / f"CIFAR_FS_{split}.pickle"
    content = pickle.loads(path.read_bytes())
    path.write_bytes(pickle.dumps(change(content) or content))


class Harmful:
    def __reduce__(self) -> Any:
        return (os.mkdir, ("harm",))


def with_names(content: dict[str, Any]) -> None:
    content["catname2label"] = {f"class {index}": index for index in range(6)}


def with_first_class_twice(content: dict[str, Any]) -> None:
    content["data"][12:24] = content["data"][:12]


@pytest.mark.parametrize(
    ("split", "change", "message"),
    [
        (
            "val",
            lambda content: content | {"data": content["data"][:, 1:]},
            "data has images of unequal size",
        ),
        ("train", with_first_class_twice, "data: classes train 0 and train 1 have equal images"),
        ("val", lambda content: [content], "CIFAR_FS_val.pickle holds a list, not a dictionary of images and labels"),
        ("val", lambda content: content | {"labels": Harmful()}, "mkdir, which no data set needs"),
        ("val", lambda content: content | {"labels": content["labels"][1:]}, "there are 72 images and 71 labels"),
        ("val", lambda content: {"labels": content["labels"]}, "CIFAR_FS_val.pickle is no few-shot data set: it lacks"),
    ],
)
def test_bad_data_is_refused_in_one_line(
    split: str, change: Callable[[dict[str, Any]], object], message: str, workplace: Path, command: Command
) -> None:
    edit(workplace, split, change)
    assert_refused(command(*f"{SMALL} {FOLDERS} --out out".split()), message, workplace, files(workplace))
    assert not (workplace / "harm").exists()


def test_a_class_in_two_splits_and_a_pickle_cut_short_are_refused_in_one_line(
    workplace: Path, command: Command
) -> None:
    for split in ("train", "test"):
        edit(workplace, split, with_names)
    finished = command(*f"{SMALL} {FOLDERS} --out out".split())
    assert_refused(finished, "data: class class 0 is in ", workplace, files(workplace))
    path = workplace / "data" / "CIFAR_FS_val.pickle"
    path.write_bytes(path.read_bytes()[:1000])
    finished = command(*f"{SMALL} {FOLDERS} --out out".split())
    assert_refused(finished, "CIFAR_FS_val.pickle cannot be read as a pickled data set", workplace, files(workplace))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--way 7", "data has 6 classes in train; 7 ways need as many"),
        ("--shot 10", "class train 0 of data has 12 images in train; 10 shots and 3 queries need 13"),
        ("--width 1000000", "network 4x32 of width 1000000 needs 4.32e+05 GB of memory to train"),
        ("--learner maml --width 1000000", "network 4x32 of width 1000000 needs 4.32e+05 GB of memory to train"),
        ("--learner reptile --inner-batch 1", "inner_batch is 1; batch norm takes its statistics from a batch"),
        ("--learning-rate nan", "learning_rate is nan; allowed are numbers above 0, up to 1000"),
        ("--weight-clustering 1", "weight_clustering is for the reptile learner, not prototype"),
        ("--learner maml --head svm", "head svm does not go with the learner maml"),
        ("--data nowhere", "nowhere: no such folder"),
        ("--data data/CIFAR_FS_val.pickle", "data/CIFAR_FS_val.pickle is no folder"),
        ("--dataset omniglot", "data has no Omniglot archives (.zip) and no folders ALPHABET/characterNN"),
        ("--dataset drawings", "data is no file of drawings, or damaged"),
        ("--dataset procedural --images 1000000000", "set with 1000000000 images in each class needs 3.07e+05 GB of"),
        ("--dataset procedural --variation nan", "variation is nan; allowed are 0 to 10"),
        ("--augment self-mix:task", "augmentation self-mix has no mode 'task'; it has support, query"),
        ("--augment maxup:cutmix --m 0", "m is 0; allowed are the integers 1 to 1048576"),
        ("--augment cutmix:query --select slot", "select is slot, but augment is cutmix:query; select is for Meta-"),
        ("--learner reptile --augment cutmix:query", "cutmix:query changes queries, which the learner does not train"),
        (
            "--learner mct",
            "data has 6 classes in train, but episodes of the learner mct have 15 ways; --training-way sets",
        ),
        ("--query-pool 2", "query_pool is 2; 3 queries of each class need at least 3"),
        ("--support-noise", "support_noise replaces the images of a support pool; it needs support_pool"),
        ("--task-pool 1", "task_pool is 1; 6 classes to train on need at least 2 tasks of 5, so that all are used"),
        ("--train-on train+val", "leaves no classes to choose an epoch by; validation_episodes is 200, allowed is 0"),
        ("--snapshots 2", "snapshots is 2; allowed are the integers 1 to 1, the epochs"),
        ("--out prototype", "prototype holds a run already; resume it with --resume"),
        ("--out prototype --resume --way 3", "prototype holds a run of other settings: "),
    ],
)
def test_bad_options_of_training_are_refused_in_one_line(
    options: str, message: str, workplace: Path, command: Command
) -> None:
    finished = command(*f"{SMALL} {FOLDERS} --out out {options}".split())
    assert_refused(finished, message, workplace, files(workplace))


EVALUATE = "evaluate prototype --episodes 10 --query 3 --dataset folders --data data"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--way 7", "data has 6 classes in test; 7 ways need as many"),
        ("--way 1", "way is 1; allowed is an integer of at least 2"),
        ("--query 12", "class test 0 of data has 12 images in test; 1 shots and 12 queries need 13"),
        ("--shot", "there is no number of shots to evaluate"),
        ("--shot 0", "shot is 0; allowed are 1 and more"),
        ("--episodes 1", "number of episodes is 1; allowed are 2 and more"),
        ("--split train", "prototype was trained on 6 of the 6 classes in train of data; --allow-seen evaluates"),
        ("--split nowhere", "data has no split 'nowhere'; it has "),
        ("--within-groups", "data has no groups that the classes of an episode could come from"),
        ("--support-from noto", "data in test does not tell its images' origins, such as designers"),
        ("--against nowhere", "nowhere does not hold a finished run: config.json is missing"),
        ("--against maml --way 3", "maml has 5 outputs, one for each way that it was trained with; fine-tuning keeps"),
        ("--against maml --head ridge", "maml: head ridge does not go with the learner maml"),
        ("--against maml --batch-norm running", "maml: batch_norm is 'running', but the network has no running stat"),
        ("--dataset procedural --images 20", "prototype takes images of (3, 16, 16) (channels, height, width), not (3"),
        ("--dataset omniglot-runs", "has episodes of its own, 20-way and 1-shot; it takes no --episodes, --query"),
        ("--ensemble", "prototype kept no snapshots for an ensemble; train it with --snapshots"),
        ("--against-ensemble", "--against-ensemble and --against-flip-shots are about RUN2, which --against names"),
        ("--against maml --against-flip-shots", "maml: ensembles and flip shots are for heads on features with batch"),
        ("--on folders:data", "--on names the data sets; it goes without --dataset and --data"),
        (
            "--dataset imagenet",
            "--dataset is imagenet; a run of this method allows procedural, folders, omniglot, cifar10",
        ),
        ("--json prototype/config.json", "prototype/config.json is also an input; choose another output"),
        ("--against maml --json maml/result.json", "maml/result.json is also an input; choose another output"),
    ],
)
def test_bad_options_of_evaluation_are_refused_in_one_line(
    options: str, message: str, workplace: Path, command: Command
) -> None:
    assert_refused(command(*f"{EVALUATE} {options}".split()), message, workplace, files(workplace))


def scaled(folder: Path, factor: float) -> None:
    """Multiplies the weights of a run."""
    path = folder / "model.safetensors"
    save_file({name: tensor * factor if "weight" in name else tensor for name, tensor in load_file(path).items()}, path)


@pytest.mark.parametrize(
    ("run", "factor", "options", "message"),
    [
        ("prototype", 1e30, "", "prototype: the features of class test 0 in test of data are not finite"),
        ("prototype", 1e30, "--batch-norm episode", "prototype: the features of episode 0 are not finite"),
        ("maml", 1e30, "", "maml: episodes 0 to 7: logits of task 0 are not finite after 1 steps at learning_rate 0"),
        ("prototype", float("nan"), "", "model.safetensors is damaged, or of another version: blocks.0.convolution.w"),
    ],
)
def test_networks_whose_numbers_are_not_finite_are_refused_in_one_line(
    run: str, factor: float, options: str, message: str, workplace: Path, command: Command
) -> None:
    scaled(workplace / run, factor)
    finished = command(*f"{EVALUATE} --shot 1 {options}".replace("prototype", run).split())
    errors = [line for line in finished.stderr.splitlines() if not line.startswith("fine-tuning")]
    assert (finished.returncode, len(errors)) == (2, 1)
    assert message in errors[0]


def test_a_comparison_prints_the_mode_of_both_runs_and_the_classes_that_they_have_seen(
    workplace: Path, command: Command
) -> None:
    finished = command(*f"{EVALUATE} --shot 1 --against maml --split train --allow-seen".split())
    assert finished.returncode == 0, finished.stderr
    first, second = finished.stdout.split("; against ")
    assert first.endswith("of train, batch norm running, trained on 6 of these classes")
    assert second.startswith("maml, fine-tuning: ")
    assert "batch norm episode (transductive), trained on 6 of these classes, paired difference " in second
    finished = command(*f"{EVALUATE} --shot 1 --against maml --batch-norm support".split())
    assert finished.stdout.count("batch norm support") == 2


def test_a_line_says_that_classes_are_from_one_group() -> None:
    figures = {"mean": 0.5, "standard_error": 0.01, "low": 0.48, "high": 0.52}
    shape = {"way": 5, "shot": 1, "episodes": 10, "episode_digest": "d", "split": "test"}
    record = {"head": "svm", "batch_norm": "running", "support_from": [], "seen_classes": 0, **shape, **figures}
    line = episodes_line(record | {"within_groups": False})
    assert line == (
        "5-way 1-shot, svm: 50.00% ± 1.00 (1 SE), 95% interval 48.00 to 52.00 over 10 episodes d of test, "
        "batch norm running"
    )
    assert episodes_line(record | {"within_groups": True}) == f"{line}; classes of an episode from one group"


def test_support_and_queries_by_different_designers(workplace: Path, command: Command) -> None:
    write_drawings(workplace / "drawings.npz")
    drawn = "--dataset drawings --data drawings.npz --out drawn --way 3 --validation-episodes 0"
    assert command(*f"{SMALL} {drawn}".split()).returncode == 0
    arguments = "evaluate drawn --dataset drawings --data drawings.npz --episodes 10 --way 3 --shot 1 --query"
    finished = command(*f"{arguments} 4 --support-from fxemoji noto --json figures.json".split())
    assert finished.returncode == 0, finished.stderr
    assert "; support from fxemoji, noto, queries from others, 6 classes (0 left out)" in finished.stdout
    finished = command(*f"{arguments} 4 --support-from fxemoji".split())
    (record,) = json.loads((workplace / "figures.json").read_text())["evaluations"]
    assert (record["support_from"], record["classes"], record["classes_left_out"]) == (["fxemoji", "noto"], 6, 0)
    assert record["episode_digest"] not in finished.stdout
    left = files(workplace)
    finished = command(*f"{arguments} 8 --support-from noto twemoji".split())
    message = "drawings by class, split 0 has 0 classes in test with 1 shots and 8 queries of other origins; 3 ways"
    assert_refused(finished, message, workplace, left)
    finished = command(*f"{arguments} 4 --support-from nato".split())
    assert_refused(finished, f"has no image from nato; its images are from {', '.join(sorted(PACKS))}", workplace, left)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--on folders:data folders:data", "--on names folders:data twice"),
        (
            "--on pictures:data",
            "data set 'pictures:data' is unknown; allowed are NAME and NAME:PATH, NAME being proced",
        ),
        ("--on folders:data digits:data", "data set digits needs no data; the path data is too much"),
        ("--on digits folders", "--dataset folders needs --data with the folder or archive that holds it"),
        ("--on folders:data --shot 12", "class test 0 of data has 12 images in test; 12 shots and 1 queries need 13"),
        ("--on folders:data --json data/CIFAR_FS_val.pickle", "CIFAR_FS_val.pickle is also an input; choose another"),
    ],
)
def test_bad_data_sets_to_evaluate_on_are_refused_in_one_line(
    options: str, message: str, workplace: Path, command: Command
) -> None:
    finished = command(*f"evaluate prototype --episodes 10 {options}".split())
    assert_refused(finished, message, workplace, files(workplace))


def test_several_data_sets_have_a_row_each(workplace: Path, command: Command) -> None:
    arguments = "evaluate prototype --on folders:data digits --episodes 10 --shot 1 5 --json figures.json --flip-shots"
    finished = command(*arguments.split())
    assert finished.returncode == 0, finished.stderr
    records = json.loads((workplace / "figures.json").read_text())["evaluations"]
    assert [(one["data"], one["shot"], one["query"]) for one in records] == [
        ("data", 1, 7),
        ("data", 5, 7),
        ("digits by classes, split 0", 1, 15),
        ("digits by classes, split 0", 5, 15),
    ]
    for one in records:
        assert f"{100 * one['mean']:.2f}%" in finished.stdout
    assert "10 episodes of test; prototype, flip shots, batch norm running" in finished.stdout


def test_snapshots_are_kept_and_compared_as_an_ensemble(workplace: Path, command: Command) -> None:
    finished = command(*f"{SMALL} {FOLDERS} --out kept --epochs 2 --snapshots 1 --validation-episodes 0".split())
    assert finished.returncode == 0, finished.stderr
    arguments = EVALUATE.replace("prototype", "kept", 1)
    finished = command(*f"{arguments} --shot 1 --ensemble --flip-shots --against kept".split())
    assert finished.returncode == 0, finished.stderr
    first, second = finished.stdout.split("; against ")
    assert first.startswith("5-way 1-shot, prototype, mean of 2 snapshots, flip shots: ")
    assert second.startswith("kept, prototype: ")
    finished = command(*f"{arguments} --shot 1 --ensemble --json kept/prototype-epoch-1.pt".split())
    assert_refused(finished, "prototype-epoch-1.pt is also an input", workplace, files(workplace))


def test_the_official_runs_of_omniglot(workplace: Path, command: Command) -> None:
    splits = {name: random_classes(name, (8,) * 6, size=28) for name in ("train", "test")}
    grey = {name: replace(classes, images=classes.images[:, :1]) for name, classes in splits.items()}
    with Progress(quiet=True) as progress:
        run_few_shot(CONFIG, FewShotData("grey", grey), workplace / "grey", progress)
    write_zip(workplace / "all_runs.zip", omniglot_runs())
    finished = command("evaluate", "grey", "--dataset", "omniglot-runs", "--data", ".", "--json", "figures.json")
    assert finished.returncode == 0, finished.stderr
    record = json.loads((workplace / "figures.json").read_text())
    assert record["right"] == sum(record["right_by_run"])
    by_run = " ".join(map(str, record["right_by_run"]))
    assert f"prototype: {record['right']} of 400 right, error {100 * record['error_rate']:.2f}%" in finished.stdout
    assert f"by run {by_run}, batch norm running\n" in finished.stdout
    path = workplace / "all_runs.zip"
    path.write_bytes(path.read_bytes()[:5000])
    finished = command("evaluate", "grey", "--dataset", "omniglot-runs", "--data", "all_runs.zip")
    assert_refused(finished, "all_runs.zip is damaged, or not a zip archive", workplace, files(workplace))
    finished = command("evaluate", "grey", "--dataset", "omniglot-runs", "--data", "data")
    assert_refused(finished, "data holds 0 runs with class_labels.txt; the official test", workplace, files(workplace))
