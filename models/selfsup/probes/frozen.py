"""A guard around probes, which have to leave the encoder as it is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from models.data.sources import digest_of


class EncoderChangedError(ValueError):
    """A probe changed a parameter or a buffer of the encoder, so its figures are not those of the encoder."""


def state_digest(module: nn.Module) -> str:
    """16 hexadecimal digits that depend on every bit of all parameters and buffers, and on their names."""
    return _joined(_digests(module))


@contextmanager
def frozen(encoder: nn.Module) -> Iterator[str]:
    """Within, an encoder is in evaluation mode and without gradients; yields its digest.

    Its modes and gradients come back on exit. Raises EncoderChangedError, naming the first tensor that differs, if a
    parameter or buffer is not the same bit for bit.
    """
    before = _digests(encoder)
    modes = [(module, module.training) for module in encoder.modules()]
    trained = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    encoder.eval().requires_grad_(False)
    try:
        yield _joined(before)
    finally:
        for module, training in modes:
            module.training = training
        for parameter in trained:
            parameter.requires_grad_(True)
    after = _digests(encoder)
    changed = [name for name in before | after if before.get(name) != after.get(name)]
    if changed:
        raise EncoderChangedError(
            f"the probe changed {len(changed)} of {len(before)} parameters and buffers of the encoder, "
            f"{changed[0]} first; its figures do not count"
        )


def _digests(module: nn.Module) -> dict[str, str]:
    """The digest of each parameter and buffer, also of buffers that are not saved."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {
        name: digest_of([str((tensor.shape, tensor.dtype)).encode(), _bits(tensor)]) for name, tensor in tensors.items()
    }


def _joined(digests: Mapping[str, str]) -> str:
    return digest_of([f"{name} {digest}\n".encode() for name, digest in digests.items()])


def _bits(tensor: Tensor) -> memoryview:
    return tensor.detach().reshape(-1).contiguous().view(torch.uint8).numpy(force=True).data
