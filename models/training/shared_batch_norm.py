"""Batch norm whose statistics in training are of the images of all processes, on CPUs as well as on GPUs."""

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from models.training.processes import process_count


def share_batch_norms(network: nn.Module) -> nn.Module:
    """The network with SharedBatchNorm in place of its batch norms, whose parameters and statistics stay the same."""
    if isinstance(network, _BatchNorm):
        return _shared(network)
    for name, child in network.named_children():
        setattr(network, name, share_batch_norms(child))
    return network


class SharedBatchNorm(_BatchNorm):
    """Batch norm of the images of all processes; each process may have another number of them.

    nn.SyncBatchNorm needs a GPU, and so does DistributedDataParallel for it; this one works on every device. In
    evaluation, and in a single process, it is a plain batch norm.
    """

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or process_count() == 1:
            return super().forward(input)
        output, mean, variance, count = _Normalise.apply(input, self.weight, self.bias, self.eps)  # type: ignore[no-untyped-call]
        if self.track_running_stats:
            self._track(mean, variance * count / (count - 1))
        normalised: Tensor = output
        return normalised

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"values have {input.dim()} axes; allowed are 2 and more, images and channels first")

    def _track(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


def _shared(norm: _BatchNorm) -> SharedBatchNorm:
    shared = SharedBatchNorm(
        norm.num_features,
        norm.eps,
        norm.momentum,
        norm.affine,
        norm.track_running_stats,
    )
    for name, value in (*norm.named_parameters(recurse=False), *norm.named_buffers(recurse=False)):
        setattr(shared, name, value)
    return shared.train(norm.training)


class _Normalise(torch.autograd.Function):
    """Values (images, channels, ...) normalised by mean and variance over the images of all processes.

    Means are taken first and squares around them, as a difference of squares would lose digits. Both directions add up
    over processes what they need.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: Tensor | None, bias: Tensor | None, epsilon: float) -> Any:
        exact = values.float() if values.dtype in (torch.bfloat16, torch.float16) else values
        axes = [axis for axis in range(values.dim()) if axis != 1]
        shape = [1, -1] + [1] * (values.dim() - 2)
        sums = torch.cat((exact.sum(axes), exact.new_full((1,), values.numel() / values.shape[1])))
        distributed.all_reduce(sums)
        mean, count = sums[:-1] / sums[-1], sums[-1]
        centred = exact - mean.view(shape)
        variance = centred.square().sum(axes)
        distributed.all_reduce(variance)
        variance /= count
        inverse = (variance + epsilon).rsqrt()
        normalised = centred * inverse.view(shape)
        output = normalised if weight is None else normalised * weight.view(shape)
        output = output if bias is None else output + bias.view(shape)
        ctx.save_for_backward(normalised, inverse, weight, count)
        ctx.mark_non_differentiable(mean, variance, count)
        return output.to(values.dtype), mean, variance, count

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> Any:
        normalised, inverse, weight, count = ctx.saved_tensors
        exact = gradient.to(normalised.dtype)
        axes = [axis for axis in range(gradient.dim()) if axis != 1]
        shape = [1, -1] + [1] * (gradient.dim() - 2)
        sums = torch.stack((exact.sum(axes), (exact * normalised).sum(axes)))
        of_weight, of_bias = sums[1].clone(), sums[0].clone()
        distributed.all_reduce(sums)
        sums /= count
        change = exact - sums[0].view(shape) - normalised * sums[1].view(shape)
        factor = inverse if weight is None else inverse * weight
        of_values = (change * factor.view(shape)).to(gradient.dtype)
        _, needs_weight, needs_bias, _ = ctx.needs_input_grad
        return of_values, of_weight if needs_weight else None, of_bias if needs_bias else None, None
