"""The device that a bench runs on."""

from functools import partial
from typing import Literal, get_args

import torch

from reports.bench.contenders import Call

DeviceName = Literal["auto", "cpu", "cuda"]


def chosen_device(name: DeviceName = "auto") -> torch.device:
    """The device by name; `auto` takes the GPU if there is one. Raises ValueError for a GPU that is not there."""
    if name not in get_args(DeviceName):
        raise ValueError(f"device is {name!r}; allowed are {', '.join(get_args(DeviceName))}")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', and there is no GPU that torch can use; allowed are auto and cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def finished(device: torch.device) -> Call:
    """A call that blocks until the device has finished its work."""
    return partial(wait_for, device)


def wait_for(device: torch.device) -> None:
    """Blocks until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def described(device: torch.device) -> str:
    """The kind of GPU, or the number of threads that torch uses on the CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread" if threads == 1 else f"CPU, {threads} threads"
