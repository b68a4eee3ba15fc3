"""The same random views by other packages: torchvision and lightly on Pillow's images one by one, kornia on batches."""

from collections.abc import Callable, Mapping
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from models.selfsup.views.recipes import ViewRecipe
from reports.bench import torchvision_peer
from reports.bench.contenders import Call

TORCHVISION = "torchvision on Pillow"
LIGHTLY = "lightly on Pillow"
KORNIA = "kornia, one order a batch"

_PACKAGES = {TORCHVISION: "torchvision", LIGHTLY: "lightly", KORNIA: "kornia"}
_STRENGTH_OF_LIGHTLY = 0.8  # that its jitter has at strength 1; hue has 0.2


def peers(images: Tensor, recipe: ViewRecipe) -> dict[str, Call]:
    """Calls that make both views of images (n, 3, height, width), uint8, by the packages that are installed."""
    made: Mapping[str, Callable[[Tensor, ViewRecipe], Call]] = {
        TORCHVISION: _torchvision,
        LIGHTLY: _lightly,
        KORNIA: _kornia,
    }
    return {name: make(images, recipe) for name, make in made.items() if is_installed(name)}


def peer_versions() -> dict[str, str]:
    """The versions of the installed packages, by name."""
    return {_PACKAGES[name]: metadata.version(_PACKAGES[name]) for name in _PACKAGES if is_installed(name)}


def is_installed(name: str) -> bool:
    """Whether a peer's packages are; lightly draws on torchvision."""
    return find_spec(_PACKAGES[name]) is not None and (name == KORNIA or find_spec(torchvision_peer.NAME) is not None)


def _torchvision(images: Tensor, recipe: ViewRecipe) -> Call:
    package = torchvision_peer.transforms()
    crop = package.RandomResizedCrop(
        tuple(images.shape[2:]), recipe.scale, recipe.ratio, package.InterpolationMode(recipe.interpolation)
    )
    jitter = package.ColorJitter(recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue)
    change = package.Compose(
        [
            crop,
            package.RandomHorizontalFlip(recipe.mirrored),
            package.RandomApply([jitter], recipe.jittered),
            package.RandomGrayscale(recipe.grey),
            package.ToTensor(),
        ]
    )
    pictures = _pictures(images)
    return lambda: [torch.stack([change(picture) for picture in pictures]) for _ in range(2)]


def _lightly(images: Tensor, recipe: ViewRecipe) -> Call:
    change, pictures = lightly_transform(recipe, images.shape[-1]), _pictures(images)
    return lambda: [torch.stack(views) for views in zip(*(change(picture) for picture in pictures), strict=True)]


def lightly_transform(recipe: ViewRecipe, side: int) -> Any:
    """lightly's transform by a recipe: a picture to two views of `side` pixels."""
    torchvision_peer.transforms()  # makes it importable
    return import_module("lightly.transforms").SimCLRTransform(
        input_size=side,
        cj_prob=recipe.jittered,
        cj_strength=recipe.brightness / _STRENGTH_OF_LIGHTLY,
        min_scale=recipe.scale[0],
        random_gray_scale=recipe.grey,
        gaussian_blur=0.0,
        hf_prob=recipe.mirrored,
    )


def _kornia(images: Tensor, recipe: ViewRecipe) -> Call:
    """Bilinear crops by sampling, the quicker of kornia's ways, on the images' device."""
    package: Any = import_module("kornia.augmentation")
    change = torch.nn.Sequential(
        package.RandomResizedCrop(tuple(images.shape[2:]), recipe.scale, recipe.ratio, cropping_mode="resample"),
        package.RandomHorizontalFlip(p=recipe.mirrored),
        package.ColorJitter(recipe.brightness, recipe.contrast, recipe.saturation, recipe.hue, p=recipe.jittered),
        package.RandomGrayscale(p=recipe.grey),
    )
    return lambda: [change(images / 255) for _ in range(2)]


def _pictures(images: Tensor) -> list[Image.Image]:
    return [Image.fromarray(image.permute(1, 2, 0).numpy(force=True)) for image in images]
