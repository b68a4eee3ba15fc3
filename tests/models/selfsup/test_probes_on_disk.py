"""Labelled pictures on disk, as probes take them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.backbones.resnet_encoder import resnet_encoder
from models.data.folders import ImageFolders
from models.progress import Progress
from models.selfsup.probes.disk import probe_folders
from models.selfsup.probes.evaluation import probe_encoder
from models.selfsup.probes.settings import ProbeSettings
from models.selfsup.views.recipes import RECIPES
from tests.support.pictures import write_pictures

CIFAR, IMAGENET = RECIPES["cifar"], RECIPES["imagenet"]


def folders(tmp_path: Path, size: int = 32) -> ImageFolders:
    return ImageFolders(write_pictures(tmp_path / "data"), size=size, workers=0)


def test_plain_images_are_the_held_out_ones_of_the_loader(tmp_path: Path) -> None:
    found = folders(tmp_path, 96)
    data = probe_folders(found, (3, 96, 96), IMAGENET)
    images, labels = next(found.held_out_batches(10))
    torch.testing.assert_close(torch.cat(list(data.test.plain([torch.arange(3), torch.tensor([3])]))), images)
    assert data.test.labels.tolist() == labels.tolist()
    assert (data.name, data.digest, data.classes) == (found.name, found.digest, found.classes)


def test_augmented_images_are_crops_that_depend_on_seed_epoch_and_number(tmp_path: Path) -> None:
    images = probe_folders(folders(tmp_path), (3, 32, 32), CIFAR).train
    (whole,) = images.augmented([torch.arange(4)], 0, 1)
    assert whole.shape == (4, 3, 32, 32)
    assert 0 <= whole.min() <= whole.max() <= 1
    (part,) = images.augmented([torch.tensor([2, 1])], 0, 1)
    torch.testing.assert_close(part, whole[[2, 1]])
    assert not torch.equal(next(images.augmented([torch.arange(4)], 0, 2)), whole)


def test_probes_read_from_disk(tmp_path: Path) -> None:
    data = probe_folders(folders(tmp_path), (3, 32, 32), CIFAR)
    encoder = resnet_encoder("resnet18", "cifar", 3, width=2)
    settings = ProbeSettings(probe=("cached", "augmented", "fine-tuning"), l2=0.1, probe_rate=(0.1,), probe_steps=2)
    with Progress(quiet=True) as progress:
        records = list(probe_encoder(encoder, data, settings, tmp_path / "probes", progress))
    assert [one["probe"] for one in records] == ["cached", "augmented", "fine-tuning"]
    assert all(one["labels"] == one["test_images"] == 4 for one in records)


def test_encoders_of_other_images_and_damaged_pictures_are_refused(tmp_path: Path) -> None:
    found = folders(tmp_path)
    for shape in ((1, 32, 32), (3, 32, 24)):
        with pytest.raises(ValueError, match=r"takes images of \(., 32, .*"):
            probe_folders(found, shape, CIFAR)
    path = tmp_path / "data" / "train" / "b" / "1.jpg"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:200])
    images = probe_folders(ImageFolders(tmp_path / "data", size=32, workers=0), (3, 32, 32), CIFAR).train
    for batches in (images.plain([torch.arange(5)]), images.augmented([torch.arange(5)], 0, 0)):
        with pytest.raises(ValueError, match=r"b/1\.jpg is not a picture, or damaged"):
            list(batches)
