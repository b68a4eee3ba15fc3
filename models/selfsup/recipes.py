"""The views of a run, and how its encoder takes images without them."""

from dataclasses import replace

from models.selfsup.config import SelfSupConfig
from models.selfsup.pictures import TrainingPictures
from models.selfsup.views.recipes import RECIPES, ViewRecipe

ByChannel = tuple[float, ...]


def recipe_of(config: SelfSupConfig, image_shape: tuple[int, int, int]) -> ViewRecipe:
    """The views of a run. Raises ValueError for images that are not square where they are turned."""
    recipe = replace(RECIPES[config.recipe], order=config.jitter_order)
    _, height, width = image_shape
    if config.rotation != "none" and recipe.size is None and height != width:
        raise ValueError(f"images are {height} x {width} pixels; rotation {config.rotation} needs square ones")
    return recipe


def normalisation(recipe: ViewRecipe, pictures: TrainingPictures) -> tuple[ByChannel, ByChannel]:
    """Mean and standard deviation, in pixel values, by which an encoder takes images as it takes views."""
    channels, white = pictures.shape[0], float(pictures.white)
    mean, std = recipe.mean or (0.0,) * channels, recipe.std or (1.0,) * channels
    return tuple(white * one for one in mean[:channels]), tuple(white * one for one in std[:channels])
