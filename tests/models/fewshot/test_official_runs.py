"""Omniglot's official one-shot test: its reader, and runs on it against a loop over the pictures."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.official import evaluate_official
from models.fewshot.readers.omniglot_runs import OmniglotRuns, read_omniglot_runs
from models.fewshot.run import FewShotRun, load_run, run_few_shot
from models.progress import Progress
from tests.support.damage import damaged
from tests.support.fewshot import omniglot_runs, random_classes, write_zip

CONFIG = FewShotConfig(
    encoder="4x32", width=4, way=3, query=2, tasks=2, batches=2, epochs=1, validation_episodes=5, test_episodes=5
)
FILES = omniglot_runs()


def trained(folder: Path, config: FewShotConfig = CONFIG, channels: int = 1) -> FewShotRun:
    splits = {
        name: replace(classes, images=classes.images[:, :channels])
        for name in ("train", "test")
        for classes in [random_classes(name, (3,) * max(4, config.way), size=28)]
    }
    with Progress(quiet=True) as progress:
        run_few_shot(config, FewShotData("random images", splits), folder, progress)
    return load_run(folder)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> OmniglotRuns:
    path = tmp_path_factory.mktemp("runs") / "all_runs.zip"
    write_zip(path, FILES)
    return read_omniglot_runs(path)


@pytest.fixture(scope="module")
def ridge(tmp_path_factory: pytest.TempPathFactory) -> FewShotRun:
    return trained(tmp_path_factory.mktemp("few") / "run", replace(CONFIG, learner="ridge"))


def ink(content: bytes) -> np.ndarray:
    """28 x 28, ink 255."""
    picture = Image.open(io.BytesIO(content)).convert("L").resize((28, 28), Image.Resampling.BOX)
    return 255 - np.asarray(picture)


def test_queries_are_in_the_order_of_the_characters_that_the_labels_tell(official: OmniglotRuns) -> None:
    assert official.support.shape == official.query.shape == (20, 20, 1, 28, 28)
    assert torch.equal(official.support, official.query)  # the made-up test pictures equal those of their characters
    for run, place in ((1, 1), (7, 20), (20, 11)):
        picture = ink(FILES[f"run{run:02}/training/class{place:02}.png"])
        assert np.array_equal(official.support[run - 1, place - 1, 0].numpy(), picture)


@pytest.mark.parametrize("root", ["", "all_runs/"])
def test_archives_folders_and_folders_with_an_archive_are_read_alike(
    root: str, official: OmniglotRuns, tmp_path: Path
) -> None:
    for name, content in FILES.items():
        path = tmp_path / "folder" / root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "other").mkdir()
    write_zip(tmp_path / "other" / "all_runs.zip", {root + name: content for name, content in FILES.items()})
    write_zip(tmp_path / "named otherwise.zip", FILES)
    for path in (tmp_path / "folder", tmp_path / "other", tmp_path / "named otherwise.zip"):
        assert read_omniglot_runs(path).digest == official.digest


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("run03/class_labels.txt", None, "holds 19 runs with class_labels.txt; the official test has 20"),
        ("run03/test/item07.png", None, r"run03/test/item07\.png is missing"),
        ("run03/training/class07.png", b"no picture", r"run03/training/class07\.png is not a picture, or damaged"),
        ("run03/class_labels.txt", b"", r"run03/class_labels\.txt has 0 lines; 20 lines test/NAME training/NAME"),
        ("run03/class_labels.txt", b"a b\n" * 20, r"run03/class_labels\.txt has 20 lines; 20 lines test/NAME training"),
        (
            "run03/class_labels.txt",
            b"run03/test/item01.png run03/training/class01.png\n" * 20,
            r"run03/class_labels\.txt names a picture twice",
        ),
    ],
)
def test_faults_of_the_runs_are_named(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    files = {key: value for key, value in FILES.items() if key != name} | ({} if content is None else {name: content})
    write_zip(tmp_path / "all_runs.zip", files)
    with pytest.raises(ValueError, match=message):
        read_omniglot_runs(tmp_path)


def test_missing_files_and_archives_cut_short_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere: no such file or folder with Omniglot's runs"):
        read_omniglot_runs(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds 0 runs"):
        read_omniglot_runs(tmp_path)
    path = tmp_path / "all_runs.zip"
    write_zip(path, FILES)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", *(damaged(whole, seed) for seed in range(30))):
        path.write_bytes(content)
        try:
            found = read_omniglot_runs(path)
        except ValueError as error:
            assert "all_runs.zip" in str(error)  # noqa: PT017
        else:
            assert found.support.shape == (20, 20, 1, 28, 28)


def test_right_answers_are_those_of_a_loop_over_runs_and_pictures(official: OmniglotRuns, tmp_path: Path) -> None:
    run = trained(tmp_path, CONFIG)
    noise = torch.randint(0, 64, official.query.shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    noisy = replace(official, query=official.query ^ noise)
    record = evaluate_official(run, noisy)
    right = []
    for support, query in zip(noisy.support, noisy.query, strict=True):
        with torch.no_grad():
            known, asked = (run.network((images.float() - run.mean[0]) / run.std[0]) for images in (support, query))
        nearest = [min(range(20), key=lambda place: float((known[place] - one).norm())) for one in asked]
        right.append(sum(answer == place for place, answer in enumerate(nearest)))
    assert record["right_by_run"] == right
    assert (record["right"], record["questions"]) == (sum(right), 400)
    assert record["error_rate"] == pytest.approx(1 - sum(right) / 400)
    assert 20 < sum(right) < 400
    assert (record["head"], record["batch_norm"]) == ("prototype", "running")


def test_two_runs_are_compared_by_official_run(official: OmniglotRuns, ridge: FewShotRun, tmp_path: Path) -> None:
    other = trained(tmp_path, replace(CONFIG, seed=2))
    record = evaluate_official(ridge, official, other, batch_norm="episode")
    assert record["batch_norm"] == record["against"]["batch_norm"] == "episode (transductive)"
    ours, theirs = (np.array(one["right_by_run"]) / 20 for one in (record, record["against"]))
    difference = record["against"]["difference"]
    assert difference["mean"] == pytest.approx((ours - theirs).mean())
    assert difference["standard_error"] == pytest.approx((ours - theirs).std(ddof=1) / 20**0.5)


@pytest.mark.parametrize("learner", ["maml", "reptile"])
def test_networks_to_fine_tune_need_20_outputs(learner: Any, official: OmniglotRuns, tmp_path: Path) -> None:
    config = replace(CONFIG, learner=learner, batches=1, inner_steps=1, way_through_tasks="loop", fine_tuning_steps=1)
    with pytest.raises(ValueError, match=r"few has 3 outputs, .* so 20-way episodes do not fit"):
        evaluate_official(trained(tmp_path / "few", config), official)
    record = evaluate_official(trained(tmp_path / "many", replace(config, way=20, query=1)), official)
    assert (record["head"], record["batch_norm"]) == ("fine-tuning", "episode (transductive)")
    assert record["right"] == sum(record["right_by_run"])


def test_networks_that_take_other_images_are_refused(official: OmniglotRuns, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"takes images of \(3, 28, 28\) .*, not \(1, 28, 28\) as Omniglot's official"):
        evaluate_official(trained(tmp_path, channels=3), official)
