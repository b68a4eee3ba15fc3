"""Time of whole networks in integers, from pixels to scores, beside what people deploy."""

import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from models.checks import check_positive
from models.kernels.paths import NOT_COMPILED, native
from models.progress import Progress
from models.training.seeds import check_seed
from reports.bench.contenders import Call, Timing, some_threads
from reports.bench.in_turn import check_count, in_turn, usual_clock
from reports.bench.rows import Comparison, Row, bench_record, compared
from reports.kernels.network_peers import fastest_in_bytes, network_peers
from reports.kernels.untrained import BENCHED, image_shape, untrained
from reports.records.provenance import machine, package_versions, tool_versions
from reports.tables.table import Table

TO_PEER = Comparison(key="ratio_to_peer", reference=fastest_in_bytes, speedup=True)
"""How many times as fast as the fastest contender in bytes of others."""

WEIGHTS = ("binary", "ternary")
_PACKAGES = ("onnxruntime", "openvino")
_TIMING = Timing(warm_up_calls=2)  # batches of large networks take seconds


def bench_networks(
    names: Sequence[str],
    batches: Sequence[int],
    threads: Sequence[int],
    rounds: int,
    seed: int,
    progress: Progress,
    *,
    openvino: bool = True,
) -> dict[str, Any]:
    """Measures networks with random weights, all contenders of a setting in turn.

    names: of networks, or `stem`. batches, threads: numbers of images at a time and of threads; every combination is a
    setting. Returns `rows` (`name` of the setting, `case` of the contender, `milliseconds`, `images_a_second`, and
    `ratio_to_peer`), `clock_ghz`, `rounds`, `tools` and `machine`. Raises ValueError for settings that are not allowed,
    for a package that is not installed, or if the C kernels were not compiled.
    """
    check_seed(seed)
    check_count("rounds", rounds)
    for name in names:
        if name not in BENCHED:
            raise ValueError(f"network is {name!r}; allowed are {', '.join(BENCHED)}")
    for what, numbers in (("batch", batches), ("threads", threads)):
        for number in numbers:
            check_positive(what, number)
    if native is None:
        raise ValueError(NOT_COMPILED)
    settings = list(itertools.product(names, batches, threads))
    task = progress.task("rounds", rounds * len(settings))
    rows: list[Row] = []
    clocks = []
    for name, batch, count in settings:
        with tempfile.TemporaryDirectory() as folder, some_threads(count), torch.no_grad():
            contenders = _contenders(name, batch, count, Path(folder), seed, openvino)
            measured = in_turn(contenders, rounds, task.advance, _TIMING)
        clock = usual_clock(measured)
        clocks += [] if clock is None else [clock]
        times = measured.medians(clock)
        figures = {case: {"images_a_second": 1e3 * batch / time} for case, time in times.items()}
        rows += compared(setting_name(name, batch, count), times, TO_PEER, figures)
    return bench_record(
        rows,
        TO_PEER,
        tools=tool_versions() | package_versions(*_PACKAGES),
        machine=machine(),
        clock_ghz=max(clocks, default=None),
        rounds=rounds,
    )


def setting_name(name: str, batch: int, threads: int) -> str:
    """How rows call a setting."""
    return f"{name}, batch {batch}, {threads} thread{'s' * (threads > 1)}"


def networks_table(result: dict[str, Any]) -> Table:
    """The times of a result of bench_networks."""
    rows = [
        (
            row["name"],
            row["case"],
            f"{row['milliseconds']:.2f}",
            f"{row['images_a_second']:,.0f}",
            f"{row['ratio_to_peer']:.2f}",
        )
        for row in result["rows"]
    ]
    note = (
        "Random weights; medians of rounds in which all contenders took turns. Ours: accumulators of 8 bits, integer "
        "edges of 8-bit weights, from uint8 pixels to integer scores. Speedup: over the fastest int8 network of "
        "others. Theirs: the usual network on floats that are normalised already, quantized by torch's and by "
        "onnxruntime's own tools; OpenVINO runs onnxruntime's file."
    )
    return Table("Whole networks", ("network", "contender", "ms", "images a second", "speedup"), rows, note)


def _contenders(name: str, batch: int, threads: int, folder: Path, seed: int, openvino: bool) -> dict[str, Call]:
    generator = torch.Generator().manual_seed(seed)
    shape = image_shape(name)
    images = torch.randn(batch, *shape, generator=generator)
    pixels = torch.randint(256, (batch, *shape), generator=generator, dtype=torch.uint8).numpy()

    def ours(weights: str) -> Call:
        network = untrained(name, weights, images[:2], integer_edges=True)
        return lambda: network(pixels)

    found = {f"{weights}, 8-bit sums": ours(weights) for weights in WEIGHTS}
    return found | network_peers(name, images, threads, folder, seed, openvino)
