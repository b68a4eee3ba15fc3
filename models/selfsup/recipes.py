"""The views of a run."""

from dataclasses import replace

from models.selfsup.config import SelfSupConfig
from models.selfsup.training_data import TrainingData
from models.selfsup.views.recipes import RECIPES, ViewRecipe


def recipe_of(config: SelfSupConfig, data: TrainingData) -> ViewRecipe:
    """The views of a run, of the images' size or, where these have sizes of their own, of one for all."""
    size = data.shape[1] if data.scaled else None
    return replace(RECIPES[config.recipe], size=size, order=config.jitter_order)
