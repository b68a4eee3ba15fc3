"""Networks of chapter 4 as files for other programs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from reports.commands.options import ensure_outputs, parsed_resolution

if TYPE_CHECKING:
    from models.attention.backbones.staged import StagedNetwork

_IMAGENET_SIDE = "224"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Files to write and their form.

    resolutions: as typed; empty for the network's own. ios: None for the lowest that has all of the program.
    """

    onnx: Path | None = None
    coreml: Path | None = None
    tensorrt: Path | None = None
    resolutions: tuple[str, ...] = ()
    dynamic: bool = False
    ios: Literal[15, 18] | None = None
    precision: Literal[16, 32] = 32

    def refuse_for(self, what: str) -> None:
        """Raises ValueError if an option is set that networks of other chapters do not take."""
        plain = Deployment(onnx=self.onnx)
        if self != plain:
            raise ValueError(f"{what} is written as --out and --onnx alone; other options are for backbones")

    def check(self, inputs: Sequence[Path] = ()) -> None:
        """Raises ValueError if options do not go together, and OSError if a file cannot be written."""
        if self.onnx is None and self.coreml is None and self.tensorrt is None:
            raise ValueError(
                "nothing to write; name --onnx FILE.onnx, --coreml FILE.mlpackage or --tensorrt FILE.engine"
            )
        sizes = self.sizes()
        if len(sizes) != len(set(sizes)):
            raise ValueError(f"resolution is {' '.join(self.resolutions)}; each is allowed once")
        if len(sizes) > 1 and (self.onnx is not None or self.tensorrt is not None):
            raise ValueError(f"{len(sizes)} resolutions are for --coreml alone; one ONNX file takes all with --dynamic")
        if self.dynamic and self.onnx is None:
            raise ValueError("--dynamic is for --onnx; Core ML and TensorRT files have the sizes of --resolution")
        from models.attention.deployment.extras import check_packages

        if self.coreml is not None:
            from models.attention.deployment.coreml.conversion import checked_ios
            from models.attention.deployment.coreml.packages import check_package_path

            checked_ios(self.ios, len(sizes))
            check_package_path(self.coreml)
        wanted = {name: getattr(self, name) is not None for name in ("onnx", "coreml", "tensorrt")}
        check_packages(**wanted)
        ensure_outputs(self.onnx, self.tensorrt, folders=[self.coreml and self.coreml.parent], inputs=inputs)

    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of each resolution."""
        return [parsed_resolution(one) for one in self.resolutions or (_IMAGENET_SIDE,)]


def deploy(network: "StagedNetwork", deployment: Deployment, inputs: Sequence[Path] = ()) -> list[str]:
    """Writes and checks the files; returns what to print. Raises ValueError if a check fails."""
    from models.attention.deployment.preparation import deployable

    deployment.check(inputs)
    sizes = deployment.sizes()
    ready, written = deployable(network), []
    if deployment.onnx is not None:
        from models.attention.deployment.onnx_file import write_onnx

        written.append(write_onnx(ready, deployment.onnx, *sizes[0], dynamic=deployment.dynamic))
    if deployment.coreml is not None:
        from models.attention.deployment.coreml.conversion import write_coreml

        form = {"ios": deployment.ios, "precision": deployment.precision}
        written.append(write_coreml(ready, deployment.coreml, sizes, **form))  # type: ignore[arg-type]
    if deployment.tensorrt is not None:
        from models.attention.deployment.tensorrt_engine import write_engine

        written.append(write_engine(ready, deployment.tensorrt, *sizes[0], precision=deployment.precision))
    return [line for one in written for line in one.lines()]


def deploy_backbone(name: str, mixers: str | None, length: int, seed: int, deployment: Deployment) -> list[str]:
    """A backbone with random weights as files; returns what to print.

    Layer scales are 1, where a training starts with 1e-5: the check of a file would not see what blocks do.
    """
    from models.attention.backbones.registry import backbone

    deployment.check()
    return deploy(backbone(name, mixers, length=length, layer_scale=1.0, seed=seed), deployment)


def at_size_of(deployment: Deployment, shape: Sequence[int]) -> Deployment:
    """With the resolution of a run's images, (channels, height, width), where the user named none."""
    return deployment if deployment.resolutions else replace(deployment, resolutions=(f"{shape[1]}x{shape[2]}",))
