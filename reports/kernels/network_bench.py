"""Time of a whole ResNet-18 on the kernels, beside torch's in bytes and in floats."""

from functools import partial

import torch
from torch import Tensor

from models.backbones.registry import NETWORKS
from models.integer_network.float_operations import apply_all
from models.progress import Progress
from reports.bench.contenders import Call, Contender, one_thread, some_threads
from reports.bench.in_turn import in_turn, usual_clock
from reports.kernels.amx import without_amx
from reports.kernels.peers import FLOAT
from reports.kernels.torch_network import in_bytes, resnet18
from reports.kernels.untrained import untrained

_NAME = "resnet18"
_CLASSES = 1000


@torch.no_grad()
def bench_network(rounds: int, seed: int, progress: Progress) -> dict[str, float]:
    """Milliseconds of a ResNet-18 with random weights on one image of 224x224 pixels, by contender, in turn."""
    task = progress.task("ResNet-18", rounds)
    with one_thread(), without_amx(partial(_in_bytes, seed)) as no_amx:
        contenders: dict[str, Contender] = {**_contenders(_image(seed)), **_in_bytes(seed), **no_amx}
        measured = in_turn(contenders, rounds, task.advance)
    return measured.medians(usual_clock(measured))


def _image(seed: int) -> Tensor:
    torch.manual_seed(seed)
    return torch.randn(1, *NETWORKS[_NAME].image_shape)


def _contenders(image: Tensor) -> dict[str, Call]:
    network = untrained(_NAME, "binary", image)
    integers = apply_all(network.graph.stem, image).to(torch.int16).numpy(force=True)

    def with_two_threads() -> None:
        with some_threads(2):
            network(image)

    plain = resnet18(_CLASSES).eval()
    channels_last = image.contiguous(memory_format=torch.channels_last)
    return {
        "binary 8": lambda: network(image),
        "binary 8, two threads": with_two_threads,
        "binary 8, without first and last layer": lambda: network.last(integers),
        FLOAT: lambda: plain(channels_last),
    }


def _in_bytes(seed: int) -> dict[str, Call]:
    """Torch's ResNet-18 in bytes, by engine."""
    image = _image(seed)
    plain = resnet18(_CLASSES).eval()
    channels_last = image.contiguous(memory_format=torch.channels_last)
    return {
        f"torch {engine}": partial(in_bytes(plain, image, engine), channels_last)
        for engine in ("x86", "onednn")
        if engine in torch.backends.quantized.supported_engines
    }
