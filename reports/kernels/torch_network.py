"""The usual ResNet-18 in torch, in floats and in bytes."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

_WIDTHS = (64, 128, 256, 512)


class _Block(nn.Module):
    """Two 3x3 convolutions and a shortcut; (batch, channels, height, width)."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(*_convolution(channels, out, 3, stride), nn.ReLU(), *_convolution(out, out, 3, 1))
        self.shortcut = nn.Sequential(*_convolution(channels, out, 1, stride)) if stride > 1 else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(self.branch(maps) + self.shortcut(maps))


def _convolution(channels: int, out: int, kernel: int, stride: int) -> tuple[nn.Module, nn.Module]:
    return nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(out)


def resnet18(classes: int) -> nn.Module:
    """The usual ResNet-18, in the form that torch quantizes and fuses best."""
    blocks: list[nn.Module] = []
    channels = _WIDTHS[0]
    for width in _WIDTHS:
        blocks += [_Block(channels, width, 1 if width == channels else 2), _Block(width, width, 1)]
        channels = width
    return nn.Sequential(
        *_convolution(3, _WIDTHS[0], 7, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, classes),
    )


def in_bytes(network: nn.Module, image: Tensor, engine: str) -> Callable[[Tensor], Any]:
    """The network in bytes, its convolutions fused with what follows, traced and frozen: torch's fastest form."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch calls its quantized tensors deprecated; it has no faster ones
        from torch.ao.quantization import get_default_qconfig_mapping
        from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

        torch.backends.quantized.engine = engine
        prepared = prepare_fx(network, get_default_qconfig_mapping(engine), (image,))
        prepared(image)
        traced = torch.jit.trace(convert_fx(prepared), image)  # type: ignore[no-untyped-call]
        frozen: Callable[[Tensor], Any] = torch.jit.freeze(traced)
        return frozen
