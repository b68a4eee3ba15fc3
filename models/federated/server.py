"""What a server makes of its clients' updates."""

from collections.abc import Iterable, Mapping

from torch import Tensor

from models.federated.broadcast import quantized_names
from models.federated.choices import FLOAT_BITS, ScalePer
from models.federated.client import Update
from models.federated.recogniser import Recogniser
from models.federated.relay import relayed


class WeightedMean:
    """The mean of updates, weighted by their numbers of examples; updates of no examples count for nothing.

    It is kept as one running sum, so memory does not grow with the number of clients.
    """

    def __init__(self) -> None:
        self.examples = 0
        self.loss = 0.0
        self._sums: dict[str, Tensor] = {}

    def add(self, update: Update) -> None:
        """Adds a client's update."""
        if not update.examples:
            return
        self.examples += update.examples
        self.loss += update.examples * update.loss
        for name, gradient in update.gradients.items():
            if name in self._sums:
                self._sums[name].add_(gradient, alpha=update.examples)
            else:
                self._sums[name] = gradient * update.examples

    def means(self) -> dict[str, Tensor]:
        """The mean of each gradient. Raises ValueError if there was no example."""
        if not self.examples:
            raise ValueError("no client brought an example")
        return {name: total / self.examples for name, total in self._sums.items()}


def mean_of(updates: Iterable[Update]) -> WeightedMean:
    """The mean of updates, taken one at a time."""
    mean = WeightedMean()
    for update in updates:
        mean.add(update)
    return mean


def set_gradients(
    recogniser: Recogniser, means: Mapping[str, Tensor], bits: int, scale_per: ScalePer, *, relay: bool = True
) -> None:
    """Writes a round's mean gradients into the server's parameters, ready for any optimizer.

    bits: as of `broadcast`. relay: adds what flows through the scales of quantized matrices. Means of what is no
    parameter are left out: buffers stay the server's.
    """
    quantized = set() if bits == FLOAT_BITS else set(quantized_names(recogniser))
    for name, parameter in recogniser.named_parameters():
        if name in means:
            through = relay and name in quantized
            mean = means[name]
            parameter.grad = relayed(mean, parameter.detach(), bits, scale_per) if through else mean
