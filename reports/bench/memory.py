"""Peak memory: of what tensors take, on the GPU or on the CPU, and of a whole process."""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

_STATUS = Path("/proc/self/status")
_PEAK = "VmHWM:"


@contextmanager
def peak_memory(device: torch.device) -> Iterator[list[int]]:
    """Yields a list that holds, afterwards, the most bytes that tensors created within took at a time.

    On the CPU, PyTorch's profiler records each allocation and release of its allocator; memory that libraries allocate
    by themselves is not seen. Everything measured is created within, since the profiler ignores what existed before.
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
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    sizes = sorted((event["ts"], event["args"]["Bytes"]) for event in events if event["name"] == "[memory]")
    total = highest = 0
    for _, size in sizes:
        total += size
        highest = max(highest, total)
    peak.append(highest)


def saved_for_backward(compute: Callable[[], object]) -> int:
    """The bytes of the tensors that `compute` keeps for gradients, each piece of memory counted once."""
    sizes: dict[int, int] = {}
    kept: list[torch.Tensor] = []  # memory that is released would be given away again

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = compute()
    del result
    return sum(sizes.values())


def resident_growth(call: Callable[[], object]) -> int | None:
    """The bytes by which `call` raises the peak of this process's resident memory; None where Linux does not tell.

    Earlier peaks hide later ones: call it in a process that has done nothing else.
    """
    before = resident_peak()
    call()
    after = resident_peak()
    return None if before is None or after is None else after - before


def resident_peak() -> int | None:
    """The most bytes of physical memory that this process had so far; None where Linux does not tell."""
    try:
        lines = _STATUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(_PEAK)), None)
