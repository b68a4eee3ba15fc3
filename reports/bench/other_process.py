"""Contenders in a process of their own: for settings that hold for a whole process, and for its peak of memory."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any, TypeVar

import torch

from reports.bench.contenders import WARMED_UP, Call, SelfTimed, Timing

Calls = Mapping[str, Call]

Value = TypeVar("Value")

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
    with _process(_serve, make, timing, environment=environment) as connection:
        names = _ask(connection, _NAMES)
        yield {name: SelfTimed(partial(_ask, connection, name)) for name in names}


def called_elsewhere(function: Callable[[], Value], environment: Mapping[str, str] = MappingProxyType({})) -> Value:
    """The value of an importable function, or of a partial of one, called in a process of its own with one thread.

    environment: further variables of the process. Raises ChildProcessError if the process ends early.
    """
    with _process(_call, function, environment=environment) as connection, _its_end_noticed():
        value: Value = connection.recv()
        return value


@contextmanager
def _process(target: Callable[..., None], *arguments: Any, environment: Mapping[str, str]) -> Iterator[Connection]:
    """A process, as long as the context lasts. target: takes the other end of the connection, then the arguments."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=target, args=(there, *arguments), daemon=True)
    with here, there:
        with _environment(environment), _without_interrupts():
            process.start()
        there.close()  # the other process has its own end, and this one notices when it closes
        try:
            yield here
        finally:
            process.terminate()
            process.join()


@contextmanager
def _its_end_noticed() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise ChildProcessError("another process of the bench has ended") from error


def _ask(connection: Connection, question: str) -> Any:
    """All names, or the milliseconds of a contender."""
    with _its_end_noticed():
        connection.send(question)
        return connection.recv()


def _call(connection: Connection, function: Callable[[], Any]) -> None:
    """Runs in the other process: sends the value of a function."""
    torch.set_num_threads(1)
    connection.send(function())


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
