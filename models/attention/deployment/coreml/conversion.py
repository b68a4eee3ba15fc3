"""Networks as Core ML programs."""

import contextlib
import io
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import torch

from models.attention.backbones.staged import StagedNetwork
from models.attention.deployment.coreml.evaluator import evaluate
from models.attention.deployment.coreml.packages import write_package
from models.attention.deployment.coreml.program import Function, read_functions
from models.attention.deployment.extras import check_packages
from models.attention.deployment.preparation import (
    IMAGES,
    check_close,
    expected_outputs,
    output_names,
    random_images,
)
from models.attention.deployment.report import ExportedFile
from models.extras import required

Ios = Literal[15, 18]
Precision = Literal[16, 32]

_TOLERANCES: dict[Precision, float] = {32: 1e-4, 16: 2e-2}
_HIGHEST_RANK = 5


def write_coreml(
    network: StagedNetwork,
    path: Path,
    resolutions: Sequence[tuple[int, int]],
    *,
    ios: Ios | None = None,
    precision: Precision = 32,
) -> ExportedFile:
    """Writes a deployable network as a Core ML package, which the evaluator checks before it is put in place.

    resolutions: height and width; several become functions `images_HxW` that share weights, which needs iOS 18. ios:
    the lowest version that runs it; 15 for one resolution and 18 for several if None. precision: bits of the floats.
    Raises ValueError for a missing package, for several resolutions before iOS 18, for a tensor above rank 5, and if
    results differ from torch's by more than 1e-4, or 2e-2 in 16 bits.
    """
    version = checked_ios(ios, len(resolutions))
    check_packages(onnx=False, coreml=True, tensorrt=False)
    found: list[ExportedFile] = []

    def write(temporary: Path) -> None:
        _convert(network, temporary, resolutions, version, precision)
        found.append(_checked(network, temporary, resolutions, path, precision))

    write_package(path, write)
    return found[0]


def checked_ios(ios: Ios | None, resolutions: int) -> Ios:
    """The lowest version of iOS. Raises ValueError for several resolutions before 18."""
    if ios == 15 and resolutions > 1:
        raise ValueError(f"ios is 15, but {resolutions} resolutions in one program need 18")
    return ios or (18 if resolutions > 1 else 15)


def _convert(
    network: StagedNetwork, path: Path, resolutions: Sequence[tuple[int, int]], ios: Ios, precision: Precision
) -> None:
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if len(resolutions) == 1:
            _program(network, *resolutions[0], ios, precision).save(str(path))
            return
        utilities = required("coremltools", "coreml").utils
        functions = utilities.MultiFunctionDescriptor()
        with TemporaryDirectory() as folder:
            for height, width in resolutions:
                name = _function_name(height, width)
                single = Path(folder, f"{name}.mlpackage")
                _program(network, height, width, ios, precision).save(str(single))
                functions.add_function(str(single), src_function_name="main", target_function_name=name)
            functions.default_function_name = _function_name(*resolutions[0])
            utilities.save_multifunction(functions, str(path))


def _program(network: StagedNetwork, height: int, width: int, ios: Ios, precision: Precision) -> Any:
    tools = required("coremltools", "coreml")
    example = random_images(1, height, width)
    return tools.convert(
        torch.export.export(network, (example,)).run_decompositions({}),
        outputs=[tools.TensorType(name=name) for name in output_names(network)],
        convert_to="mlprogram",
        minimum_deployment_target=getattr(tools.target, f"iOS{ios}"),
        compute_precision=getattr(tools.precision, f"FLOAT{precision}"),
        skip_model_load=True,
    )


def _function_name(height: int, width: int) -> str:
    return f"{IMAGES}_{height}x{width}"


def _checked(
    network: StagedNetwork,
    package: Path,
    resolutions: Sequence[tuple[int, int]],
    path: Path,
    precision: Precision,
) -> ExportedFile:
    functions = read_functions(package)
    differences = []
    for height, width in resolutions:
        function = functions["main" if len(resolutions) == 1 else _function_name(height, width)]
        _check_ranks(function)
        images = random_images(1, height, width, seed=1)
        found = [output.float() for output in evaluate(function, {function.inputs[0]: images})]
        differences.append(check_close("Core ML", found, expected_outputs(network, images), _TOLERANCES[precision]))
    kinds = Counter(one.kind for one in function.operations if one.kind != "const")
    form = f"Core ML, {len(resolutions)} functions" if len(resolutions) > 1 else "Core ML"
    return ExportedFile(path, form, dict(kinds), max(differences))


def _check_ranks(function: Function) -> None:
    for operation in function.operations:
        if max(operation.ranks, default=0) > _HIGHEST_RANK:
            raise ValueError(
                f"Core ML operation {operation.kind} gives rank {max(operation.ranks)}; allowed are {_HIGHEST_RANK}"
            )
