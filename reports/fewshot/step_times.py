"""Training times for Tables 5.8 and 6.9: steps of all networks in turn, in one process."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from statistics import median

from models.fewshot.class_images import FewShotData
from models.fewshot.config import FewShotConfig
from models.fewshot.learners import build_method, build_network
from models.progress import Progress
from models.training.method import Method
from reports.bench.contenders import Timing
from reports.bench.in_turn import in_turn
from reports.fewshot.experiments import network_config
from reports.fewshot.networks import BACKBONES, REGULARIZERS, regularized, transfer_rows
from reports.fewshot.scales import Scale
from reports.fewshot.training_step import train

_ROUNDS = 9
_COEFFICIENT = 0.05  # takes as long as any other


def step_times(data: FewShotData, scale: Scale, progress: Progress) -> dict[str, dict[str, float]]:
    """Seconds of an epoch and minutes of the whole training, by the rows of Table 5.8, from medians of steps."""
    regularized_networks = {
        backbone: {symbol: regularized(backbone, symbol, _COEFFICIENT) for symbol in REGULARIZERS}
        for backbone in BACKBONES
    }
    rows = transfer_rows(regularized_networks)
    return timed({row: network_config(name, 0, data, scale) for row, name in rows.items()}, data, progress)


def timed(configs: Mapping[str, FewShotConfig], data: FewShotData, progress: Progress) -> dict[str, dict[str, float]]:
    """Seconds of an epoch and minutes of the whole training for each configuration, from medians of steps."""
    task = progress.task("timing steps", _ROUNDS)
    steps = {row: _step(config, data) for row, config in configs.items()}
    rounds = in_turn(steps, _ROUNDS, task.advance, Timing(warm_up_calls=1, warm_up_seconds=0))
    found = {}
    for row, times in rounds.times.items():
        epoch = median(times) / 1e3 * configs[row].batches
        found[row] = {"epoch_s": epoch, "total_min": epoch * configs[row].epochs / 60, "step_ms": median(times)}
    return found


def _step(config: FewShotConfig, data: FewShotData) -> Callable[[], None]:
    """A call that trains for one step, each with the next batch."""
    network = build_network(config, data.shape)
    method = build_method(config, network, data, None)
    network.train()
    batches = _batches(method)
    return lambda: train(method, next(batches))


def _batches(method: Method) -> Iterator[object]:
    for epoch in count():
        yield from method.batches(epoch, 0)
