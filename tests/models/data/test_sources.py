"""Batches of data in memory, against the images they are drawn from."""

import zlib

import pytest
import torch

from models.data.images import ImageData, Split
from models.data.sources import ImageSource, batch_sizes, evenly_spaced, shuffled_batches
from models.data.transforms import Augmentation


def numbered(train: int, test: int = 5) -> ImageData:
    """Images that carry their own number in every pixel, which is their label too."""
    parts = []
    for count in (train, test):
        labels = torch.arange(count)
        parts.append(Split(labels.to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 2, 4, 6).clone(), labels))
    return ImageData("numbered", parts[0], parts[1], ("a", "b"), (1.0, 2.0), (2.0, 4.0))


def test_counts_and_shape_are_those_of_the_splits() -> None:
    source: ImageSource = numbered(7)
    assert (source.name, source.shape, source.train_count, source.test_count) == ("numbered", (2, 4, 6), 7, 5)


def test_an_epoch_has_every_image_once_normalised_with_its_label() -> None:
    seen = []
    for images, labels in numbered(22).training_batches(5, Augmentation(), "0 float 1"):
        assert images.dtype == torch.float32
        assert labels.dtype == torch.int64
        assert torch.equal(images[:, 0], ((labels - 1) / 2).view(-1, 1, 1).expand(-1, 4, 6))
        assert torch.equal(images[:, 1], ((labels - 2) / 4).view(-1, 1, 1).expand(-1, 4, 6))
        seen.append(labels.tolist())
    assert [len(batch) for batch in seen] == [5, 5, 5, 5, 2]
    order = [label for batch in seen for label in batch]
    assert sorted(order) == list(range(22))
    assert order != list(range(22))


def test_the_key_alone_decides_order_and_changes() -> None:
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (9, 2, 4, 6), dtype=torch.uint8, generator=random)
    data = ImageData("random", Split(images, torch.arange(9)), numbered(1).test, ("a",), (0.0, 0.0), (1.0, 1.0))
    got = list(data.training_batches(4, Augmentation(shift=2, flip=True), "0 finetune 3"))

    # The order, then shift and mirroring batch by batch, from one generator: runs recorded earlier depend on it.
    generator = torch.Generator().manual_seed(zlib.crc32(b"0 finetune 3"))
    order = torch.randperm(9, generator=generator)
    for (batch, labels), chosen in zip(got, (order[:4], order[4:8]), strict=True):
        assert torch.equal(labels, chosen)
        down, right = torch.randint(0, 5, (2, len(chosen), 1), generator=generator).squeeze(2).tolist()
        mirrored = (torch.rand(len(chosen), 1, 1, 1, generator=generator) < 0.5).flatten().tolist()
        padded = torch.nn.functional.pad(images[chosen], (2, 2, 2, 2))
        for place, (image, found) in enumerate(zip(padded, batch, strict=True)):
            cut = image[:, down[place] : down[place] + 4, right[place] : right[place] + 6]
            assert torch.equal(found, (cut.flip(2) if mirrored[place] else cut).float())

    torch.manual_seed(1)
    again = list(data.training_batches(4, Augmentation(shift=2, flip=True), "0 finetune 3"))
    for (images_then, labels_then), (images_now, labels_now) in zip(got, again, strict=True):
        assert torch.equal(images_then, images_now)
        assert torch.equal(labels_then, labels_now)
    other = next(data.training_batches(4, Augmentation(shift=2, flip=True), "0 finetune 4"))
    assert not torch.equal(other[1], got[0][1])


def test_a_last_batch_of_one_image_is_left_out_unless_it_is_the_only_image() -> None:
    sizes = {
        count: [len(batch) for batch in shuffled_batches(count, 4, torch.Generator())] for count in (1, 2, 4, 5, 6)
    }
    assert sizes == {1: [1], 2: [2], 4: [4], 5: [4], 6: [4, 2]}


def test_held_out_batches_are_all_in_order() -> None:
    batches = list(numbered(3, 5).held_out_batches(2))
    assert [labels.tolist() for _, labels in batches] == [[0, 1], [2, 3], [4]]
    assert batches[2][0][0, 0, 0, 0] == (4 - 1) / 2


@pytest.mark.parametrize(
    ("count", "expected"), [(3, [0, 3, 6, 9]), (5, [0, 2, 4, 6, 8]), (10, range(10)), (99, range(10))]
)
def test_calibration_images_are_spread_evenly(count: int, expected: list[int]) -> None:
    images = numbered(10).calibration_batch(count)[0]
    assert (images[:, 0, 0, 0] * 2 + 1).tolist() == list(expected)


def test_numbers_out_of_range_are_named() -> None:
    data = numbered(4)
    for shift in (-1, 17):
        with pytest.raises(ValueError, match=f"shift is {shift}; allowed are 0 to 16 pixels"):
            Augmentation(shift=shift)
    with pytest.raises(ValueError, match="batch size is 0; allowed are 1 and more"):
        next(data.training_batches(0, Augmentation(), ""))
    with pytest.raises(ValueError, match="batch size is -2; allowed are 1 and more"):
        next(data.held_out_batches(-2))
    with pytest.raises(ValueError, match="number of calibration images is 0; allowed are 1 and more"):
        data.calibration_batch(0)[0]


def test_an_epoch_can_start_at_any_batch() -> None:
    data, augmentation = numbered(22), Augmentation(shift=1, flip=True)
    whole = list(data.training_batches(5, augmentation, "key"))
    for first in range(len(whole) + 1):
        rest = list(data.training_batches(5, augmentation, "key", first))
        assert len(rest) == len(whole) - first
        for (images, labels), (expected, expected_labels) in zip(rest, whole[first:], strict=True):
            assert torch.equal(images, expected)
            assert torch.equal(labels, expected_labels)


def test_data_stay_where_they_are_on_a_cpu() -> None:
    data = numbered(4)
    assert data.on(torch.device("cpu")) is data


@pytest.mark.parametrize("batch_size", range(1, 8))
def test_batch_sizes_are_those_of_the_batches(batch_size: int) -> None:
    for count in range(1, 20):
        batches = shuffled_batches(count, batch_size, torch.Generator())
        assert batch_sizes(count, batch_size) == {len(batch) for batch in batches}


@pytest.mark.parametrize("deviation", [0.0, float("nan"), -1.0])
def test_data_without_deviation_are_refused(deviation: float) -> None:
    parts = numbered(3).train, numbered(3).test
    with pytest.raises(ValueError, match="few cannot be normalised: channel 2 of 2 is 4 in every pixel"):
        ImageData("few", *parts, ("a",), (3.0, 4.0), (1.0, deviation))


def test_numbers_are_evenly_spaced() -> None:
    assert evenly_spaced(10, 4).tolist() == [0, 2, 5, 7]
    assert evenly_spaced(3, 5).tolist() == [0, 1, 2]
