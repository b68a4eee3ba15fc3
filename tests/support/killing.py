"""Trainings that are killed: between two checkpoints, or by SIGKILL at any call."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pkgutil import resolve_name
from typing import Any

import pytest
import torch

from models.training.checkpoint import Checkpoint
from tests.support.processes import context


class _Killed(Exception):
    pass


@contextmanager
def killed_after(saves: int) -> Iterator[None]:
    """The training inside is killed as it is about to save its state once more."""
    save, saved = Checkpoint.save, []

    def killing(self: Checkpoint, *arguments: Any) -> None:
        if len(saved) == saves:
            raise _Killed
        saved.append(arguments)
        save(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", killing)
        with pytest.raises(_Killed):
            yield


def killed_at(owner: str, name: str, call: int, function: Callable[..., Any], *arguments: Any) -> None:
    """Runs an importable function in a process that SIGKILL ends at call number `call` of another one, from 1 on.

    owner: of that function, `name`: a module, or a class as `module:Class`. Fails if the process ends otherwise.
    """
    process = context().Process(target=_run_to, args=(owner, name, call, function, arguments), daemon=True)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def _run_to(owner: str, name: str, call: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    torch.set_num_threads(1)
    calls, place = count(1), resolve_name(owner)
    original = getattr(place, name)

    def killing(*given: Any, **named: Any) -> Any:
        if next(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*given, **named)

    setattr(place, name, killing)
    function(*arguments)
