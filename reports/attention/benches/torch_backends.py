"""Models run by PyTorch: as they are, compiled, on a GPU."""

import copy
import hashlib
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from reports.bench.contenders import Call


def eager(module: nn.Module, inputs: Tensor) -> Call:
    """Calls the model in channels-last order."""
    return partial(_called, _channels_last(copy.deepcopy(module)), _channels_last_images(inputs))


def compiled(module: nn.Module, inputs: Tensor) -> Call:
    """Calls what torch.compile makes of the model with its weights as constants, in channels-last order."""
    from torch._dynamo import config as dynamo
    from torch._inductor import config as inductor

    fast = torch.compile(_channels_last(copy.deepcopy(module)), dynamic=False)
    images = _channels_last_images(inputs)
    # Models of one class count as recompilations of one function, of which few are allowed.
    with inductor.patch(freezing=True), dynamo.patch(recompile_limit=1 << 10, accumulated_recompile_limit=1 << 12):
        _called(fast, images)
    return partial(_called, fast, images)


def on_gpu(module: nn.Module, inputs: Tensor) -> Call:
    """Calls the model on the GPU in half precision, in channels-last order. Raises ValueError if there is no GPU."""
    if not torch.cuda.is_available():
        raise ValueError("backend is 'cuda', and there is no GPU that torch can use; allowed are the others")
    there = _channels_last(copy.deepcopy(module)).to("cuda", torch.float16)
    return partial(_called, there, _channels_last_images(inputs.to("cuda", torch.float16)))


def weights_digest(module: nn.Module) -> str:
    """SHA-256 of a model's parameters and buffers, by name, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy(force=True).tobytes())
    return digest.hexdigest()


def _channels_last(module: nn.Module) -> nn.Module:
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _channels_last_images(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def _called(model: Callable[[Tensor], object], images: Tensor) -> object:
    return model(images)
