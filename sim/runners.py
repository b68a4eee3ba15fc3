"""Cocotb's runners, extended: VCD from Icarus, and Verilator's runtime compiled once per machine."""

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import cocotb_tools
from cocotb_tools.runner import Icarus, Runner, Verilator, get_runner
from platformdirs import user_cache_path

from hw.plain_paths import is_plain
from hw.tools import run_tool
from models.files import write_with

_PACKAGES = Path(cocotb_tools.__file__).parents[1]
_RUNTIME = "verilated*.o"
_COMPILER = "c++"  # the one that Verilator's Makefiles call
_VARIABLES = ("CPATH", "CPLUS_INCLUDE_PATH", "CPPFLAGS", "CXXFLAGS", "OPT", "USER_CPPFLAGS")  # read by the Makefiles


def choose_runner(simulator: str, waves: Path | None) -> Runner:
    """Returns the runner of a simulator, for waveforms in the file `waves` (NAME.fst or NAME.vcd) or for none."""
    if simulator == "verilator":
        return _SharingVerilator()
    if simulator == "icarus" and waves is not None and waves.suffix == ".vcd":
        return _IcarusVcd()
    return get_runner(simulator)


class _IcarusVcd(Icarus):
    """Writes VCD, where cocotb's runner for Icarus writes only FST."""

    def _test_command(self) -> list[Any]:
        commands: list[list[Any]] = super()._test_command()
        return [["-vcd" if argument == "-fst" else argument for argument in command] for command in commands]


class _SharingVerilator(Verilator):
    """Compiles Verilator's own runtime, most of a build, once per machine.

    Its object files do not depend on the design. They are kept in the user's cache folder, under a key of everything
    they do depend on. A cache that cannot be read or written is skipped.

    Makefiles reach Python and its packages through links beside the build if they cannot read their paths.
    """

    def build(self, *arguments: Any, **options: Any) -> None:
        super().build(*arguments, **options)
        kept = self._kept_objects()
        with suppress(OSError):
            for made in self.build_dir.glob(_RUNTIME):
                if not (kept / made.name).exists():
                    write_with(kept / made.name, partial(shutil.copyfile, made))

    def _build_command(self) -> list[Any]:
        translation, make = super()._build_command()
        packages = self._plain(_PACKAGES, "packages")
        translation = [str(part).replace(str(_PACKAGES), str(packages)) for part in translation]
        make.append(f"PYTHON3={self._plain(Path(sys.executable), 'python')}")  # by default `python`, if it is on PATH
        if packages != _PACKAGES and Path(self.executable).is_relative_to(_PACKAGES):
            # Verilator's script cannot start its program at such a path.
            self.env["VERILATOR_ROOT"] = str(packages / "verilator")
            translation[0] = str(packages / "verilator" / "bin" / "verilator_bin")
        reused = []
        with suppress(OSError):
            for kept in self._kept_objects().glob(_RUNTIME):
                shutil.copyfile(kept, self.build_dir / kept.name)
                reused.append(f"--assume-old={kept.name}")
        return [translation, [*make, *reused]]

    def _plain(self, path: Path, name: str) -> Path:
        """The path, or a link to it in the build's parent if make cannot read it."""
        if is_plain(path):
            return path
        link = self.build_dir.parent / name
        if not link.is_symlink():
            link.symlink_to(path)
        return link

    def _kept_objects(self) -> Path:
        return kept_objects(self.executable, [str(argument.value) for argument in self._build_args])


def kept_objects(verilator: str, arguments: Sequence[str]) -> Path:
    """Returns the cache folder of the objects that a build with these arguments makes in this environment."""
    made_by = [_answer(verilator, "--version"), _answer(_COMPILER, "-v")]
    text = json.dumps([made_by, list(arguments), {name: os.environ.get(name) for name in _VARIABLES}])
    return user_cache_path("wrapmac") / "verilator" / hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _answer(*command: str) -> str:
    """Returns the output of a program."""
    finished = run_tool(command, Path())
    return finished.stdout + finished.stderr
