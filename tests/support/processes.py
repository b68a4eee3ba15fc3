"""Functions that run in several processes, which find each other through gloo."""

import multiprocessing
import os
import pickle
import socket
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from multiprocessing.queues import SimpleQueue
from typing import Any

import torch
from torch import distributed

_PRELOADED = ["torch.distributed", "accelerate", "sklearn.datasets", "sklearn.model_selection", "models.selfsup.run"]


def context() -> ForkServerContext:
    """Starts processes that have the slow imports behind them."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload(_PRELOADED)
    return found


def in_processes(count: int, function: Callable[..., Any], *arguments: Any) -> list[Any]:
    """The results of an importable function in each of `count` processes, each with one thread. One runs here."""
    if count == 1:
        return [function(*arguments)]
    started = context()
    results: SimpleQueue[tuple[int, bytes]] = started.SimpleQueue()
    port = _free_port()
    processes = [
        started.Process(target=_run, args=(results, port, index, count, function, arguments), daemon=True)
        for index in range(count)
    ]
    for process in processes:
        process.start()
    contents = dict(results.get() for _ in processes)
    found = {index: pickle.loads(content) for index, content in contents.items()}
    for process in processes:
        process.join()
    for value in found.values():
        if isinstance(value, BaseException):
            raise value
    return [found[index] for index in range(count)]


def declare_to_accelerate() -> None:
    """Lets accelerate find the processes that `in_processes` started; in a single process, does nothing."""
    if distributed.is_initialized():
        rank = str(distributed.get_rank())
        os.environ |= {"WORLD_SIZE": str(distributed.get_world_size()), "RANK": rank, "LOCAL_RANK": rank}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}  # asked for, but not used any more


def _run(
    results: "SimpleQueue[tuple[int, bytes]]",
    port: int,
    index: int,
    count: int,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> None:
    torch.set_num_threads(1)
    try:
        distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=index, world_size=count)
        value = function(*arguments)
        distributed.barrier()
        distributed.destroy_process_group()
    except BaseException as error:
        value = error
    results.put((index, pickle.dumps(value)))  # by value: shared memory would end with the process


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
