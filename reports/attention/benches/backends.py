"""A model made ready for a backend: its call, how it is timed, its peak memory, and where its weights come from."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from models.attention.deployment.extras import check_packages
from models.attention.deployment.onnx_file import serialised
from models.checks import check_choice
from models.files import write_bytes
from reports.attention.benches.onnx_file import file_digest, operation_counts, write_traced
from reports.attention.benches.subjects import Subject
from reports.attention.benches.torch_backends import compiled, eager, on_gpu, weights_digest
from reports.bench.contenders import Call, SelfTimed, Timing
from reports.bench.device import wait_for
from reports.bench.memory import peak_memory
from reports.bench.other_process import called_elsewhere
from reports.bench.rows import Quantity
from reports.bench.runtimes import file_peak, opened, runtime_package, runtime_version

Backend = Literal["eager", "compile", "onnxruntime", "openvino", "cuda", "tensorrt"]
BACKENDS: tuple[str, ...] = get_args(Backend)
FILES = ("onnxruntime", "openvino", "tensorrt")
"""Backends that run an exported file."""

_ON_GPU = ("cuda", "tensorrt")
_TORCH = {"eager": eager, "compile": compiled, "cuda": on_gpu}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A model that a backend has loaded.

    call: runs it once. timing: of the call. origin: digest, versions, threads and precision, for its row. peak: the
    most bytes that a run takes, or None where nothing tells; measured when it is called.
    """

    call: Call
    timing: Timing
    origin: Mapping[str, Quantity]
    peak: Callable[[], int | None]

    @property
    def contender(self) -> SelfTimed:
        """The call as a contender, timed in its own way."""
        return SelfTimed(partial(self.timing.milliseconds, self.call))


def check_backends(names: Sequence[str]) -> None:
    """Raises ValueError for a name that is no backend's, and for one whose package or GPU is missing."""
    if not names:
        raise ValueError(f"name at least one backend of {', '.join(BACKENDS)}")
    for name in names:
        check_choice("backend", name, Backend)
        if name in FILES:
            runtime_package(name)
            check_packages(onnx=True, coreml=False, tensorrt=False)
        if name in _ON_GPU and not torch.cuda.is_available():
            raise ValueError(f"backend is {name!r}, and there is no GPU that torch can use; allowed are the others")


class Preparation:
    """Makes the models of one run ready, and exports each of them once. folder: of the files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, Path] = {}

    def prepare(self, backend: str, subject: Subject, batch: int) -> Prepared:
        """The model of a subject, for a batch of inputs, loaded by a backend."""
        inputs = torch.ones(batch, *subject.size)
        if backend in FILES:
            return self._of_file(backend, subject, inputs)
        return _of_torch(backend, subject, inputs)

    def _of_file(self, backend: str, subject: Subject, inputs: Tensor) -> Prepared:
        path = self._exported(subject, inputs)
        shape = tuple(inputs.shape)
        peak = partial(called_elsewhere, partial(file_peak, backend, path, shape))
        origin = _origin(backend, file_digest(path), runtime_version(backend)) | operation_counts(path)
        call = opened(backend, path, shape)
        return Prepared(call=call, timing=_timing(backend), origin=origin | {"peak_of": "process"}, peak=peak)

    def _exported(self, subject: Subject, inputs: Tensor) -> Path:
        if subject.name not in self._files:
            path = self.folder / f"{len(self._files)}.onnx"
            _export(subject, inputs, path)
            self._files[subject.name] = path
        return self._files[subject.name]


def _export(subject: Subject, inputs: Tensor, path: Path) -> None:
    """Writes a model as ONNX by the exporter that serves it best."""
    if subject.foreign:
        write_traced(subject.module, inputs, path)
    else:
        write_bytes(path, serialised(subject.module, inputs, ["result"]))


def _of_torch(backend: str, subject: Subject, inputs: Tensor) -> Prepared:
    call = _TORCH[backend](subject.module, inputs)
    origin = _origin(backend, weights_digest(subject.module)) | {"peak_of": "tensors"}
    return Prepared(call=call, timing=_timing(backend), origin=origin, peak=partial(_tensor_peak, backend, call))


def _tensor_peak(backend: str, call: Call) -> int:
    with peak_memory(torch.device(_device(backend))) as peak:
        call()
    return peak[0]


def _origin(backend: str, digest: str, *versions: str) -> dict[str, Quantity]:
    return {
        "backend": backend,
        "digest": digest,
        "versions": ", ".join((*versions, f"torch {torch.__version__}")),
        "threads": 1,
        "precision": "float16" if backend in _ON_GPU else "float32",
        "clock": "wall" if backend in _ON_GPU else "cpu",
    }


def _timing(backend: str) -> Timing:
    if backend in _ON_GPU:
        return Timing(warm_up_calls=3, warm_up_seconds=0, wait=partial(wait_for, torch.device(_device(backend))))
    return Timing(warm_up_calls=1, warm_up_seconds=0, clock=time.process_time)


def _device(backend: str) -> str:
    return "cuda" if backend in _ON_GPU else "cpu"
