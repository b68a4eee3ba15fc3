"""Folders of pictures in several formats, read back; and what is wrong with those that cannot be."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from models.data.folders import ImageFolders
from models.data.sources import ImageSource
from models.data.transforms import Augmentation, random_crop_box

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
FORMS = [("1.JPEG", "RGB"), ("2.jpg", "L"), ("3.PNG", "RGBA"), ("4.jpeg", "CMYK")]
COLOURS = {"ant": 40, "bee": 120, "cow": 200}
ALL = Augmentation(flip=True)


def write_folders(folder: Path, held_out: str = "val") -> Path:
    """Three classes, each of one brightness with a little noise, in four formats and odd sizes."""
    random = np.random.default_rng(0)
    for part in ("train", held_out):
        for label, brightness in COLOURS.items():
            inner = folder / part / label
            inner.mkdir(parents=True)
            for number, (name, mode) in enumerate(FORMS):
                noise = random.integers(-9, 10, (31 + 8 * number, 57 - 9 * number, 3))
                Image.fromarray((brightness + noise).astype(np.uint8)).convert(mode).save(inner / name)
    return folder


def pixels(images: Tensor) -> Tensor:
    """Normalised images as pixel values, 0 to 255."""
    return (images * STD + MEAN) * 255


def same(first: list[tuple[Tensor, Tensor]], second: list[tuple[Tensor, Tensor]]) -> bool:
    return len(first) == len(second) and all(
        torch.equal(one, other) for pair in zip(first, second, strict=True) for one, other in zip(*pair, strict=True)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folders(tmp_path_factory.mktemp("data") / "insects")


def test_every_picture_is_read_with_the_label_of_its_class(folder: Path) -> None:
    source: ImageSource = ImageFolders(folder, workers=0)
    assert (source.name, source.classes, source.shape) == ("insects", ("ant", "bee", "cow"), (3, 224, 224))
    assert (source.train_count, source.test_count) == (12, 12)
    for batches in (source.training_batches(5, ALL, "0 float 1"), source.held_out_batches(5)):
        seen = []
        for images, labels in batches:
            assert images.shape == (len(labels), 3, 224, 224)
            assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
            brightness = torch.tensor(list(COLOURS.values()))[labels].float()
            assert (pixels(images).mean((1, 2, 3)) - brightness).abs().max() < 3
            seen.extend(labels.tolist())
        assert sorted(seen) == [0] * 4 + [1] * 4 + [2] * 4


def test_a_last_batch_of_one_training_image_is_left_out(folder: Path) -> None:
    data = ImageFolders(folder, size=8, workers=0)
    assert [len(labels) for _, labels in data.training_batches(11, ALL, "")] == [11]
    assert [len(labels) for _, labels in data.held_out_batches(11)] == [11, 1]


def test_images_are_a_function_of_the_key_alone(folder: Path) -> None:
    alone, helped = (ImageFolders(folder, size=16, workers=workers) for workers in (0, 2))
    first = list(alone.training_batches(5, ALL, "0 float 1"))
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert same(first, list(helped.training_batches(5, ALL, "0 float 1")))
    assert same(first, list(alone.training_batches(5, ALL, "0 float 1")))
    assert torch.equal(state, torch.get_rng_state())
    assert not same(first, list(alone.training_batches(5, ALL, "0 float 2")))
    assert same(list(alone.held_out_batches(5)), list(helped.held_out_batches(5)))
    assert torch.equal(alone.calibration_batch(7)[0], helped.calibration_batch(7)[0])

    # In batches of other sizes, each picture is still cut the same way.
    whole = torch.cat([images for images, _ in alone.training_batches(12, ALL, "0 float 1")])
    assert torch.equal(torch.cat([images for images, _ in first]), whole)


def test_held_out_images_are_the_middle_at_256_pixels_on_the_shorter_side(folder: Path) -> None:
    images, _ = next(ImageFolders(folder, workers=0).held_out_batches(12))
    for image, (name, _) in zip(images, FORMS, strict=False):
        picture = Image.open(folder / "val" / "ant" / name).convert("RGB")
        width, height = picture.size
        longer = int(256 * max(picture.size) / min(picture.size))
        width, height = (longer, 256) if width > height else (256, longer)
        scaled = np.array(picture.resize((width, height), Image.Resampling.BILINEAR))
        upper, left = (height - 224) // 2, (width - 224) // 2
        expected = torch.tensor(scaled[upper : upper + 224, left : left + 224]).permute(2, 0, 1) / 255
        assert torch.allclose(image, (expected - MEAN) / STD, atol=1e-5)


def test_calibration_images_are_middles_spread_evenly_over_the_classes(folder: Path) -> None:
    data = ImageFolders(folder, size=16, workers=0)
    brightness = pixels(data.calibration_batch(3)[0]).mean((1, 2, 3))
    assert (brightness - torch.tensor(list(COLOURS.values()))).abs().max() < 3
    assert data.calibration_batch(100)[0].shape == (12, 3, 16, 16)


def test_training_images_are_parts_of_the_picture_and_mirrored_half_of_the_time_if_wanted(tmp_path: Path) -> None:
    # Red grows to the right and green downwards, so that colours tell the place.
    red, green = np.meshgrid(np.arange(0, 200, 2), np.arange(0, 160, 2))
    picture = Image.fromarray(np.stack([red, green, 0 * red], 2).astype(np.uint8))
    for part in ("train", "val"):
        (tmp_path / part / "one").mkdir(parents=True)
        for number in range(60 if part == "train" else 1):
            picture.save(tmp_path / part / "one" / f"{number}.png")
    data = ImageFolders(tmp_path, size=12, workers=0)
    for augmentation, fewest, most in ((Augmentation(flip=True), 18, 42), (Augmentation(), 0, 0)):
        images = pixels(torch.cat([images for images, _ in data.training_batches(30, augmentation, "a")]))
        across, down = images[:, 0].diff(dim=2), images[:, 1].diff(dim=1)
        mirrored = (across < 0).flatten(1).all(1)
        assert ((across > 0).flatten(1).all(1) | mirrored).all()
        assert (down > 0).all()
        assert fewest <= mirrored.sum() <= most
        width, height = across.abs().mean((1, 2)) * 12 / 2, down.mean((1, 2)) * 12 / 2
        share, ratio = width * height / (100 * 80), width / height
        assert 0.06 < share.min() < 0.3
        assert 0.7 < share.max() < 1.02
        assert 0.68 < ratio.min() < 0.85
        assert 1.2 < ratio.max() < 1.45


def test_gray_pictures_of_16_bits_keep_their_brightness(tmp_path: Path) -> None:
    for part in ("train", "val"):
        (tmp_path / part / "one").mkdir(parents=True)
        Image.fromarray(np.full((20, 30), 100 << 8 | 7, np.uint16)).save(tmp_path / part / "one" / "deep.png")
    images, _ = next(ImageFolders(tmp_path, size=8, workers=0).held_out_batches(1))
    assert torch.allclose(pixels(images), torch.tensor(100.0))


def test_shift_changes_nothing(folder: Path) -> None:
    data = ImageFolders(folder, size=8, workers=0)
    plain, shifted = (list(data.training_batches(6, Augmentation(shift=shift), "a")) for shift in (0, 4))
    assert same(plain, shifted)


def test_random_crop_boxes_keep_area_ratio_and_edges() -> None:
    generator = torch.Generator().manual_seed(0)
    boxes = torch.tensor([random_crop_box(400, 300, generator) for _ in range(2000)]).double()
    left, upper, right, lower = boxes.unbind(1)
    width, height = right - left, lower - upper
    assert left.min() == 0
    assert upper.min() == 0
    assert right.max() == 400
    assert lower.max() == 300
    share, ratio = width * height / 120_000, width / height
    assert 0.078 < share.min() < 0.09
    assert 0.95 < share.max() <= 1
    # Rounding of both sides moves the ratio of the smallest boxes by 1 % or so.
    assert 0.74 < ratio.min() < 0.77
    assert 1.3 < ratio.max() < 1.35
    # The logarithm of the ratio is uniform, where the box fits for any ratio.
    small = share < 0.4
    assert abs((ratio[small] < 1).double().mean() - 0.5) < 0.06


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1000, 3), (498, 0, 502, 3)), ((3, 1000), (0, 498, 3, 502)), ((1, 1), (0, 0, 1, 1))],
)
def test_narrow_pictures_give_their_middle(size: tuple[int, int], expected: tuple[int, ...]) -> None:
    for seed in range(20):
        assert random_crop_box(*size, torch.Generator().manual_seed(seed)) == expected


def test_test_stands_for_val_and_other_files_are_passed_over(tmp_path: Path) -> None:
    folder = write_folders(tmp_path, held_out="test")
    (folder / "train" / ".cache").mkdir()
    (folder / "train" / "readme.txt").write_text("not a class")
    (folder / "train" / "ant" / "notes.txt").write_text("not a picture")
    (folder / "train" / "ant" / "._1.JPEG").write_text("not a picture either")
    data = ImageFolders(folder, size=8, workers=0)
    assert (data.train_count, data.test_count) == (12, 12)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_damaged_picture_is_named_in_one_line(workers: int, tmp_path: Path) -> None:
    folder = write_folders(tmp_path)
    for part, label, name in (("train", "bee", "1.JPEG"), ("val", "cow", "3.PNG")):
        picture = folder / part / label / name
        picture.write_bytes(picture.read_bytes()[:200])
    (folder / "val" / "cow" / "4.jpeg").write_text("not a picture")
    data = ImageFolders(folder, size=8, workers=workers)
    for batches, path in (
        (data.training_batches(4, ALL, "a"), "train/bee/1.JPEG"),
        (data.held_out_batches(4), "val/cow/3.PNG"),
    ):
        with pytest.raises(ValueError, match="is not a picture, or damaged") as caught:
            list(batches)
        assert type(caught.value) is ValueError
        assert str(caught.value) == f"{folder / path} is not a picture, or damaged"


def test_folders_that_are_missing_or_without_pictures_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none/train: no such folder"):
        ImageFolders(tmp_path / "none")
    folder = write_folders(tmp_path / "data")
    (folder / "val").rename(folder / "away")
    with pytest.raises(ValueError, match=r"data/val: no such folder"):
        ImageFolders(folder)
    (folder / "val").mkdir()
    (folder / "away" / "ant" / "1.JPEG").rename(folder / "val" / "flat.JPEG")
    with pytest.raises(ValueError, match=r"data/val has no pictures in folders by class"):
        ImageFolders(folder)
    (folder / "train" / "dog").mkdir()
    with pytest.raises(ValueError, match=r"data/train has classes without pictures: dog"):
        ImageFolders(folder)


def test_classes_that_differ_are_named(tmp_path: Path) -> None:
    folder = write_folders(tmp_path)
    (folder / "val" / "cow").rename(folder / "val" / "yak")
    with pytest.raises(ValueError, match=r"train and val do not have the same classes: cow, yak$"):
        ImageFolders(folder)
    picture = (folder / "val" / "yak" / "1.JPEG").read_bytes()
    for number in range(20):
        (folder / "val" / f"x{number:02}").mkdir()
        (folder / "val" / f"x{number:02}" / "1.JPEG").write_bytes(picture)
    with pytest.raises(ValueError, match=r"cow, x00, .*, x08 and 12 more$"):
        ImageFolders(folder)


def test_numbers_out_of_range_are_named(folder: Path) -> None:
    with pytest.raises(ValueError, match="size of images is 0; allowed are 1 and more"):
        ImageFolders(folder, size=0)
    with pytest.raises(ValueError, match="number of workers is -1; allowed are 0 and more"):
        ImageFolders(folder, workers=-1)
    data = ImageFolders(folder, size=8, workers=0)
    with pytest.raises(ValueError, match="batch size is 0; allowed are 1 and more"):
        next(data.training_batches(0, ALL, ""))
    with pytest.raises(ValueError, match="batch size is 0; allowed are 1 and more"):
        next(data.held_out_batches(0))
    with pytest.raises(ValueError, match="number of calibration images is 0; allowed are 1 and more"):
        data.calibration_batch(0)[0]
