"""Contenders in a process of their own: some settings of libraries hold for a whole process, from its start."""

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

from reports.bench.in_turn import Call, SelfTimed, timed

Calls = Mapping[str, Call]

_NAMES = "names?"


@contextmanager
def elsewhere(make: Callable[[], Calls], environment: Mapping[str, str]) -> Iterator[dict[str, SelfTimed]]:
    """Contenders, by name, that `make` makes in another process, which has these environment variables as well.

    make: importable, or a partial of what is, as the process starts anew. Each contender is measured there, by one
    thread, when it is its turn here. Raises ChildProcessError if the process ends before it should.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, make), daemon=True)
    with here, there:
        with _environment(environment), _without_interrupts():
            process.start()
        there.close()  # the other process has its own, and this one notices its end
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


def _serve(connection: Connection, make: Callable[[], Calls]) -> None:
    """In the other process: makes contenders, and answers questions until nobody asks."""
    torch.set_num_threads(1)
    calls = make()
    with torch.no_grad(), suppress(EOFError, OSError):
        while True:
            question = connection.recv()
            connection.send(list(calls) if question == _NAMES else timed(calls[question]))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """A process that starts here never sees Ctrl-C, which ends the one that asks, and that ends the other."""
    resource_tracker.ensure_running()  # it starts with the first process, and would let interrupts through again
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
