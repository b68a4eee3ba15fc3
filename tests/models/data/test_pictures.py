"""Pictures and their folders as users have them, read from folders held in memory, archives, and folders on disk."""

import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.support.pictures import READERS, Read, png, read_cifar, read_folders, write_pictures

ON_DISK = {"cifar": read_cifar, "folders": read_folders}


@pytest.fixture(params=READERS.values(), ids=READERS)
def read(request: pytest.FixtureRequest) -> Read:
    return request.param


@pytest.fixture(params=ON_DISK.values(), ids=ON_DISK)
def read_disk(request: pytest.FixtureRequest) -> Read:
    return request.param


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures")


def test_what_operating_systems_leave_is_skipped(read: Read, folder: Path) -> None:
    expected = read(folder)
    for inner in ("__MACOSX/train/a", "test/.cache", "test/__MACOSX", "test/@eaDir", "train/a/__MACOSX"):
        (folder / inner).mkdir(parents=True)
        (folder / inner / "0.png").write_text("no picture")
    for name in ("._0.png", ".DS_Store", "Thumbs.db", "desktop.ini"):
        for inner in ("", "train", "test", "test/a"):
            (folder / inner / name).write_text("no picture")
    classes, images = read(folder)
    assert classes == expected[0]
    assert torch.equal(images, expected[1])


def test_links_to_folders_and_pictures_are_followed(read: Read, folder: Path) -> None:
    expected = read(write_pictures(folder.parent / "plain", ("a", "b", "c")))[0]
    write_pictures(folder / "pool", ("c",))
    for part in ("train", "test"):
        (folder / part / "c").symlink_to(f"../pool/{part}/c")
        (folder / part / "b" / "0.png").rename(folder / f"{part}-b")
        (folder / part / "b" / "0.png").symlink_to(f"../../{part}-b")
    classes, images = read(folder)
    assert classes == expected
    assert len(images) == 6


def test_links_in_circles_end(read: Read, folder: Path) -> None:
    expected = read(folder)
    (folder / "loop").symlink_to(".")
    (folder / "train" / "a" / "up").symlink_to("../..")
    (folder / "x").symlink_to("y")
    (folder / "y").symlink_to("x")
    for label, other in (("a", "b"), ("b", "a")):
        (folder / "test" / label / "other").symlink_to(f"../{other}")
    classes, images = read(folder)
    assert classes == expected[0]
    assert torch.equal(images, expected[1])


def test_a_part_that_links_to_another_is_read(read: Read, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", parts=("train",))
    (folder / "test").symlink_to("train")
    assert read(folder)[0] == ("a", "b")


def test_classes_without_pictures_are_named(read: Read, folder: Path) -> None:
    for part in ("train", "test"):
        (folder / part / "empty").mkdir()
        (folder / part / "empty" / "Thumbs.db").write_text("")
    with pytest.raises(ValueError, match=r"train has classes without pictures: empty$"):
        read(folder)


def test_classes_of_one_part_alone_are_named(read: Read, folder: Path) -> None:
    (folder / "test" / "b").rename(folder / "test" / "other")
    with pytest.raises(ValueError, match="train and test do not have the same classes: b, other"):
        read(folder)


def test_links_that_lead_nowhere_are_named(read: Read, folder: Path) -> None:
    (folder / "test" / "a" / "2.png").symlink_to("gone.png")
    with pytest.raises(ValueError, match=r"test/a/2\.png is a (broken link|link to gone\.png, which does not exist)"):
        read(folder)


@pytest.mark.parametrize("target", ["../gone", "c"])
def test_links_to_classes_that_lead_nowhere_are_named(target: str, read: Read, folder: Path) -> None:
    for part in ("train", "test"):
        (folder / part / "c").symlink_to(target)
    with pytest.raises(ValueError, match="train/c is a link that leads nowhere"):
        read(folder)


def test_links_in_a_circle_are_named(read: Read, folder: Path) -> None:
    (folder / "test" / "a" / "2.png").symlink_to("2.png")
    with pytest.raises(ValueError, match=r"test/a/2\.png is a (broken link|link to 2\.png)"):
        read(folder)


def test_a_named_pipe_is_not_waited_for(read: Read, folder: Path) -> None:
    os.mkfifo(folder / "test" / "a" / "2.png")
    with pytest.raises(ValueError, match=r"test/a/2\.png is (a broken link, )?no regular file"):
        read(folder)


def test_a_picture_that_may_not_be_read_is_named(
    read_disk: Read, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=r"0\.png cannot be read: Permission denied"):
        read_disk(folder)


RAMP = np.arange(1024, dtype=np.uint16).reshape(32, 32) * 64
GRAY = Image.fromarray((RAMP >> 8).astype(np.uint8))
SIXTEEN_BITS = Image.fromarray(RAMP)


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (GRAY, GRAY),
        (SIXTEEN_BITS, GRAY),
        (GRAY.convert("RGBA"), GRAY),
        (GRAY.convert("LA"), GRAY),
        (GRAY.convert("P"), GRAY),
        (GRAY.convert("1"), GRAY.convert("1")),
    ],
    ids=["L", "I;16", "RGBA", "LA", "P", "1"],
)
def test_every_depth_keeps_its_brightness(
    picture: Image.Image, expected: Image.Image, read: Read, folder: Path, recwarn: pytest.WarningsRecorder
) -> None:
    expected.convert("RGB").save(folder / "test" / "a" / "0.png")
    wanted = read(folder)[1][0]
    picture.save(folder / "test" / "a" / "0.png")
    assert torch.equal(read(folder)[1][0], wanted)
    assert not recwarn.list


def test_palettes_with_transparency_give_no_warning(read: Read, folder: Path, recwarn: pytest.WarningsRecorder) -> None:
    GRAY.convert("P").save(folder / "test" / "a" / "0.png", transparency=bytes(range(256)))
    assert read(folder)[1][0].float().mean() == pytest.approx(np.asarray(GRAY).mean(), abs=5)
    assert not recwarn.list


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_jpegs_of_other_colours_become_rgb(mode: str, read: Read, folder: Path) -> None:
    Image.new("RGB", (32, 32), (200, 100, 50)).convert(mode).save(folder / "test" / "a" / "0.jpg")
    means = read(folder)[1][0].mean((1, 2))
    assert means.tolist() == pytest.approx([200, 100, 50], abs=3)


def test_pictures_are_not_turned(read: Read, folder: Path) -> None:
    picture = Image.fromarray(np.repeat(np.arange(32, dtype=np.uint8) * 8, 32).reshape(32, 32))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned right
    picture.save(folder / "test" / "a" / "0.jpg", exif=exif)
    down = read(folder)[1][0][0].mean(1)
    assert (down.diff() >= 0).all()
    assert down[-1] - down[0] > 150


def test_animated_pictures_give_their_first_frame(read: Read, folder: Path) -> None:
    first, second = (Image.new("RGB", (32, 32), (level,) * 3) for level in (50, 200))
    first.save(folder / "test" / "a" / "0.png", save_all=True, append_images=[second])
    assert read(folder)[1][0].mean() == pytest.approx(50, abs=0.01)


def broken_chunk() -> bytes:
    whole = bytearray(png(32, 32, content=zlib.compress(bytes(33 * 32))))
    whole[45] ^= 255
    return bytes(whole)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (png(30_000, 30_000, content=zlib.compress(bytes(1000))), "claims too many pixels"),
        (png(10_000, 10_000, content=zlib.compress(bytes(1000))), "claims too many pixels"),
        (broken_chunk(), "is not a picture, or damaged"),
        (png(32, 32), "is not a picture, or damaged"),
        (b"", "is not a picture, or damaged"),
        (b"text", "is not a picture, or damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n", "is not a picture, or damaged"),
    ],
    ids=["bomb", "smaller bomb", "chunk", "no pixels", "empty", "text", "program"],
)
def test_damaged_pictures_are_named(
    content: bytes, message: str, read: Read, folder: Path, recwarn: pytest.WarningsRecorder
) -> None:
    (folder / "test" / "a" / "0.png").write_bytes(content)
    with pytest.raises(ValueError, match=f"test/a/0.png {message}") as caught:
        read(folder)
    assert "\n" not in str(caught.value)
    assert not recwarn.list


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pictures_of_floats_and_of_32_bits_are_refused(mode: str, read: Read, folder: Path) -> None:
    Image.new(mode, (32, 32), 1).save(folder / "test" / "a" / "0.png", format="TIFF")
    with pytest.raises(ValueError, match=r"0\.png is not a picture, or damaged"):
        read(folder)


@pytest.mark.parametrize("size", [(1, 50_000), (50_000, 1)])
def test_narrow_pictures_take_little_memory(size: tuple[int, int], folder: Path) -> None:
    Image.new("L", size, 77).save(folder / "test" / "a" / "0.png")
    assert read_folders(folder)[1][0].mean() == pytest.approx(77, abs=0.01)
