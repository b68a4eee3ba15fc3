"""Time and memory of a training step: WrapNet beside the networks it is compared with, and beside Brevitas."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor, nn

from models.backbones.options import NetworkOptions
from models.backbones.registry import NETWORKS, build_network
from models.progress import Progress
from models.quantization.accumulators import Accumulator, Overflow
from models.quantization.activations import ActivationMode, activation_quantizers
from models.quantization.layers import configure, quantized_layers
from models.quantization.observation import LayerPass, Request
from models.training.seeds import check_seed
from models.wrapnet.networks import WrapNetOptions
from reports.bench.contenders import Timing
from reports.bench.device import chosen_device, finished
from reports.bench.in_turn import check_count, in_turn
from reports.bench.memory import peak_memory
from reports.bench.rows import Comparison, bench_record, compared
from reports.records.provenance import machine, tool_versions
from reports.tables.table import Table
from reports.wrapnet.brevitas_peer import brevitas, with_brevitas_layers

REFERENCE = "BWN-QA"
"""The case the others are compared with: WrapNet's quantizers, and accumulators that never overflow."""

TO_REFERENCE = Comparison(key="ratio_to_bwn_qa", reference=lambda _: REFERENCE)

_BITS = 3
_STEP = 0.5  # batch norm leaves activations of unit variance, which 3 bits then hold up to 3.5
_PENALTY = 0.01
_CLASSES = 10
_WARM_UP = 2
_MEBIBYTE = 1 << 20

_Build = Callable[[], nn.Module]


@dataclass(frozen=True)
class _Case:
    """A network to train. build: makes it. penalised: whether the loss includes the overflow penalty."""

    name: str
    build: _Build
    penalised: bool = False
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
    and in its fine-tuning with penalty. Runs on the GPU if there is one. The forms take turns, a step each a round, in
    a different order every round, and the median counts.

    network: a key of models.backbones.registry.NETWORKS. width: channels of its first layer; None for its own.
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
        if value is not None:
            check_count(name, value, smallest)
    device = chosen_device()
    cases = _cases(network, width, seed, with_brevitas, compile)
    images, labels = _data(network, batch, seed, device)
    runs: dict[str, Callable[[], None]] = {}
    peaks: dict[str, int] = {}
    with progress or Progress(quiet=True) as shown:
        task = shown.task("training steps", len(cases) + steps)
        for case in cases:
            with peak_memory(device) as peak:
                runs[case.name] = _training(case, images, labels)
                for _ in range(_WARM_UP):
                    runs[case.name]()
            (peaks[case.name],) = peak
            task.advance(note=case.name)
        timing = Timing(warm_up_calls=0, warm_up_seconds=0, wait=finished(device))
        measured = in_turn(runs, steps, task.advance, timing)
    fastest = measured.fastest()
    figures: dict[str, dict[str, float | int | str]] = {
        name: {
            "fastest_milliseconds": fastest[name],
            "peak_memory_mib": peak / _MEBIBYTE,
            "memory_ratio_to_bwn_qa": peak / peaks[REFERENCE],
            "steps": steps,
            "device": device.type,
            "threads": torch.get_num_threads(),
        }
        for name, peak in peaks.items()
    }
    title = f"{network}, width {width or 'default'}, batch {batch}"
    rows = compared(title, measured.medians(), TO_REFERENCE, figures)
    tools = tool_versions() | ({"brevitas": version("brevitas")} if with_brevitas else {})
    return bench_record(rows, TO_REFERENCE, tools, machine())


def training_bench_table(result: dict[str, Any]) -> Table:
    """The result of bench_training as a table."""
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

    def quantized(mode: ActivationMode, overflow: Overflow) -> _Build:
        def build() -> nn.Module:
            model = build_network(network, options)
            for quantizer in activation_quantizers(model):
                quantizer.step.fill_(_STEP)
            configure(model, mode, Accumulator(overflow=overflow))
            return model

        return build

    exact = quantized(ActivationMode.QUANTIZED, Overflow.EXACT)
    finetune = quantized(ActivationMode.QUANTIZED, Overflow.CYCLIC)
    cases = [
        _Case("float", lambda: build_network(network, NetworkOptions(width=width, seed=seed))),
        _Case("BWN", quantized(ActivationMode.FLOAT, Overflow.EXACT)),
        _Case(REFERENCE, exact),
        _Case("WrapNet warm-up", quantized(ActivationMode.UNROUNDED, Overflow.CYCLIC)),
        _Case("WrapNet fine-tuning", finetune, penalised=True),
    ]
    if with_brevitas:
        brevitas("nn")  # now, rather than after the others are warm
        cases.append(_Case("Brevitas", lambda: with_brevitas_layers(build_network(network, options), _BITS, _STEP)))
    if compile:
        cases.append(_Case(f"{REFERENCE}, compiled", exact, compiled=True))
        cases.append(_Case("WrapNet fine-tuning, compiled", finetune, penalised=True, compiled=True))
    return cases


def _data(network: str, batch: int, seed: int, device: torch.device) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(batch, *NETWORKS[network].image_shape, generator=generator)
    return images.to(device), torch.randint(_CLASSES, (batch,), generator=generator).to(device)


def _training(case: _Case, images: Tensor, labels: Tensor) -> Callable[[], None]:
    """A function that trains the case's network by a step."""
    network = case.build().to(images.device).train()
    layers = quantized_layers(network)
    seen = [LayerPass(Request.PENALTY) for _ in layers] if case.penalised else []
    for layer, one in zip(layers, seen, strict=False):
        layer.seen = one
    optimizer = torch.optim.Adam(network.parameters())
    model: Callable[[Tensor], Tensor] = torch.compile(network) if case.compiled else network

    def step() -> None:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        if case.penalised:
            loss = loss + _PENALTY * torch.stack([one.take_penalty() for one in seen]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step
