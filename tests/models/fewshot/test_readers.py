"""Few-shot data sets in each of their formats, and what is wrong with those that are not."""

import io
import os
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.fewshot.class_images import SPLITS, FewShotData
from models.fewshot.procedural import procedural, write_procedural
from models.fewshot.readers.cifar import read_cifar_classes
from models.fewshot.readers.folders import read_folders
from models.fewshot.readers.omniglot import read_omniglot
from models.fewshot.readers.pickles import read_pickles
from models.fewshot.readers.registry import read_source
from models.fewshot.sources import FewShotSource
from tests.support.fewshot import drawing, random_data
from tests.support.images import write_batches


def pixels(data: FewShotData, split: str) -> np.ndarray:
    return data.splits[split].images.permute(0, 2, 3, 1).numpy()


def dump(path: Path, content: object, protocol: int = 4) -> None:
    path.write_bytes(pickle.dumps(content, protocol=protocol))


def write_pickles(folder: Path, source: FewShotData, **changed: Any) -> None:
    for split in SPLITS:
        content = {"data": pixels(source, split), "labels": source.splits[split].labels.tolist()}
        dump(folder / f"CIFAR_FS_{split}.pickle", content | changed if split == "test" else content)


def test_cifar_fs_is_read_as_it_was_written(tmp_path: Path) -> None:
    data = random_data()
    write_procedural(tmp_path, data)
    found = read_source(FewShotSource(dataset="folders", data=tmp_path))
    for split in SPLITS:
        assert torch.equal(found.splits[split].images, data.splits[split].images)
        assert found.splits[split].counts == data.splits[split].counts


def test_keys_in_bytes_names_of_classes_and_labels_in_any_order_are_read(tmp_path: Path) -> None:
    data = random_data()
    order = np.random.default_rng(0).permutation(140)
    for split in SPLITS:
        content = {
            b"data": pixels(data, split)[order],
            b"labels": (data.splits[split].labels.numpy()[order] + 5).astype(np.int32),
            b"catname2label": {f"{split}-name-{label}": label + 5 for label in range(7)},
        }
        name = "train_phase_train" if split == "train" else split
        dump(tmp_path / f"miniImageNet_category_split_{name}.pickle", content, protocol=2)
    (tmp_path / "miniImageNet_category_split_train_phase_val.pickle").write_bytes(b"other images of training classes")
    found = read_pickles(tmp_path)
    assert found.splits["test"].names == tuple(f"test-name-{label}" for label in range(7))
    assert found.splits["train"].class_digests == data.splits["train"].class_digests


def test_mini_imagenet_by_class_is_read(tmp_path: Path) -> None:
    data = random_data()
    for split in SPLITS:
        members = {f"n{split}{label}": list(range(label, 140, 7)) for label in range(7)}
        dump(tmp_path / f"mini-imagenet-cache-{split}.pkl", {"image_data": pixels(data, split), "class_dict": members})
    found = read_pickles(tmp_path)
    assert found.splits["val"].names == tuple(f"nval{label}" for label in range(7))
    assert torch.equal(found.splits["val"].images[20:40], data.splits["val"].images[1::7])


class Harmful:
    def __reduce__(self) -> Any:
        return (os.system, ("false",))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": np.zeros((140, 4, 4, 3))}, r"its images are float64 of shape \(140, 4, 4, 3\); bytes of shape"),
        ({"data": np.zeros((140, 48), dtype=np.uint8)}, r"its images are uint8 of shape \(140, 48\)"),
        ({"labels": [0] * 139}, "there are 140 images and 139 labels"),
        ({"labels": ["a"] * 140}, "its labels are <U1"),
        ({"labels": Harmful()}, "system, which no data set needs"),
        ({"labels": None}, "its labels are object"),
        ({"catname2label": 5}, "is no few-shot data set"),
    ],
)
def test_pickles_of_another_form_are_named(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    write_pickles(tmp_path, random_data(), **changed)
    with pytest.raises(ValueError, match=rf"CIFAR_FS_test\.pickle .*{message}"):
        read_pickles(tmp_path)


def test_missing_double_and_damaged_pickles_are_named(tmp_path: Path) -> None:
    write_pickles(tmp_path, random_data())
    whole = (tmp_path / "CIFAR_FS_val.pickle").read_bytes()
    (tmp_path / "CIFAR_FS_val.pickle").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"CIFAR_FS_val\.pickle cannot be read as a pickled data set"):
        read_pickles(tmp_path)
    (tmp_path / "CIFAR_FS_val.pickle").write_bytes(b"")
    with pytest.raises(ValueError, match=r"CIFAR_FS_val\.pickle cannot be read as a pickled data set: it ends early"):
        read_pickles(tmp_path)
    dump(tmp_path / "CIFAR_FS_val.pickle", [1, 2])
    with pytest.raises(ValueError, match="holds a list, not a dictionary of images and labels"):
        read_pickles(tmp_path)
    (tmp_path / "CIFAR_FS_val.pickle").unlink()
    with pytest.raises(ValueError, match=r"lacks a pickle for val, whose name ends in val\.pickle"):
        read_pickles(tmp_path)
    (tmp_path / "other_test.pkl").touch()
    with pytest.raises(ValueError, match=r"two pickles for test: CIFAR_FS_test\.pickle and other_test\.pkl"):
        read_pickles(tmp_path)


def seed_of(*parts: object) -> int:
    return zlib.crc32(repr(parts).encode())


def picture(seed: int, size: tuple[int, int] = (8, 8)) -> bytes:
    values = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "png")
    return buffer.getvalue()


def write_folders(folder: Path, splits: tuple[str, ...] = SPLITS) -> None:
    for split in splits:
        for label in ("x", "y"):
            place = folder / split / f"{split}-{label}"
            place.mkdir(parents=True)
            for index in range(3):
                (place / f"{index}.png").write_bytes(picture(seed_of(split, label, index)))


def test_folders_are_read_with_or_without_validation_classes(tmp_path: Path) -> None:
    write_folders(tmp_path / "all")
    assert set(read_source(FewShotSource(dataset="folders", data=tmp_path / "all")).splits) == set(SPLITS)
    write_folders(tmp_path / "two", ("train", "test"))
    found = read_folders(tmp_path / "two")
    assert set(found.splits) == {"train", "test"}
    assert found.splits["train"].names == ("train-x", "train-y")
    assert found.splits["train"].counts == (3, 3)


def test_faults_of_folders_are_named(tmp_path: Path) -> None:
    write_folders(tmp_path)
    odd = tmp_path / "test" / "test-y" / "2.png"
    odd.write_bytes(picture(1, (8, 9)))
    with pytest.raises(ValueError, match=r"2\.png has 9 x 8 pixels; others have 8 x 8"):
        read_folders(tmp_path)
    odd.write_bytes(odd.read_bytes()[:40])
    with pytest.raises(ValueError, match=r"2\.png is not a picture, or damaged"):
        read_folders(tmp_path)
    for path in (tmp_path / "test" / "test-y").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="test has classes without pictures: test-y"):
        read_folders(tmp_path)
    with pytest.raises(ValueError, match="has no folders train, val and test"):
        read_folders(tmp_path / "train")


def write_omniglot(path: Path, alphabets: dict[str, int], root: str = "images_background") -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for alphabet, characters in alphabets.items():
            for character in range(characters):
                for index in range(2):
                    seed = seed_of(alphabet, character, index)
                    archive.writestr(f"{root}/{alphabet}/character{character + 1:02}/{index}.png", drawing(seed))


def test_alphabets_in_two_archives_count_once_and_splits_share_none(tmp_path: Path) -> None:
    write_omniglot(tmp_path / "small1.zip", {"Greek": 3, "Latin": 2, "Korean": 4})
    write_omniglot(tmp_path / "small2.zip", {"Greek": 3, "Latin": 2, "Sanskrit": 2, "Tagalog": 3})
    (tmp_path / "empty.zip.txt").touch()
    data = read_omniglot(tmp_path, seed=3)
    assert data.shape == (1, 28, 28)
    assert sum(len(classes.names) for classes in data.splits.values()) == 14
    alphabets = {split: set(classes.groups) for split, classes in data.splits.items()}
    assert sorted(map(len, alphabets.values())) == [1, 1, 3]
    assert set.union(*alphabets.values()) == {"Greek", "Latin", "Korean", "Sanskrit", "Tagalog"}
    assert data.splits["train"].images.amax() == 255
    assert data.splits["train"].images.float().mean() < 40  # paper is 0
    turned = read_omniglot(tmp_path, seed=3, rotations=True)
    for split, classes in turned.splits.items():
        assert set(classes.groups) == alphabets[split]
        assert len(classes.names) == 4 * len(data.splits[split].names)
        assert classes.is_turned == tuple(" turned " in name for name in classes.names)
        assert not any(data.splits[split].is_turned)
    name = data.splits["test"].names[0]
    place = turned.splits["test"].names.index(f"{name} turned 90") * 2
    assert torch.equal(turned.splits["test"].images[place], data.splits["test"].images[0].rot90(1, (1, 2)))


def test_evaluation_alphabets_are_the_test_split(tmp_path: Path) -> None:
    write_omniglot(tmp_path / "images_background.zip", {"Greek": 2, "Latin": 2, "Korean": 2})
    write_omniglot(tmp_path / "images_evaluation.zip", {"Angelic": 2, "Manipuri": 2}, "images_evaluation")
    assert set(read_omniglot(tmp_path).splits["test"].groups) == {"Angelic", "Manipuri"}


def test_faults_of_omniglot_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="has no Omniglot archives"):
        read_omniglot(tmp_path)
    with pytest.raises(ValueError, match="none: no such folder"):
        read_source(FewShotSource(dataset="omniglot", data=tmp_path / "none"))
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file is no folder"):
        read_source(FewShotSource(dataset="folders", data=tmp_path / "file"))
    path = tmp_path / "images_background.zip"
    write_omniglot(path, {"Greek": 2})
    with pytest.raises(ValueError, match="there are 1 alphabets; splits of training, validation and test need more"):
        read_omniglot(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=r"images_background\.zip is damaged, or not a zip archive"):
        read_omniglot(tmp_path)


def test_cifar_by_classes_keeps_six_to_train_on(tmp_path: Path) -> None:
    write_batches(tmp_path)
    first, second = read_cifar_classes(tmp_path, 1), read_cifar_classes(tmp_path, 2)
    assert set(first.splits) == {"train", "test"}
    assert len(first.splits["train"].names) == 6
    assert len(first.splits["test"].names) == 4
    assert first.splits["train"].names != second.splits["train"].names
    assert not set(first.splits["train"].names) & set(first.splits["test"].names)


def test_the_procedural_set_is_a_function_of_its_seed_and_its_variation() -> None:
    data = procedural(images=3)
    assert {split: len(classes.names) for split, classes in data.splits.items()} == {"train": 64, "val": 16, "test": 20}
    assert data.shape == (3, 32, 32)
    assert procedural(images=3).digest == data.digest
    assert procedural(1, images=3).digest != data.digest

    def spread(variation: float) -> float:
        images = procedural(images=3, variation=variation).splits["test"].images.view(20, 3, -1).float()
        return float(images.std(1).mean())

    assert spread(0) < 15 < spread(0.5) < spread(1) < spread(3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": 0}, "number of images is 0; allowed are 1 and more"),
        ({"variation": -0.1}, "variation is -0.1; allowed are 0 to 10"),
        ({"variation": float("nan")}, "variation is nan; allowed are 0 to 10"),
    ],
)
def test_impossible_procedural_sets_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        procedural(**options)


def test_data_that_is_not_named_is_asked_for() -> None:
    with pytest.raises(ValueError, match="--dataset omniglot needs --data with the folder or archive that holds it"):
        read_source(FewShotSource(dataset="omniglot"))


@pytest.mark.parametrize("seed", [-1, 10**30])
def test_a_seed_that_no_generator_takes_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=rf"seed is {seed}; allowed are the integers 0 to"):
        read_source(FewShotSource(class_split=seed))
