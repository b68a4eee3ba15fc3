"""Weights that never overflow an accumulator: the rival of letting it wrap around.

Colbert et al., A2Q+: Improving Accumulator-Aware Weight Quantization, ICML 2024. With unsigned inputs of N bits and
an accumulator of P bits, no sum overflows if a channel's weights are balanced and their magnitudes add up to at most
(2^P - 2) / (2^N - 1). Weights are centred, normalised to a learned length that is kept below this bound, and rounded
towards zero, which cannot exceed it.
"""

import torch
from torch import Tensor, nn

from models.quantization.channels import per_filter
from models.quantization.formats import Bounded
from models.quantization.straight_through import straight_through
from models.quantization.weight_quantizers import WeightQuantizer


class BoundedQuantizer(WeightQuantizer):
    """Quantizer for weights (out, ...) whose sums fit an accumulator; their scale and length are learned.

    weight: what it will quantize. activation_bits: of the unsigned inputs. accumulator_bits: of the accumulator that
    must not overflow.
    """

    def __init__(self, weight_format: Bounded, weight: Tensor, activation_bits: int, accumulator_bits: int) -> None:
        super().__init__(weight_format)
        self.bound = ((1 << accumulator_bits) - 2) / ((1 << activation_bits) - 1)
        self.log_scale = nn.Parameter(torch.zeros(len(weight)))
        self.log_length = nn.Parameter(torch.zeros(len(weight)))
        self.fit(weight.data)

    @torch.no_grad()
    def fit(self, weight: Tensor) -> None:
        """Starts from given weights: moves them, in place, to the nearest ones within the bound."""
        centred = weight - per_filter(weight.flatten(1).mean(1), weight)
        scale = centred.abs().flatten(1).amax(1).clamp(min=torch.finfo(weight.dtype).tiny) / self.format.largest
        weight.copy_(project(centred.flatten(1), scale * self.bound).view_as(weight))
        self.log_scale.copy_(scale.log2())
        length = weight.abs().flatten(1).sum(1).clamp(min=torch.finfo(weight.dtype).tiny)
        self.log_length.copy_(length.log2())

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        scale = torch.exp2(self.log_scale)
        length = torch.minimum(torch.exp2(self.log_length) / scale, torch.full_like(scale, self.bound))
        centred = weight - per_filter(weight.flatten(1).mean(1), weight)
        norm = centred.abs().flatten(1).sum(1).clamp(min=torch.finfo(weight.dtype).tiny)
        scaled = (centred * per_filter(length / norm, weight)).clamp(-self.format.largest, self.format.largest)
        return straight_through(scaled, scaled.trunc()), scale


def project(rows: Tensor, lengths: Tensor) -> Tensor:
    """The nearest points whose magnitudes add up to at most `lengths` (rows,): Euclidean projection on L1 balls.

    Each row's magnitudes shrink by one threshold, found by sorting (Duchi et al., 2008).
    """
    magnitudes = rows.abs()
    ordered = magnitudes.sort(1, descending=True).values
    excess = ordered.cumsum(1) - lengths[:, None]
    counts = torch.arange(1, rows.shape[1] + 1, device=rows.device)
    kept = (ordered > excess / counts).sum(1, keepdim=True).clamp(min=1)
    threshold = (excess.gather(1, kept - 1) / kept).clamp(min=0)
    return rows.sign() * (magnitudes - threshold).clamp(min=0)
