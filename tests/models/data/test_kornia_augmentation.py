"""Changes of batches by kornia: labels go with pixels, odd batches, the same numbers from the same seed."""

import importlib.util
import sys

import pytest
import torch

from models.data.kornia_augmentation import BatchAugmentation, BatchAugmenter

NORMALISATION = (120.0,) * 3, (60.0,) * 3, 255

needs_kornia = pytest.mark.skipif(importlib.util.find_spec("kornia") is None, reason="needs kornia")


def test_no_change_needs_no_kornia() -> None:
    images, labels = torch.randn(3, 3, 8, 8), torch.arange(3)
    changed, partners, shares = BatchAugmenter(BatchAugmentation(), *NORMALISATION)(images, labels)
    assert changed is images
    assert partners is labels
    assert shares.tolist() == [1, 1, 1]


def test_a_missing_kornia_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kornia.augmentation", None)
    with pytest.raises(ValueError, match=r"kornia is not installed; pip install 'wrapmac\[augment\]'"):
        BatchAugmenter(BatchAugmentation(mixup=0.5), *NORMALISATION)


@needs_kornia
@pytest.mark.parametrize("change", [{"rand_augment": 2}, {"mixup": 1.0}, {"cutmix": 1.0}, {"erasing": 0.5}])
def test_odd_batches_are_a_function_of_the_seed(change: dict[str, float]) -> None:
    augment = BatchAugmenter(BatchAugmentation(**change), *NORMALISATION)  # type: ignore[arg-type]
    images, labels = torch.randn(13, 3, 16, 16), torch.arange(13)
    found = []
    for _ in range(2):
        torch.manual_seed(3)
        found.append(augment(images, labels))
    for one, other in zip(*found, strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(found[0][0], images)


@needs_kornia
def test_shares_of_labels_are_those_of_pixels() -> None:
    images = torch.arange(7.0).view(-1, 1, 1, 1).expand(-1, 3, 16, 16).contiguous()
    for change in ({"mixup": 1.0}, {"cutmix": 1.0}):
        torch.manual_seed(0)
        mixed, partners, shares = BatchAugmenter(BatchAugmentation(**change), *NORMALISATION)(images, torch.arange(7))
        expected = shares * torch.arange(7) + (1 - shares) * partners
        assert torch.allclose(mixed.mean((1, 2, 3)), expected, atol=1e-5)
