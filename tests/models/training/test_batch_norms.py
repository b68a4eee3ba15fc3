"""Batch norms that would see too few values, against torch's own refusal."""

from contextlib import nullcontext

import pytest
import torch

from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network
from models.data.sources import shuffled_batches
from models.training.batch_norms import check_batch_norms

SMALL = ("digits", "vgg7", "resnet20")


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("images", [1, 2, 3, 5])
def test_what_torch_cannot_train_on_is_refused(name: str, images: int) -> None:
    network = build_network(name, NetworkOptions(width=2))
    shape = NETWORKS[name].image_shape
    fails = False
    network.train()
    for batch in shuffled_batches(images, 2, torch.Generator()):
        try:
            network(torch.rand(len(batch), *shape))
        except ValueError:
            fails = True
    with pytest.raises(ValueError, match="batch norm of layer") if fails else nullcontext():
        check_batch_norms(lambda: network, shape, images=images, batch_size=2)


def test_the_message_has_the_numbers() -> None:
    network = build_network("vgg7", NetworkOptions(width=2))
    with pytest.raises(ValueError, match="needs 2 values per channel") as caught:
        check_batch_norms(lambda: network, (3, 32, 32), images=1, batch_size=64)
    assert str(caught.value) == (
        "batch norm of layer seventh.norm, of 16, needs 2 values per channel, and a batch of 1 image gives it 1; "
        "training images: 1, batch size: 64, processes: 1"
    )


@pytest.mark.parametrize(
    ("images", "batch_size", "processes", "fits"),
    [(3, 64, 2, False), (4, 64, 2, True), (100, 6, 4, False), (100, 8, 4, True), (9, 8, 4, True), (1, 2, 2, False)],
)
def test_batches_too_small_for_all_processes_are_refused(
    images: int, batch_size: int, processes: int, fits: bool
) -> None:
    network = build_network("vgg7", NetworkOptions(width=2))
    message = f"training images: {images}, batch size: {batch_size}, processes: {processes}"
    with nullcontext() if fits else pytest.raises(ValueError, match=message):
        check_batch_norms(lambda: network, (3, 32, 32), images=images, batch_size=batch_size, processes=processes)
