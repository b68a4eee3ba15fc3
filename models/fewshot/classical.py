"""Classical training on all training classes, with regularizers that make features cluster (dissertation 5.4)."""

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.backbones.encoder import Encoder
from models.backbones.options import seeded
from models.checks import check_positive
from models.fewshot.class_pairs import ClassPairs
from models.fewshot.episodic import Validation, shared_tasks
from models.training.method import Batch, Loss, Method
from models.training.optimizers import Scheduled


class EncoderWithClassifier(nn.Module):
    """Logits and features of images, in one call, so that several processes exchange the gradients of both.

    classes: of the linear classifier, whose initial weights depend on the seed alone.
    """

    def __init__(self, encoder: Encoder, classes: int, seed: int = 0) -> None:
        super().__init__()
        self.encoder = encoder
        with seeded(seed):
            self.classifier = nn.Linear(encoder.features_dim, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features: Tensor = self.encoder(images)
        return self.classifier(features), features


Regularizer = Callable[[Tensor], Tensor]
"""Features of class pairs (pairs, 2 classes, 2 images, d) -> a scalar to be made small."""


class ClassicalTraining(Method):
    """Trains an encoder with a linear classifier of all training classes on batches of class pairs.

    regularizer: of the features, with its coefficient. batches: in an epoch.
    """

    def __init__(
        self,
        network: EncoderWithClassifier,
        optimizer: Scheduled,
        pairs: ClassPairs,
        *,
        batches: int,
        regularizer: Regularizer | None = None,
        coefficient: float = 0.0,
        validation: Validation | None = None,
    ) -> None:
        check_positive("batches", batches)
        if not 0 <= coefficient < float("inf"):
            raise ValueError(f"coefficient is {coefficient}; allowed is a number of at least 0")
        self.models = {"network": network}
        self.encoder = network.encoder
        self.optimizers = {"network": optimizer}
        self.pairs = pairs
        self.count = batches
        self.regularizer = regularizer if coefficient else None
        self.coefficient = coefficient
        self.validation = validation

    def batches(self, epoch: int, first: int) -> Iterable[Batch]:
        return self.pairs.batches(epoch * self.count + first, (epoch + 1) * self.count)

    def share(self, batch: Batch, process: int, processes: int) -> Batch | None:
        return shared_tasks(batch, process, processes)

    def step(self, models: Mapping[str, nn.Module], batch: Batch) -> Loss:
        images, classes = batch
        logits, features = models["network"](images.flatten(0, 2))
        labels = classes[:, :, None].expand(-1, -1, images.shape[2]).flatten()
        loss = cross_entropy(logits, labels)
        metrics = {"accuracy": (logits.detach().argmax(1) == labels).float().mean()}
        if self.regularizer is not None:
            penalty = self.regularizer(features.view(*images.shape[:3], -1))
            metrics["regularizer"] = penalty
            loss = loss + self.coefficient * penalty
        return Loss(loss, metrics)

    def validate(self) -> Mapping[str, float]:
        return {} if self.validation is None else self.validation(self.encoder)
