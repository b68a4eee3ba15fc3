"""Pictures in ADE20K's layout, written and read."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.labelled.ade20k import ade20k, read_mask
from models.data.labelled.crops import IGNORED, LabelledCrop
from models.data.scenes.ade20k_files import write_ade20k
from models.data.scenes.scene import CLASSES
from models.data.scenes.scene_set import SceneSet

CROP = LabelledCrop(24)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    train, test = SceneSet(6, 32), SceneSet(3, 32, held_out=True)
    return write_ade20k(tmp_path / "shapes", train, test, lambda: None)


def mask_of(folder: Path, split: str = "training") -> Path:
    return folder / "annotations" / split / "00000001.png"


def save(path: Path, values: np.ndarray) -> None:
    Image.fromarray(values.astype(np.uint8)).save(path)


def test_scenes_from_disk_are_those_in_memory(folder: Path) -> None:
    data = ade20k(folder, workers=0)
    assert data.classes == CLASSES
    for pictures, scenes in ((data.train, SceneSet(6, 32)), (data.test, SceneSet(3, 32, held_out=True))):
        assert len(pictures) == len(scenes)
        for index in range(len(scenes)):
            for found, expected in zip(pictures.pair(index), scenes.pair(index), strict=True):
                assert torch.equal(found, expected)


def test_sets_have_several_sizes_and_held_out_scenes_differ() -> None:
    train, test = SceneSet(5, 32), SceneSet(5, 32, held_out=True)
    assert {train.pair(index)[1].shape for index in range(5)} == {(32, 32), (24, 32), (32, 24), (32, 40), (40, 32)}
    assert not torch.equal(train.pair(0)[0], test.pair(0)[0])
    assert train.digest != test.digest


def test_labels_shift_once(tmp_path: Path) -> None:
    save(tmp_path / "mask.png", np.array([[0, 1, 2], [150, 3, 0]]))
    expected = torch.tensor([[IGNORED, 0, 1], [149, 2, IGNORED]])
    assert torch.equal(read_mask(tmp_path / "mask.png", 150), expected)


def test_masks_with_palettes_and_of_16_bits_are_read(tmp_path: Path) -> None:
    values = np.array([[0, 1], [2, 3]])
    picture = Image.fromarray(values.astype(np.uint8)).convert("P")
    picture.putdata(values.flatten().tolist())
    picture.save(tmp_path / "palette.png")
    Image.fromarray(values.astype(np.uint16)).save(tmp_path / "wide.png")
    for name in ("palette.png", "wide.png"):
        assert read_mask(tmp_path / name, 3).tolist() == [[IGNORED, 0], [1, 2]]


def test_a_picture_without_its_mask_is_named(folder: Path) -> None:
    mask_of(folder).unlink()
    with pytest.raises(ValueError, match=r"1 of 6 pictures have no mask in .*training: 00000001.png"):
        ade20k(folder)


def test_labels_beyond_the_classes_are_refused(folder: Path) -> None:
    save(mask_of(folder), np.full((32, 32), 9))
    with pytest.raises(ValueError, match=r"00000001.png has the value 9; allowed are 0 to 7, for 7 classes"):
        list(ade20k(folder, workers=0).training_batches(6, CROP, "key"))


def test_a_mask_of_another_size_is_refused(folder: Path) -> None:
    save(mask_of(folder), np.zeros((32, 31)))
    with pytest.raises(ValueError, match=r"has 31 x 32 pixels, .* has 32 x 32"):
        ade20k(folder).train.pair(0)


def test_a_coloured_or_damaged_mask_is_refused(folder: Path) -> None:
    save(mask_of(folder), np.zeros((32, 32, 3)))
    with pytest.raises(ValueError, match="has pixels of mode RGB"):
        ade20k(folder).train.pair(0)
    mask_of(folder).write_bytes(mask_of(folder).read_bytes()[:60])
    with pytest.raises(ValueError, match="is not a PNG file, or damaged"):
        ade20k(folder).train.pair(0)


def test_missing_folders_and_pictures_are_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ValueError, match="no such folder"):
        ade20k(tmp_path / "nowhere")
    for path in (folder / "images" / "validation").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="has no pictures"):
        ade20k(folder)


def test_without_names_there_are_150_classes(folder: Path) -> None:
    (folder / "objectInfo7.txt").unlink()
    assert len(ade20k(folder).classes) == 150


def test_batches_are_functions_of_the_key_and_start_anywhere(folder: Path) -> None:
    data = ade20k(folder, workers=0)
    whole = list(data.training_batches(2, CROP, "key"))
    assert [images.shape for images, _ in whole] == [(2, 3, 24, 24)] * 3
    later = list(data.training_batches(2, CROP, "key", first=1))
    for found, expected in zip(later, whole[1:], strict=True):
        assert all(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
    assert not torch.equal(whole[0][0], next(iter(data.training_batches(2, CROP, "other")))[0])


def test_held_out_pictures_keep_their_sizes(folder: Path) -> None:
    shapes = [tuple(labels.shape) for _, labels in ade20k(folder, workers=0).held_out_batches()]
    assert shapes == [(1, 32, 32), (1, 24, 32), (1, 32, 24)]


@pytest.mark.parametrize("images", [0, 7])
def test_impossible_numbers_of_images_are_refused(folder: Path, images: int) -> None:
    with pytest.raises(ValueError, match=f"images is {images}; allowed are 1 to 6"):
        ade20k(folder, images=images)
