"""`wrapmac export`: trained networks for other programs."""

from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from models.attention.backbones.architectures import ARCHITECTURES


def export(
    run: Annotated[
        Positional[Path],
        arg(
            metavar="RUN|NAME",
            help="folder of a finished run of `train`, or a backbone, with random weights: " + ", ".join(ARCHITECTURES),
        ),
    ],
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
    coreml: Annotated[
        Path | None, arg(metavar="FILE.mlpackage", help="write a backbone, or a run of lsa, as a Core ML program")
    ] = None,
    tensorrt: Annotated[
        Path | None, arg(metavar="FILE.engine", help="write it as a TensorRT engine for this machine's GPU")
    ] = None,
    resolution: Annotated[
        tuple[str, ...],
        arg(
            metavar="N|HxW ...",
            help="pixels of the images: a side, or height and width; several become functions of one Core ML program. "
            "If left out, those of the run's images, or 224 of a backbone by name",
        ),
    ] = (),
    dynamic: Annotated[bool, arg(help="leave batch, height and width of the ONNX file free")] = False,
    ios: Annotated[
        Literal[15, 18] | None,
        arg(help="lowest iOS that runs the Core ML program. If left out, 15, or 18 for several resolutions"),
    ] = None,
    precision: Annotated[Literal[16, 32], arg(help="bits of the floats in Core ML and TensorRT")] = 32,
    mixers: Annotated[
        str | None, arg(metavar="LETTERS", help="token mixers of a backbone by name, as in `wrapmac models`")
    ] = None,
    length: Annotated[
        int, arg(metavar="TOKENS", help="of the runs of local self-attention, of a backbone by name")
    ] = 49,
    seed: Annotated[int, arg(metavar="N", help="seed of the weights of a backbone by name")] = 0,
) -> int:
    """Write a trained network for kernels, hardware, phones, plain torch and ONNX.

    WrapNet is written as integers: weights, thresholds and accumulators. An encoder's description lists operations that
    ten lines of plain torch carry out, see docs/selfsup.md. Backbones are written as ONNX, Core ML and TensorRT; each
    file is checked against torch before it is put in place, see docs/attention.md.
    """
    from models.training.run import RunFolder
    from reports.commands.methods.deployment import Deployment, deploy_backbone
    from reports.commands.methods.registry import load_trained

    deployment = Deployment(
        onnx=onnx,
        coreml=coreml,
        tensorrt=tensorrt,
        resolutions=resolution,
        dynamic=dynamic,
        ios=ios,
        precision=precision,
    )
    if str(run) in ARCHITECTURES and not run.exists():
        _refuse_out(out)
        lines = deploy_backbone(str(run), mixers, length, seed, deployment)
    elif mixers is not None or length != 49 or seed:
        raise ValueError(f"--mixers, --length and --seed are for backbones by name; {run} is a run")
    else:
        lines = load_trained(run).export(out, deployment, RunFolder(run).files)
    for line in lines:
        print(line)
    return 0


def _refuse_out(out: Path | None) -> None:
    if out is not None:
        raise ValueError("--out is for WrapNet and encoders; backbones are written as --onnx, --coreml or --tensorrt")
