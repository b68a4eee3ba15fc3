"""How a quantized network does on held-out images."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from models.data.sources import ImageSource
from models.quantization.layers import quantized_layers
from models.quantization.observation import LayerPass, Request, observe
from models.training.evaluation import Accuracy, evaluate_on

_BATCH = 250


@dataclass(frozen=True)
class Evaluation:
    """Share of held-out images a network gets right; overflow rate and activation bits of each quantized layer."""

    accuracy: float
    overflow_rates: list[float]
    activation_bits: list[int]


class OverflowRates:
    """Share of the sums of each observed layer that overflow its accumulator, over all samples."""

    def __init__(self, seen: Sequence[LayerPass]) -> None:
        self._seen = seen
        self._overflows = [0.0] * len(seen)
        self._count = 0

    def update(self, outputs: Tensor, labels: Tensor) -> None:
        """Takes in the layers' passes of a batch."""
        del outputs
        for index, one in enumerate(self._seen):
            self._overflows[index] += one.overflow_rate() * len(labels)
        self._count += len(labels)

    @property
    def values(self) -> list[float]:
        """The rates, 0 to 1, by layer."""
        return [overflow / self._count for overflow in self._overflows]


def evaluate(network: nn.Module, data: ImageSource) -> Evaluation:
    """Accuracy on all held-out images, and the overflow rate of each quantized layer over them."""
    layers = quantized_layers(network)
    with observe(layers, Request.SUMS) as seen:
        accuracy, overflows = Accuracy(), OverflowRates(seen)
        evaluate_on(network, data.held_out_batches(_BATCH), (accuracy, overflows))
    return Evaluation(accuracy.value, overflows.values, [layer.activation.bits for layer in layers])
