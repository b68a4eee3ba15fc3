"""Contenders in a process of their own, for settings of libraries that hold for a whole process from its start."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

import torch

from reports.bench.contenders import WARMED_UP, Call, SelfTimed, Timing

Calls = Mapping[str, Call]

_NAMES = "names?"


@contextmanager
def elsewhere(
    make: Callable[[], Calls], environment: Mapping[str, str], timing: Timing = WARMED_UP
) -> Iterator[dict[str, SelfTimed]]:
    """Contenders, by name, that `make` makes in another process with these additional environment variables.

    make, and what timing waits for, need to be importable, or partials of importable functions, as the process starts
    anew. It uses one thread, and measures a contender when its turn comes here. Raises ChildProcessError if it ends
    early.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, make, timing), daemon=True)
    with here, there:
        with _environment(environment), _without_interrupts():
            process.start()
        there.close()  # the other process has its own end, and this one notices when it closes
        try:
            names = _ask(here, _NAMES)
            yield {name: SelfTimed(partial(_ask, here, name)) for name in names}
        finally:
            process.terminate()
            process.join()


def _ask(connection: Connection, question: str) -> Any:
    """All names, or the milliseconds of a contender."""
    try:
        connection.send(question)
        return connection.recv()
    except (EOFError, OSError) as error:
        raise ChildProcessError("the process with contenders of other settings has ended") from error


def _serve(connection: Connection, make: Callable[[], Calls], timing: Timing) -> None:
    """Runs in the other process: makes the contenders and answers questions until the connection closes."""
    torch.set_num_threads(1)
    calls = make()
    with suppress(EOFError, OSError):
        while True:
            question = connection.recv()
            connection.send(list(calls) if question == _NAMES else timing.milliseconds(calls[question]))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Processes that start within never see Ctrl-C; it ends the parent, and that ends them."""
    resource_tracker.ensure_running()  # it starts with the first process, and would unblock interrupts again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]
