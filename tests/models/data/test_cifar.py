"""CIFAR-10 in each of its formats, and what is wrong with those that are not."""

import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from models.data.cifar import cifar10
from tests.support.images import write_batches


class Harmful:
    def __reduce__(self) -> Any:
        return (print, ("this must not run",))


def write_pictures(folder: Path, classes: tuple[str, ...] = ("bird", "cat"), size: int = 32) -> Path:
    random = np.random.default_rng(0)
    for part, count in (("train", 3), ("test", 2)):
        for label in classes:
            (folder / part / label).mkdir(parents=True)
            for index in range(count):
                pixels = random.integers(0, 256, (size, size, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / part / label / f"{index}.png")
    return folder


def archive(folder: Path, path: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        tar.add(folder, arcname="data")
    return path


def test_python_batches_are_read_from_folder_and_archive(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "batches")
    for path in (folder, folder / "cifar-10-batches-py", archive(folder, tmp_path / "cifar.tar.gz")):
        data = cifar10(path)
        assert data.train.images.shape == (50, 3, 32, 32)
        assert data.test.images.shape == (10, 3, 32, 32)
        assert data.test.labels.tolist() == list(range(10))
        with (folder / "cifar-10-batches-py" / "test_batch").open("rb") as file:
            first = pickle.load(file)[b"data"][0]
        assert data.test.images[0].flatten().tolist() == first.tolist()


def test_pictures_are_read_from_folder_and_archive(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures")
    for path in (folder, archive(folder, tmp_path / "pictures.tar.gz")):
        data = cifar10(path)
        assert data.classes == ("bird", "cat")
        assert data.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
        expected = np.array(Image.open(folder / "test" / "cat" / "1.png"))
        assert np.array_equal(data.test.images[3].permute(1, 2, 0).numpy(), expected)


def test_normalised_training_images_have_mean_0_and_deviation_1(tmp_path: Path) -> None:
    data = cifar10(write_pictures(tmp_path / "pictures"))
    values = data.normalise(data.train.images)
    assert torch.allclose(values.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(values.std((0, 2, 3)), torch.ones(3), atol=1e-5)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_batches(tmp_path / "batches", **{"x": Harmful()})
    with pytest.raises(ValueError, match=r"it holds builtins\.print|it holds __builtin__\.print"):
        cifar10(folder)
    assert capsys.readouterr().out == ""


def test_damaged_and_foreign_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none: no such folder or archive with CIFAR-10"):
        cifar10(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty has neither CIFAR-10's python batches nor train/CLASS"):
        cifar10(tmp_path / "empty")
    (tmp_path / "text.tar").write_text("not a tar archive")
    with pytest.raises(ValueError, match=r"text\.tar is damaged, or not a tar archive"):
        cifar10(tmp_path / "text.tar")

    batches = write_batches(tmp_path / "batches")
    cut = archive(batches, tmp_path / "cut.tar.gz")
    cut.write_bytes(cut.read_bytes()[:20_000])
    with pytest.raises(ValueError, match=r"cut\.tar\.gz is damaged"):
        cifar10(cut)
    third = batches / "cifar-10-batches-py" / "data_batch_3"
    third.write_bytes(third.read_bytes()[:500])
    with pytest.raises(ValueError, match="data_batch_3 cannot be read as a pickled data set"):
        cifar10(batches)
    third.unlink()
    with pytest.raises(ValueError, match="batches lacks data_batch_3"):
        cifar10(batches)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({b"labels": [1, 2]}, "has 10 images and 2 labels"),
        ({b"labels": [99] * 10}, "labels from 0 to 9"),
        ({b"data": np.zeros((10, 7), dtype=np.uint8)}, "is not a CIFAR-10 batch"),
        ({b"data": None}, "is not a CIFAR-10 batch"),
    ],
)
def test_batches_of_another_form_are_named(changes: dict[bytes, Any], message: str, tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "batches")
    path = folder / "cifar-10-batches-py" / "data_batch_2"
    path.write_bytes(pickle.dumps(pickle.loads(path.read_bytes()) | changes))
    with pytest.raises(ValueError, match=message):
        cifar10(folder)


def test_pictures_that_do_not_match_are_named(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "odd")
    (folder / "train" / "dog").mkdir()
    (folder / "train" / "dog" / "0.png").write_bytes((folder / "train" / "cat" / "0.png").read_bytes())
    with pytest.raises(ValueError, match="train and test do not have the same classes: dog"):
        cifar10(folder)
    with pytest.raises(ValueError, match="has 16 x 16 pixels, not 32 x 32"):
        cifar10(write_pictures(tmp_path / "small", size=16))
    folder = write_pictures(tmp_path / "broken")
    picture = folder / "test" / "cat" / "1.png"
    picture.write_bytes(picture.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"1\.png is not a picture, or damaged"):
        cifar10(folder)
    buffer = io.BytesIO()
    Image.new("L", (32, 32)).save(buffer, "png")
    picture.write_bytes(buffer.getvalue())
    assert cifar10(folder).test.images.shape == (4, 3, 32, 32)  # gray pictures become RGB


def test_pictures_of_16_bits_keep_their_high_bits(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path)
    ramp = np.arange(1024, dtype=np.uint16).reshape(32, 32) * 64
    Image.fromarray(ramp).save(folder / "train" / "bird" / "0.png")
    image = cifar10(folder).train.images[0]
    assert torch.equal(image, torch.from_numpy((ramp >> 8).astype(np.uint8)).expand(3, -1, -1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({b"data": np.full((10, 3072), 0.5)}, "its data are not integers from 0 to 255"),
        ({b"data": np.full((10, 3072), 256)}, "its data are not integers from 0 to 255"),
        ({b"data": [[1], [2, 3]]}, "is not a CIFAR-10 batch"),
        ({b"data": np.zeros((0, 3072), np.uint8), b"labels": []}, "is not a CIFAR-10 batch"),
        ({b"labels": []}, "labels are not integers"),
        ({b"labels": [0.5] * 10}, "its labels are not integers"),
        ({b"labels": [10**30] * 10}, "its labels are not integers"),
        ({b"labels": [-1] * 10}, "its labels are not integers"),
        ({b"labels": [[1]] * 10}, "has 10 images and 10 labels"),
    ],
)
def test_batches_of_wrong_numbers_are_named(changes: dict[bytes, Any], message: str, tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "batches")
    path = folder / "cifar-10-batches-py" / "data_batch_2"
    path.write_bytes(pickle.dumps(pickle.loads(path.read_bytes()) | changes))
    with pytest.raises(ValueError, match=f"data_batch_2 .*{message}"):
        cifar10(folder)


def test_batches_of_other_keys_are_named(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "batches")
    path = folder / "cifar-10-batches-py" / "data_batch_2"
    path.write_bytes(pickle.dumps({b"data": np.zeros((10, 3072), np.uint8), b"fine_labels": [0] * 10}))
    with pytest.raises(ValueError, match="data_batch_2 is not a CIFAR-10 batch: it lacks b'labels'"):
        cifar10(folder)


def test_the_uppermost_of_several_data_sets_is_read(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "data")
    write_pictures(folder / "backup", ("dog",))
    assert cifar10(folder).classes == ("bird", "cat")
    write_pictures(tmp_path / "both" / "first")
    write_pictures(tmp_path / "both" / "second")
    with pytest.raises(ValueError, match="both holds several data sets; name one of first, second"):
        cifar10(tmp_path / "both")


def test_batches_of_several_data_sets_are_not_mixed(tmp_path: Path) -> None:
    both = tmp_path / "both"
    for name in ("first", "second"):
        write_batches(both / name)
    inner = "cifar-10-batches-py"
    for path in (both, archive(both, tmp_path / "both.tar.gz")):
        with pytest.raises(
            ValueError, match=rf"both.* holds several data sets; name one of .*first/{inner}, .*second/"
        ):
            cifar10(path)
    (both / "second" / inner / "test_batch").unlink()
    (both / "first" / inner / "data_batch_4").unlink()
    with pytest.raises(ValueError, match=rf"both lacks data_batch_4 beside first/{inner}/test_batch"):
        cifar10(both)


def test_the_uppermost_batches_are_read(tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "data")
    old = write_batches(folder / "backup" / "old")
    for batch in old.rglob("*_batch*"):
        batch.write_bytes(b"not read")
    assert len(cifar10(folder).train.images) == 50


@pytest.mark.parametrize("channel", [0, 1, 2])
@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_constant_channel_is_named(channel: int, level: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (10, 3, 1024), dtype=np.uint8)
    pixels[:, channel] = level
    folder = write_batches(tmp_path / "batches", **{"x": 0})
    for path in folder.rglob("*_batch*"):
        path.write_bytes(pickle.dumps({b"data": pixels.reshape(10, -1), b"labels": list(range(10))}))
    message = f"CIFAR-10 cannot be normalised: channel {channel + 1} of 3 is {level} in every pixel of the training"
    with pytest.raises(ValueError, match=message):
        cifar10(folder)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_is_read(protocol: int, tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "batches", **{"names": np.array(["a", "bc"]), "files": np.array([b"x"])})
    expected = cifar10(folder)
    for path in folder.rglob("*_batch*"):
        path.write_bytes(pickle.dumps(pickle.loads(path.read_bytes()), protocol))
    assert torch.equal(cifar10(folder).train.images, expected.train.images)


@pytest.mark.parametrize("flags", [1, 63])
def test_a_type_whose_state_is_damaged_is_refused(flags: int, tmp_path: Path) -> None:
    folder = write_batches(tmp_path / "batches")
    path = folder / "cifar-10-batches-py" / "data_batch_2"
    whole = path.read_bytes()
    state = b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00"
    assert state in whole
    path.write_bytes(whole.replace(state, state[:-1] + bytes([flags])))
    with pytest.raises(ValueError, match=r"data_batch_2 cannot .* an array of type uint8, whose state is damaged"):
        cifar10(folder)


def test_batches_of_early_versions_give_no_warning(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    """As the published CIFAR-10: numpy wrote integers where it writes truth values today."""
    folder = write_batches(tmp_path / "batches")
    for path in folder.rglob("*_batch*"):
        content = path.read_bytes()
        assert b"\x89\x88\x87" in content
        path.write_bytes(content.replace(b"\x89\x88\x87", b"K\x00K\x01\x87"))
    assert cifar10(folder).train_count == 50
    assert not recwarn.list
