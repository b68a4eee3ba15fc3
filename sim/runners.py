"""Cocotb's runners of simulators, with what the bench needs besides."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from cocotb_tools.runner import Icarus, Runner, Verilator, get_runner
from platformdirs import user_cache_path

from models.files import write_with

_RUNTIME = "verilated*.o"
_COMPILER = "c++"  # what Verilator's Makefiles call
_VARIABLES = ("CPATH", "CPLUS_INCLUDE_PATH", "CPPFLAGS", "CXXFLAGS", "OPT", "USER_CPPFLAGS")  # they read these, too


def choose_runner(simulator: str, waves: Path | None) -> Runner:
    """Cocotb's runner of a simulator that writes waveforms of that name, or none."""
    if simulator == "verilator":
        return _SharingVerilator()
    if simulator == "icarus" and waves is not None and waves.suffix == ".vcd":
        return _IcarusVcd()
    return get_runner(simulator)


class _IcarusVcd(Icarus):
    """The runner for Icarus, which knows FST alone."""

    def _test_command(self) -> list[Any]:
        commands: list[list[Any]] = super()._test_command()
        return [["-vcd" if argument == "-fst" else argument for argument in command] for command in commands]


class _SharingVerilator(Verilator):
    """Compiles Verilator's own runtime, most of a build, once for a machine.

    No design changes these object files. They are kept in the user's cache folder, by everything that does; a folder
    that cannot be read or written is done without.
    """

    def build(self, *arguments: Any, **options: Any) -> None:
        super().build(*arguments, **options)
        kept = self._kept_objects()
        with suppress(OSError):
            for made in self.build_dir.glob(_RUNTIME):
                if not (kept / made.name).exists():
                    write_with(kept / made.name, partial(shutil.copyfile, made))

    def _build_command(self) -> list[Any]:
        *translation, make = super()._build_command()
        taken = []
        with suppress(OSError):
            for kept in self._kept_objects().glob(_RUNTIME):
                shutil.copyfile(kept, self.build_dir / kept.name)
                taken.append(f"--assume-old={kept.name}")
        return [*translation, [*make, *taken]]

    def _kept_objects(self) -> Path:
        return kept_objects(self.executable, [str(argument.value) for argument in self._build_args])


def kept_objects(verilator: str, arguments: Sequence[str]) -> Path:
    """The folder of the objects that builds with such arguments make, in this environment."""
    made_by = [_answer(verilator, "--version"), _answer(_COMPILER, "-v")]
    text = json.dumps([made_by, list(arguments), {name: os.environ.get(name) for name in _VARIABLES}])
    return user_cache_path("wrapmac") / "verilator" / hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _answer(*command: str) -> str:
    """What a program says of itself."""
    finished = subprocess.run(command, capture_output=True, text=True)
    return finished.stdout + finished.stderr
