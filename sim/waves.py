"""Waveforms of a bench: their formats, who can write them, and where they are kept."""

import shutil
from functools import partial
from pathlib import Path
from typing import Literal

from hw.tools import run_tool
from models.files import write_with

WaveFormat = Literal["fst", "vcd"]
"""File format of waveforms: fst is compressed, vcd is text."""

WAVES = "waves"
"""The file that a bench writes its waveforms to, in the folder that it runs in."""

FST_PACKAGES = ("liblz4-dev", "zlib1g-dev")
"""Debian packages that Verilator's FST writer needs."""

_FST_HEADERS = ("lz4.h", "zlib.h")


def check_wave_file(path: Path) -> None:
    """Raises ValueError unless the file's name ends with .fst or .vcd."""
    if path.suffix not in (".fst", ".vcd"):
        raise ValueError(f"waveforms are {path.name!r}; allowed are names that end with .fst or .vcd")


def can_write(simulator: str, form: WaveFormat) -> bool:
    """Returns whether the simulator can write that format here; Verilator needs two libraries for FST."""
    if form == "vcd" or simulator == "icarus":
        return True
    includes = [argument for header in _FST_HEADERS for argument in ("-include", header)]
    return run_tool(["g++", "-E", "-x", "c++", *includes, "/dev/null"], Path()).returncode == 0


def wave_arguments(waves: Path | None) -> list[str]:
    """Returns Verilator's arguments for waveforms in the file `waves`, or for none."""
    return [] if waves is None else [f"--trace-{waves.suffix[1:]}"]


def keep_waves(folder: Path, waves: Path) -> None:
    """Moves the waveforms in `folder`, if the bench wrote any, to the file `waves`; simulators may add an ending."""
    for found in folder.glob(f"{WAVES}*"):
        write_with(waves, partial(shutil.move, found))
