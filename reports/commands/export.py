"""`wrapmac export`: trained networks as integers."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from reports.commands.options import RunFolderName, ensure_outputs


def export(
    run: RunFolderName,
    /,
    out: Annotated[Path, arg(metavar="FILE.npz", help="the integer network")] = Path("build/network.npz"),
    onnx: Annotated[Path | None, arg(metavar="FILE.onnx", help="write the same graph as ONNX as well")] = None,
) -> int:
    """Write a trained network as integers: weights, thresholds, accumulators; for kernels, hardware and ONNX."""
    from models.integer_network.onnx import export_onnx
    from models.training.run import RunFolder
    from reports.commands.methods.registry import load_trained

    trained = load_trained(run)
    ensure_outputs(out, onnx, inputs=RunFolder(run).files)
    graph = trained.integer_graph()
    if onnx is not None:
        export_onnx(graph, onnx)
        print(onnx)
    graph.save(out)
    print(out)
    return 0
