"""Commands that train networks and use them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import OmitArgPrefixes, Positional, arg

from models.backbones.registry import NETWORKS
from models.integer_network.builder import export_network
from models.integer_network.onnx import export_onnx
from models.progress import Progress
from models.training.execution import Execution, process_state
from models.wrapnet.evaluation import evaluate as evaluate_network
from models.wrapnet.run import load_run, run_wrapnet
from models.wrapnet.settings import WrapNetConfig, WrapNetSettings
from reports.commands.options import (
    Data,
    Dataset,
    ensure_writable,
    image_source,
)
from reports.commands.output import show, write_record
from reports.wrapnet.accuracy import accuracy_table


def train(
    method: Annotated[Positional[Literal["wrapnet"]], arg(help="what to train")],
    /,
    settings: Annotated[WrapNetSettings, OmitArgPrefixes] = WrapNetSettings(),  # noqa: B008 - it is frozen
    execution: Annotated[Execution, OmitArgPrefixes] = Execution(),  # noqa: B008 - it is frozen
    dataset: Dataset = "digits",
    data: Data = None,
    out: Annotated[Path, arg(metavar="DIR", help="folder of the run; made if missing")] = Path("build/wrapnet"),
    resume: Annotated[bool, arg(help="go on with the run that the folder holds")] = False,
) -> int:
    """Train WrapNet by its four stages, and the networks it is compared with; print how all do on held-out images.

    Several processes or machines: start it with `accelerate launch`.
    """
    del method  # one so far
    config = WrapNetConfig(**asdict(settings))
    images = image_source(dataset, data, config.seed)
    shown = process_state().is_main_process
    with Progress(quiet=not shown) as progress:
        record = run_wrapnet(config, images, out, progress, execution, resume=resume)
    if shown:
        show([accuracy_table(record)])
    return 0


def evaluate(
    run: Annotated[Positional[Path], arg(metavar="RUN", help="folder of a finished run of `train`")],
    /,
    dataset: Dataset = "digits",
    data: Data = None,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the figures there")] = None,
) -> int:
    """Run a trained network on held-out images: accuracy, and overflow rate and activation bits of each layer."""
    finished = load_run(run)
    ensure_writable(json_file)
    images = image_source(dataset, data, finished.config.seed)
    finished.check(images)
    accuracy = evaluate_network(finished.network, images)
    write_record(json_file, asdict(accuracy))
    print(f"accuracy {accuracy.accuracy:.2%}")
    for layer, (rate, bits) in enumerate(zip(accuracy.overflow_rates, accuracy.activation_bits, strict=True)):
        print(f"quantized layer {layer + 1}: {rate:.2%} of sums overflow, {bits}-bit activations")
    return 0


def export(
    run: Annotated[Positional[Path], arg(metavar="RUN", help="folder of a finished run of `train`")],
    /,
    out: Annotated[Path, arg(metavar="FILE.npz", help="the integer network")] = Path("build/network.npz"),
    onnx: Annotated[Path | None, arg(metavar="FILE.onnx", help="write the same graph as ONNX, too")] = None,
) -> int:
    """Write a trained network as integers: weights, thresholds, accumulators; for kernels, hardware and ONNX."""
    finished = load_run(run)
    graph = export_network(finished.network, NETWORKS[finished.config.network].image_shape)
    if onnx is not None:
        export_onnx(graph, onnx)
        print(onnx)
    graph.save(out)
    print(out)
    return 0
