"""The auxiliary loss: the turn of an image, told from its projection (dissertation 7.5)."""

from torch import Tensor, nn

from models.selfsup.losses.classification import Classification
from models.selfsup.losses.features import exact_products, unit
from models.selfsup.turning import TURNS

_TEMPERATURE = 0.1


class TurnHead(nn.Module):
    """Linear logits (images, 4) of turns, from projections (images, features) of length 1 / sqrt(0.1)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, TURNS)

    def forward(self, projections: Tensor) -> Tensor:
        with exact_products(projections):
            logits: Tensor = self.linear(unit(projections) / _TEMPERATURE**0.5)
        return logits


def turn_problem(logits: Tensor, turns: Tensor) -> Classification:
    """The classification of images by their turns.

    logits: (images, 4). turns: (images,), in quarters of a circle, 0 to 3. Raises ValueError for other shapes.
    """
    if logits.dim() != 2 or logits.shape[1] != TURNS or turns.shape != logits.shape[:1]:
        raise ValueError(
            f"logits have shape {tuple(logits.shape)} and turns {tuple(turns.shape)}; needed are (images, {TURNS}) and "
            "(images,)"
        )
    return Classification(logits, turns)
