"""`wrapmac export`: trained networks for other programs."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from reports.commands.options import RunFolderName


def export(
    run: RunFolderName,
    /,
    out: Annotated[
        Path | None,
        arg(
            metavar="FILE",
            help="of wrapnet: the integer network, build/network.npz if left out; of selfsup: the encoder's weights, "
            "build/encoder.safetensors if left out, with their description beside them as .json",
        ),
    ] = None,
    onnx: Annotated[Path | None, arg(metavar="FILE.onnx", help="write the same network as ONNX as well")] = None,
) -> int:
    """Write a trained network for kernels, hardware, plain torch and ONNX: WrapNet as integers, encoders as floats.

    Integers are weights, thresholds and accumulators. An encoder's description lists operations that ten lines of plain
    torch carry out, see docs/selfsup.md.
    """
    from models.training.run import RunFolder
    from reports.commands.methods.registry import load_trained

    for path in load_trained(run).export(out, onnx, RunFolder(run).files):
        print(path)
    return 0
