"""Trainings that are killed between two checkpoints."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from models.training.checkpoint import Checkpoint


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
