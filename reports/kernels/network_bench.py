"""Time of a whole ResNet-18: exported and on the kernels, beside torch's own in bytes and in floats."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.networks import IMAGE_SHAPES, build_network
from models.backbones.options import NetworkOptions
from models.integer_network.builder import export_network
from models.integer_network.float_operations import apply_all
from models.kernels import IntegerNetwork, available_paths, set_threads
from models.progress import Progress
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.layers import configure
from models.quantization.step_sizes import choose_one_step_size
from reports.bench.in_turn import Call, Contender, in_turn, one_thread, usual_clock
from reports.kernels.peers import without_amx

FLOAT = "torch float"
"""The contender in floats."""

_NAME = "resnet18"
_CLASSES = 1000
_WIDTHS = (64, 128, 256, 512)
_STEP_SHARE = 0.05  # of inputs beyond the largest level; any will do, as time does not depend on it


def bench_network(rounds: int, seed: int, progress: Progress) -> dict[str, float]:
    """Milliseconds of a ResNet-18 with random weights, batch 1, 224x224 pixels, by contender, in turn."""
    task = progress.task("ResNet-18", rounds)
    with one_thread(), without_amx(partial(_in_bytes, seed)) as quantized:
        contenders: dict[str, Contender] = {**_contenders(_image(seed)), **_in_bytes(seed), **quantized}
        measured = in_turn(contenders, rounds, task.advance)
    return measured.medians(usual_clock(measured))


def _image(seed: int) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(1, *IMAGE_SHAPES[_NAME])


def _contenders(image: Tensor) -> dict[str, Call]:
    network = _exported(image)
    integers = apply_all(network.graph.stem, image).to(torch.int16).numpy(force=True)

    def with_two_threads() -> None:
        set_threads(2)
        torch.set_num_threads(2)
        network(image)
        set_threads(1)
        torch.set_num_threads(1)

    plain = _resnet18().eval()
    channels_last = image.contiguous(memory_format=torch.channels_last)
    return {
        "binary 8": lambda: network(image),
        "binary 8, two threads": with_two_threads,
        "binary 8, without first and last layer": lambda: network.core(integers),
        FLOAT: lambda: plain(channels_last),
    }


def _in_bytes(seed: int) -> dict[str, Call]:
    """The usual network, of bytes, as torch runs it."""
    image = _image(seed)
    plain = _resnet18().eval()
    channels_last = image.contiguous(memory_format=torch.channels_last)
    return {
        f"torch {engine}": partial(_quantized(plain, image, engine), channels_last)
        for engine in ("x86", "onednn")
        if engine in torch.backends.quantized.supported_engines
    }


@torch.no_grad()
def _exported(image: Tensor) -> IntegerNetwork:
    """The project's ResNet-18 with binary weights and accumulators of 8 bits, untrained, as its export runs it."""
    network = build_network(_NAME, NetworkOptions(classes=_CLASSES))
    accumulator = Accumulator(bits=8, overflow=Overflow.CYCLIC)
    images = torch.cat((image, image.flip(-1)))
    configure(network, "float", accumulator)
    network.train()(images)
    choose_one_step_size(network.eval(), images, _STEP_SHARE)
    configure(network, "quantized", accumulator)
    network.train()(images)
    return IntegerNetwork(export_network(network.eval(), IMAGE_SHAPES[_NAME]), path=available_paths()[0])


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


def _resnet18() -> nn.Module:
    """The usual ResNet-18, which torch quantizes and fuses best."""
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
        nn.Linear(channels, _CLASSES),
    )


def _quantized(network: nn.Module, image: Tensor, engine: str) -> Callable[[Tensor], Any]:
    """The network in bytes, convolutions fused with what follows them, traced and frozen: torch's fastest form."""
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
