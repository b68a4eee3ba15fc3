"""Tasks from images in memory and from pictures of any size on disk; pictures that are damaged or do not fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.decoding import PictureFiles, pictures_in
from models.data.folders import ImageFolders
from models.selfsup.pictures import HeldPictures, StoredPictures
from models.selfsup.tasks import Task, Tasks
from models.selfsup.views.recipes import RECIPES
from tests.support.views import random_images

SMALL = replace(RECIPES["imagenet"], size=16)


def write_pictures(folder: Path, sides: list[tuple[int, int]], mode: str = "RGB", ending: str = "png") -> Path:
    """Random pictures of these heights and widths; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for number, (height, width) in enumerate(sides):
        pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).convert(mode).save(folder / f"{number:02}.{ending}")
    return folder


def tasks_of(pictures: HeldPictures | StoredPictures, tasks: Tasks, epoch: int = 0) -> list[Task]:
    chosen = list(tasks.images(pictures.count, epoch))
    batches = zip(pictures.batches(chosen, tasks, epoch), chosen, strict=True)
    return [tasks.task(images, numbers, epoch) for images, numbers in batches]


def test_images_in_memory_are_those_with_the_numbers() -> None:
    images = random_images(20)
    tasks = Tasks(recipe=RECIPES["cifar"], seed=1, batch=6)
    chosen = list(tasks.images(20, 3))
    batches = HeldPictures(images).batches(chosen, tasks, 3)
    assert all(torch.equal(found, images[numbers]) for found, numbers in zip(batches, chosen, strict=True))


def test_pictures_of_any_size_make_the_views_of_their_crops(tmp_path: Path) -> None:
    files = pictures_in(write_pictures(tmp_path, [(20, 30), (50, 18), (40, 40), (25, 60), (33, 21)]), workers=0)
    tasks = Tasks(recipe=SMALL, seed=2, batch=2, rotation="both")
    stored = StoredPictures(files)
    chosen = list(tasks.images(stored.count, 1))
    for task, numbers in zip(tasks_of(stored, tasks, 1), chosen, strict=True):
        assert task.views.shape == (2, 2, 3, 16, 16)
        assert task.copies.shape == (1, 2, 3, 16, 16)
        for place, number in enumerate(numbers.tolist()):
            whole = torch.from_numpy(np.array(Image.open(files.paths[number]))).permute(2, 0, 1)[None]
            alone = tasks.task(whole, numbers[place : place + 1], 1)
            assert (alone.views[:, 0] - task.views[:, place]).abs().mean() < 0.02  # grey levels of crops are whole
            assert torch.equal(alone.turns[:, 0], task.turns[:, place])


def test_workers_do_not_change_the_views(tmp_path: Path) -> None:
    files = pictures_in(
        write_pictures(tmp_path / "data", [(20 + number, 40 - number) for number in range(9)]), workers=0
    )
    tasks = Tasks(recipe=SMALL, seed=2, batch=4)
    alone, helped = (tasks_of(StoredPictures(PictureFiles(files.paths, workers)), tasks) for workers in (0, 2))
    assert len(alone) == 2
    assert all(torch.equal(one.views, other.views) for one, other in zip(alone, helped, strict=True))


def test_pictures_of_different_sizes_need_a_size_of_views(tmp_path: Path) -> None:
    stored = StoredPictures(pictures_in(write_pictures(tmp_path / "data", [(20, 30), (30, 20)]), workers=0))
    with pytest.raises(ValueError, match=r"^pictures of different sizes need a recipe with a size of views"):
        tasks_of(stored, Tasks(recipe=RECIPES["cifar"], seed=0, batch=2))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_truncated_picture_is_named(tmp_path: Path, workers: int) -> None:
    folder = write_pictures(tmp_path / "data", [(64, 64)] * 4, ending="jpg")
    damaged = folder / "02.jpg"
    damaged.write_bytes(damaged.read_bytes()[:900])
    stored = StoredPictures(pictures_in(folder, workers))
    with pytest.raises(ValueError, match=f"^{damaged} is not a picture, or damaged$"):
        tasks_of(stored, Tasks(recipe=SMALL, seed=0, batch=4))
    with pytest.raises(ValueError, match=f"^{damaged} is not a picture, or damaged$"):
        stored.files.held()


def test_pictures_of_one_size_fit_into_memory_grey_ones_as_rgb(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", [(12, 10)] * 3)
    Image.fromarray(np.full((12, 10), 7, dtype=np.uint8)).save(folder / "03.png")
    images = pictures_in(folder).held()
    assert images.shape == (4, 3, 12, 10)
    assert images.dtype == torch.uint8
    assert (images[3] == 7).all()
    assert torch.equal(images[0].permute(1, 2, 0), torch.from_numpy(np.array(Image.open(folder / "00.png"))))


def test_pictures_of_different_sizes_are_not_held(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data", [(12, 10), (12, 10), (12, 11)])
    with pytest.raises(ValueError, match=r"02.png has 11 x 12 pixels, .*00.png has 10 x 12$"):
        pictures_in(folder).held()


def test_pictures_lie_in_the_folder_or_in_classes(tmp_path: Path) -> None:
    for label in ("b", "a"):
        write_pictures(tmp_path / "data" / label, [(8, 8)] * 2)
    (tmp_path / "data" / ".hidden").mkdir()
    found = pictures_in(tmp_path / "data")
    names = [path.relative_to(tmp_path / "data").as_posix() for path in found.paths]
    assert names == [
        "a/00.png",
        "a/01.png",
        "b/00.png",
        "b/01.png",
    ]
    assert len(found.digest) == 16
    assert found.digest != pictures_in(tmp_path / "data" / "a").digest
    assert [path.name for path in pictures_in(tmp_path / "data" / "a").paths] == ["00.png", "01.png"]


def test_a_class_without_pictures_is_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path / "data" / "a", [(8, 8)])
    (tmp_path / "data" / "b").mkdir()
    with pytest.raises(ValueError, match=r"data has classes without pictures: b$"):
        pictures_in(tmp_path / "data")


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"missing: no such folder$"):
        pictures_in(tmp_path / "missing")
    with pytest.raises(ValueError, match="has no pictures in folders by class"):
        pictures_in(tmp_path)
    with pytest.raises(ValueError, match=r"^number of workers is -1"):
        PictureFiles((tmp_path,), workers=-1)


def test_training_pictures_of_labelled_folders_are_read_without_labels(tmp_path: Path) -> None:
    for part in ("train", "val"):
        for label in ("b", "a"):
            write_pictures(tmp_path / part / label, [(8, 8)] * 2)
    source = ImageFolders(tmp_path, size=16, workers=0)
    assert StoredPictures(source.training_files).count == source.train_count == 4
    assert source.training_files.workers == 0
