"""Waveforms of a run of the bench: the first unit's signals, what is played, and the cycle of the stimulus."""

import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Literal

from models.files import write_with

WaveFormat = Literal["fst", "vcd"]
"""How waveforms are stored: compressed, for viewers, or as text."""

WAVES = "waves"
"""The file that the bench writes, in the folder that it runs in."""

FST_PACKAGES = ("liblz4-dev", "zlib1g-dev")
"""Debian packages that Verilator needs to write FST."""

_FST_HEADERS = ("lz4.h", "zlib.h")


def check_wave_file(path: Path) -> None:
    """Raises ValueError if a file of that name holds no waveforms."""
    if path.suffix not in (".fst", ".vcd"):
        raise ValueError(f"waveforms are {path.name!r}; allowed are names that end with .fst or .vcd")


def can_write(simulator: str, form: WaveFormat) -> bool:
    """Whether the simulator is able to write that format here: Verilator compiles the writer of FST with libraries."""
    if form == "vcd" or simulator == "icarus":
        return True
    includes = "".join(f"#include <{header}>\n" for header in _FST_HEADERS)
    finished = subprocess.run(["g++", "-E", "-x", "c++", "-"], input=includes, capture_output=True, text=True)
    return finished.returncode == 0


def wave_arguments(waves: Path | None) -> list[str]:
    """What Verilator needs to write waveforms of that name, or none."""
    return [] if waves is None else [f"--trace-{waves.suffix[1:]}"]


def keep_waves(folder: Path, waves: Path) -> None:
    """Moves what the bench wrote in `folder`, if it did, to its place; simulators may add an ending."""
    for found in folder.glob(f"{WAVES}*"):
        write_with(waves, partial(shutil.move, found))
