"""Time and memory of a training step: WrapNet beside the networks it is compared with, and beside Brevitas."""

import importlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network
from models.progress import Progress
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.activations import activation_quantizers
from models.quantization.layers import QuantConv2d, QuantLayer, QuantLinear, configure, quantized_layers
from models.quantization.observation import LayerPass, Request
from models.training.seeds import check_seed
from models.wrapnet.networks import WrapNetOptions
from reports.records.provenance import machine, tool_versions
from reports.tables.table import Table

REFERENCE = "BWN-QA"
"""The case the others are compared with: WrapNet's quantizers, and accumulators that never overflow."""

_BITS = 3
_STEP = 0.5  # batch norm leaves activations of unit variance, which 3 bits then hold up to 3.5
_PENALTY = 0.01
_CLASSES = 10
_WARM_UP = 2
_MEBIBYTE = 1 << 20

_Build = Callable[[], nn.Module]


@dataclass(frozen=True)
class _Case:
    """A network to train. build: makes it. penalized: whether the loss has the overflow penalty."""

    name: str
    build: _Build
    penalized: bool = False
    compiled: bool = False


def bench_training(
    network: str = "vgg7",
    width: int | None = None,
    batch: int = 100,
    steps: int = 20,
    seed: int = 0,
    with_brevitas: bool = False,
    compile: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures a training step (forward, loss, backward, Adam) of one network in several forms, on random images.

    The forms: float; BWN (binary weights); BWN-QA (also 3-bit activations, exact accumulators); WrapNet in its warm-up
    and in its fine-tuning with penalty. Runs on the GPU if there is one. They take turns, a step each a round, in a
    different order every round, and the median counts.

    network: one of models.backbones.registry.NETWORKS. width: channels of its first layer; None for its own.
    batch: images in a step, at least 2. steps: rounds. with_brevitas: also a network of the same layers with Brevitas'
        1-bit weights and 3-bit activations. compile: also BWN-QA and WrapNet through torch.compile.

    Returns `rows`, a dictionary per form (`milliseconds` and `peak_memory_mib` of a step, and both relative to BWN-QA),
    `tools` and `machine`. Peak memory counts every tensor of a form, parameters and optimizer state included.

    Raises ValueError for settings that are not allowed, or if Brevitas is wanted and not installed.
    """
    check_seed(seed)
    if network not in NETWORKS:
        raise ValueError(f"network is {network!r}; allowed are {', '.join(NETWORKS)}")
    for name, value, smallest in (("width", width, 1), ("batch", batch, 2), ("steps", steps, 1)):
        if value is not None and value < smallest:
            raise ValueError(f"{name} is {value}; allowed is an integer of at least {smallest}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cases = _cases(network, width, seed, with_brevitas, compile)
    images, labels = _data(network, batch, seed, device)
    with progress or Progress(quiet=True) as shown:
        task = shown.task("training steps", len(cases) + steps)
        runs, peaks = [], []
        for case in cases:
            with _peak_memory(device) as peak:
                runs.append(_training(case, images, labels))
                for _ in range(_WARM_UP):
                    runs[-1]()
            peaks.append(peak[0])
            task.advance(note=case.name)
        times: list[list[float]] = [[] for _ in cases]
        for turn in range(steps):
            for place in range(len(cases)):
                index = (turn + place) % len(cases)
                times[index].append(_seconds(runs[index], device))
            task.advance(note=f"round {turn + 1}")
    medians = [statistics.median(seconds) for seconds in times]
    reference = [case.name for case in cases].index(REFERENCE)
    rows = [
        {
            "name": f"{network}, width {width or 'default'}, batch {batch}",
            "case": case.name,
            "milliseconds": median * 1e3,
            "fastest_milliseconds": min(seconds) * 1e3,
            "peak_memory_mib": peak / _MEBIBYTE,
            "ratio_to_bwn_qa": median / medians[reference],
            "memory_ratio_to_bwn_qa": peak / peaks[reference],
            "steps": steps,
            "device": device.type,
            "threads": torch.get_num_threads(),
        }
        for case, median, seconds, peak in zip(cases, medians, times, peaks, strict=True)
    ]
    tools = tool_versions() | ({"brevitas": version("brevitas")} if with_brevitas else {})
    return {"rows": rows, "tools": tools, "machine": machine()}


def training_bench_table(result: dict[str, Any]) -> Table:
    """What bench_training found, as a table."""
    first = result["rows"][0]
    rows = [
        (
            row["case"],
            f"{row['milliseconds']:.1f}",
            f"{row['ratio_to_bwn_qa']:.2f}",
            f"{row['peak_memory_mib']:.1f}",
            f"{row['memory_ratio_to_bwn_qa']:.2f}",
        )
        for row in result["rows"]
    ]
    return Table(
        f"A training step of {first['name']}",
        ("network", "ms", f"time to {REFERENCE}", "peak MiB", f"memory to {REFERENCE}"),
        rows,
        f"Median of {first['steps']} steps, taken in turns; {result['machine']}, on {first['device']} with "
        f"{first['threads']} threads. {REFERENCE} has WrapNet's quantizers and accumulators that never overflow. Peak "
        "memory counts all tensors of a network, parameters and optimizer state included.",
    )


def _cases(network: str, width: int | None, seed: int, with_brevitas: bool, compile: bool) -> list[_Case]:
    options = WrapNetOptions(width=width, activation_bits=_BITS, seed=seed)

    def quantized(activations: str, overflow: str) -> _Build:
        def build() -> nn.Module:
            model = build_network(network, options)
            for quantizer in activation_quantizers(model):
                quantizer.step.fill_(_STEP)
            configure(model, activations, Accumulator(overflow=Overflow(overflow)))
            return model

        return build

    plain = NetworkOptions(width=width, seed=seed)
    exact, finetune = quantized("quantized", "exact"), quantized("quantized", "cyclic")
    cases = [
        _Case("float", lambda: build_network(network, plain)),
        _Case("BWN", quantized("float", "exact")),
        _Case(REFERENCE, exact),
        _Case("WrapNet warm-up", quantized("unrounded", "cyclic")),
        _Case("WrapNet fine-tuning", finetune, penalized=True),
    ]
    if with_brevitas:
        cases.append(_Case("Brevitas", lambda: _with_brevitas_layers(build_network(network, options))))
        _brevitas("nn")
    if compile:
        cases.append(_Case(f"{REFERENCE}, compiled", exact, compiled=True))
        cases.append(_Case("WrapNet fine-tuning, compiled", finetune, penalized=True, compiled=True))
    return cases


def _data(network: str, batch: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(batch, *NETWORKS[network].image_shape, generator=generator)
    return images.to(device), torch.randint(_CLASSES, (batch,), generator=generator).to(device)


def _training(case: _Case, images: Tensor, labels: Tensor) -> Callable[[], None]:
    """A function that trains the case's network by a step."""
    network = case.build().to(images.device).train()
    layers = quantized_layers(network)
    seen = [LayerPass(Request.PENALTY) for _ in layers] if case.penalized else []
    for layer, one in zip(layers, seen, strict=False):
        layer.seen = one
    optimizer = torch.optim.Adam(network.parameters())
    model: Callable[[Tensor], Tensor] = torch.compile(network) if case.compiled else network

    def step() -> None:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        if case.penalized:
            loss = loss + _PENALTY * torch.stack([one.take_penalty() for one in seen]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _seconds(run: Callable[[], None], device: torch.device) -> float:
    _wait(device)
    started = time.perf_counter()
    run()
    _wait(device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _peak_memory(device: torch.device) -> Iterator[list[int]]:
    """Gives a list that holds, afterwards, the most bytes that tensors made within took at a time.

    On the CPU, PyTorch's profiler records each allocation and release of its allocator; what libraries allocate by
    themselves is not seen. Everything measured is made within, since the profiler ignores what existed before.
    """
    peak: list[int] = []
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        yield peak
        peak.append(torch.cuda.max_memory_allocated(device) - before)
        return
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # it would write into the progress bars
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        yield peak
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    sizes = sorted((event["ts"], event["args"]["Bytes"]) for event in events if event["name"] == "[memory]")
    total = highest = 0
    for _, size in sizes:
        total += size
        highest = max(highest, total)
    peak.append(highest)


def _brevitas(part: str) -> Any:
    try:
        return importlib.import_module(f"brevitas.{part}")
    except ImportError as error:
        raise ValueError(f"Brevitas cannot be imported ({error}); install the extra `bench`") from error


def _with_brevitas_layers(network: nn.Module) -> nn.Module:
    """The network with Brevitas' layers for ours: 1-bit weights of a fixed scale, 3-bit activations of a fixed step."""
    brevitas, quantizers = _brevitas("nn"), _brevitas("quant")
    for name, layer in list(network.named_modules()):
        if not isinstance(layer, QuantLayer):
            continue
        settings = {"bias": False, "weight_quant": quantizers.SignedBinaryWeightPerTensorConst}
        if isinstance(layer, QuantConv2d):
            places = {"kernel_size": layer.kernel_size, "stride": layer.stride, "padding": layer.padding}
            theirs = brevitas.QuantConv2d(layer.in_channels, layer.out_channels, **places, **settings)
        elif isinstance(layer, QuantLinear):
            theirs = brevitas.QuantLinear(layer.in_features, layer.out_features, **settings)
        activations = brevitas.QuantIdentity(
            act_quant=quantizers.Uint8ActPerTensorFloatMaxInit,
            bit_width=_BITS,
            max_val=_STEP * ((1 << _BITS) - 1),
            scaling_impl_type="const",
        )
        network.set_submodule(name, nn.Sequential(activations, theirs))
    return network
