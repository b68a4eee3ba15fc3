"""Fine-tuning of a whole network on each task's support: evaluation of MAML and Reptile, and Figure 5.3."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from models.backbones.batch_norm import batch_norm_of
from models.fewshot.inner.adaptation import adapt
from models.fewshot.inner.functional import Network, Parameters, functional, of_tasks, trainable
from models.fewshot.inner.optimizers import InnerOptimizerName, inner_optimizer
from models.fewshot.inner.tasks import How, check_steps, check_tasks, parts_of
from models.fewshot.measures import filter_normalised_distance
from models.fewshot.queries import query_logits


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How a network is fine-tuned on a support.

    optimizer: `sgd` is that of MAML, `adam`, without momentum, that of Reptile. fixed: names of parameters that stay.
    how: `loop` works on one task at a time, `vmap` on `chunk` tasks at a time, None for all.
    """

    learning_rate: float
    optimizer: InnerOptimizerName = "sgd"
    fixed: Collection[str] = ()
    how: How = "loop"
    chunk: int | None = None


@dataclass(frozen=True)
class FineTuningPath:
    """What fine-tuning does, from before its first step to after its last: tensors (tasks, steps + 1).

    distances: filter-normalised distance from the start, in units of the start's filters. Weights that start at zero,
    such as those of a new classifier, do not count: no change compares to them. losses: cross-entropy of the whole
    support.
    """

    distances: Tensor
    losses: Tensor


def fine_tuned_logits(
    module: nn.Module, support: tuple[Tensor, Tensor], batches: Tensor, query: Tensor, tuning: FineTuning
) -> Tensor:
    """Logits (tasks, queries, ways) after a fine-tuning that starts from the module's parameters for each task.

    support: images (tasks, n, channels, height, width) and labels (tasks, n). batches: the images of each step, int64
    (tasks, steps, size), as `minibatches` draws them or `whole_support` makes them. The module stays as it is and runs
    in its training or evaluation mode; `query_logits` says what its mode of batch norm means.

    Raises ValueError for impossible numbers of steps, tasks or a chunk, a learning rate of 0 or less, another
    optimizer, batch norm in mode `running` in training or in mode `episode` for a single image, and, naming the task,
    logits that are not finite.
    """
    network, mode = functional(module), batch_norm_of(module)

    def logits_of(parameters: Parameters, images: Tensor, queries: Tensor) -> Tensor:
        return query_logits(network, parameters, images, queries, mode)

    logits = []
    for images, labels, chosen, queries in _parts(support, batches, tuning, {"query": query}):
        ends = _adapted(network, trainable(module), (images, labels), chosen, tuning)
        logits.append(_by_task(logits_of, ends, (images, queries), tuning.how))
    return _finite("logits", torch.cat(logits), batches.shape[1], tuning)


def fine_tuning_path(
    module: nn.Module, support: tuple[Tensor, Tensor], batches: Tensor, tuning: FineTuning
) -> FineTuningPath:
    """Distance moved and loss by step (dissertation Figure 5.3); arguments and errors as of `fine_tuned_logits`."""
    parts = [
        _path(module, (images, labels), chosen, tuning) for images, labels, chosen in _parts(support, batches, tuning)
    ]
    losses = torch.cat([part.losses for part in parts])
    return FineTuningPath(
        torch.cat([part.distances for part in parts]), _finite("losses", losses, batches.shape[1], tuning)
    )


def _path(module: nn.Module, support: tuple[Tensor, Tensor], batches: Tensor, tuning: FineTuning) -> FineTuningPath:
    network, start = functional(module), of_tasks(trainable(module), len(batches))
    compared = {name: weight for name, weight in trainable(module).items() if weight.any()}
    distances, losses = [], []

    def loss_of(parameters: Parameters, images: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(network(parameters, images), labels)

    def record(place: Parameters) -> None:
        distances.append(filter_normalised_distance(compared, place).sqrt())
        losses.append(_by_task(loss_of, place, support, tuning.how))

    record(start)
    _adapted(network, trainable(module), support, batches, tuning, record)
    return FineTuningPath(torch.stack(distances, 1), torch.stack(losses, 1))


def _parts(
    support: tuple[Tensor, Tensor], batches: Tensor, tuning: FineTuning, further: Mapping[str, Tensor] = {}
) -> Iterator[tuple[Tensor, ...]]:
    tensors = {"support": support[0], "labels": support[1], "batches": batches, **further}
    check_tasks(tensors, tuning.how, tuning.chunk)
    check_steps(batches.shape[1], tuning.learning_rate)
    return parts_of(tuple(tensors.values()), tuning.how, tuning.chunk)


def _adapted(
    network: Network,
    start: Parameters,
    support: tuple[Tensor, Tensor],
    batches: Tensor,
    tuning: FineTuning,
    after_step: Callable[[Parameters], None] = lambda _: None,
) -> Parameters:
    optimizer = inner_optimizer(tuning.optimizer, tuning.learning_rate, tuning.fixed)
    return adapt(network, start, support, batches, optimizer, tuning.how, after_step=after_step)[0]


def _finite(name: str, values: Tensor, steps: int, tuning: FineTuning) -> Tensor:
    """`values`, (tasks, ...). Raises ValueError, naming the first task whose values are not finite."""
    finite = values.isfinite().flatten(1).all(1).tolist()
    if not all(finite):
        where = f"after {steps} steps at learning_rate {tuning.learning_rate}"
        raise ValueError(f"{name} of task {finite.index(False)} are not finite {where}; allowed are finite ones")
    return values


@torch.no_grad()
def _by_task(outputs: Callable[..., Tensor], parameters: Parameters, tensors: tuple[Tensor, ...], how: How) -> Tensor:
    """`outputs` of each task's parameters and tensors, tasks first."""
    if how == "vmap":
        found: Tensor = torch.vmap(outputs, randomness="different")(parameters, *tensors)
        return found
    count = len(tensors[0])
    each = [
        outputs({name: tensor[task] for name, tensor in parameters.items()}, *(tensor[task] for tensor in tensors))
        for task in range(count)
    ]
    return torch.stack(each)
