"""Features of folders of pictures, and their planes."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.decomposition import PCA

from models.backbones.resnet_encoder import resnet_encoder
from models.data.pictures import seen_part
from models.progress import Progress
from models.selfsup.embed import Embedding, embed_folder
from models.selfsup.planes import LARGEST_PLANE, plane_of, shown_points
from models.selfsup.probes.frozen import state_digest
from models.selfsup.views.recipes import RECIPES
from tests.support.pictures import write_pictures
from tests.support.probes import SmallEncoder

CIFAR, IMAGENET = RECIPES["cifar"], RECIPES["imagenet"]
ENCODER = resnet_encoder("resnet18", "cifar", 3, width=2).eval()


def embedded(folder: Path, size: int = 32, recipe: object = CIFAR) -> Embedding:
    with Progress(quiet=True) as progress:
        return embed_folder(ENCODER, folder, (3, size, size), recipe, progress)  # type: ignore[arg-type]


@pytest.mark.parametrize(("recipe", "mean", "std"), [(CIFAR, 0.0, 1.0), (IMAGENET, IMAGENET.mean, IMAGENET.std)])
def test_features_are_those_of_the_normalised_pixels(recipe: object, mean: object, std: object, tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    Image.new("L", (32, 32), 90).save(tmp_path / "pictures" / "top.jpg")
    (tmp_path / "pictures" / "notes.txt").write_text("no picture", encoding="utf-8")
    before = state_digest(ENCODER)
    found = embedded(tmp_path / "pictures", recipe=recipe)
    assert state_digest(ENCODER) == before
    assert found.files == (
        *(f"test/{label}/{index}.png" for label in "ab" for index in "01"),
        "top.jpg",
        *(f"train/{label}/{index}.png" for label in "ab" for index in "01"),
    )
    assert found.groups[3:6] == ("test/b", "", "train/a")
    pictures = [Image.open(tmp_path / "pictures" / file).convert("RGB") for file in found.files]
    pixels = (np.stack([np.asarray(one) for one in pictures]) / 255 - mean) / std
    with torch.no_grad():
        expected = ENCODER(torch.from_numpy(pixels).float().permute(0, 3, 1, 2)).numpy()
    np.testing.assert_allclose(found.features, expected, rtol=1e-4, atol=1e-6)
    found.save(tmp_path / "features.npz")
    with np.load(tmp_path / "features.npz") as stored:
        np.testing.assert_array_equal(stored["features"], found.features)
        assert tuple(stored["files"]) == found.files
        assert tuple(stored["groups"]) == found.groups


def test_pictures_of_any_size_are_scaled_and_the_whole_of_small_ones_is_seen(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 256, (32, 32, 3), dtype=np.uint8))
    assert torch.equal(seen_part(picture, 32).permute(1, 2, 0), torch.from_numpy(np.array(picture)))
    for index, size in enumerate([(32, 32), (100, 40), (7, 300)]):
        Image.fromarray(random.integers(0, 256, (*size, 3), dtype=np.uint8)).save(tmp_path / f"{index}.png")
    assert embedded(tmp_path).features.shape == (3, 16)
    assert embedded(tmp_path, size=80).features.shape == (3, 16)
    wide = Image.new("RGB", (300, 100))
    wide.paste((255, 0, 0), (100, 0, 200, 100))
    assert (seen_part(wide, 50)[0, :, 1:-1] == 255).all()


def test_grey_encoders_see_the_luma(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), (200, 100, 50)).save(tmp_path / "a.png")
    with Progress(quiet=True) as progress:
        found = embed_folder(SmallEncoder(), tmp_path, (1, 8, 8), CIFAR, progress)
    grey = torch.full((1, 1, 8, 8), round(0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255)
    np.testing.assert_allclose(found.features, SmallEncoder()(grey).detach().numpy(), rtol=1e-5)


def test_bad_folders_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="none: no such folder"):
        embedded(tmp_path / "none")
    with pytest.raises(ValueError, match="has no pictures"):
        embedded(tmp_path)
    picture = tmp_path / "cut.jpg"
    Image.new("RGB", (64, 64), (9, 8, 7)).save(picture)
    picture.write_bytes(picture.read_bytes()[:300])
    with pytest.raises(ValueError, match=r"cut\.jpg is not a picture, or damaged"):
        embedded(tmp_path)


def blobs(count: int) -> np.ndarray:
    random = np.random.default_rng(0)
    return (random.normal(size=(count, 6)) + 8 * (np.arange(count) % 3)[:, None]).astype(np.float32)


def test_principal_components_are_scikit_learns() -> None:
    features = blobs(60)
    found, expected = plane_of(features, "pca", 0), PCA(2).fit_transform(features.astype(np.float64))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-6)


def test_t_sne_keeps_groups_together_and_repeats_itself() -> None:
    features = blobs(60)
    found = plane_of(features, "tsne", 0)
    np.testing.assert_array_equal(found, plane_of(features, "tsne", 0))
    distances = np.linalg.norm(found[:, None] - found[None], axis=2) + 1e9 * np.eye(60)
    assert (distances.argmin(1) % 3 == np.arange(60) % 3).all()


@pytest.mark.parametrize("kind", ["pca", "tsne"])
@pytest.mark.parametrize("shape", [(3, 1), (3, 40)])
def test_few_pictures_have_planes_too(kind: str, shape: tuple[int, int]) -> None:
    features = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    assert plane_of(features, kind, 0).shape == (3, 2)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="there are 2 pictures"):
        plane_of(features[:2], kind, 0)  # type: ignore[arg-type]


def test_planes_show_a_part_of_many_pictures() -> None:
    assert shown_points(7, 0).tolist() == list(range(7))
    shown = shown_points(3 * LARGEST_PLANE, 0)
    assert len(set(shown.tolist())) == LARGEST_PLANE
    assert (np.diff(shown) > 0).all()
