"""The step of every stage of WrapNet: classification, with penalties on what the accumulators do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.data.sources import ImageSource
from models.data.transforms import Augmentation
from models.quantization.observation import LayerPass, Request
from models.training.method import Batch, Loss, Method
from models.training.optimizers import Scheduled


@dataclass(frozen=True)
class Penalties:
    """Weights in the loss. overflow: of the layers' overflow penalties. carries: of the variance of their carries."""

    overflow: float = 0.0
    carries: float = 0.0

    @property
    def request(self) -> Request:
        """What the quantized layers have to record for them."""
        nothing = Request(0)
        return (Request.PENALTY if self.overflow else nothing) | (Request.CARRIES if self.carries else nothing)


class Classification(Method):
    """Trains one network on the images of a source.

    key: of the batches, beside the epoch. seen: the records of its quantized layers, as `penalties.request` asks.
    """

    def __init__(
        self,
        network: nn.Module,
        optimizer: Scheduled,
        data: ImageSource,
        batch_size: int,
        augmentation: Augmentation,
        key: str,
        penalties: Penalties = Penalties(),
        seen: Sequence[LayerPass] = (),
    ) -> None:
        self.models = {"network": network}
        self.optimizers = {"network": optimizer}
        self.data = data
        self.batch_size = batch_size
        self.augmentation = augmentation
        self.key = key
        self.penalties = penalties
        self.seen = seen

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        return self.data.training_batches(self.batch_size, self.augmentation, f"{self.key} {epoch}", first)

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        images, labels = batch
        loss = nn.functional.cross_entropy(models["network"](images), labels)
        metrics: dict[str, Tensor] = {}
        if self.penalties.overflow:
            metrics["overflow_penalty"] = torch.stack([one.take_penalty() for one in self.seen]).sum()
            loss = loss + self.penalties.overflow * metrics["overflow_penalty"]
        if self.penalties.carries:
            carrying = [one for one in self.seen if one.carries is not None]
            metrics["carry_variance"] = torch.stack([one.carry_variance() for one in carrying]).sum()
            loss = loss + self.penalties.carries * metrics["carry_variance"]
        return Loss(loss, metrics)
