"""Contenders in another process, which has its own environment, measures them, and ends."""

import multiprocessing
import os
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest

from reports.bench.in_turn import in_turn
from reports.bench.other_process import called_elsewhere, elsewhere
from tests.support.bench import VARIABLE, make_quitters, make_sleepers

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_contenders_are_measured_in_a_process_with_its_own_settings() -> None:
    with elsewhere(partial(make_sleepers, 0.02), {VARIABLE: "there"}) as found:
        assert VARIABLE not in os.environ
        (name,) = found
        process, value = name.split()
        assert int(process) != os.getpid()
        assert value == "there"
        times = in_turn(found, 2).times[name]
        assert len(times) == 2
        assert min(times) >= 20  # milliseconds
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_process_that_ends_is_an_error() -> None:
    with (
        elsewhere(make_quitters, {}) as found,
        pytest.raises(ChildProcessError, match="another process of the bench has ended"),
    ):
        in_turn(found, 1)


def test_a_function_is_called_in_a_process_of_its_own() -> None:
    assert called_elsewhere(os.getpid) != os.getpid()
    assert not multiprocessing.active_children()


def test_a_function_that_ends_its_process_is_an_error() -> None:
    with pytest.raises(ChildProcessError, match="another process of the bench has ended"):
        called_elsewhere(partial(os._exit, 3))


INTERRUPTED = """
import os, signal, threading
from reports.bench.other_process import elsewhere
from tests.support.bench import make_slowly
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell inherits that it is ignored
threading.Timer({seconds}, os.killpg, (0, signal.SIGINT)).start()
try:
    with elsewhere(make_slowly, {{}}):
        pass
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.7, 6])
def test_an_interrupt_ends_both_processes_quietly(seconds: float, tmp_path: Path) -> None:
    """While the other process starts, and while it makes its contenders."""
    script = tmp_path / "script.py"
    script.write_text(f"if __name__ == '__main__':\n{textwrap.indent(INTERRUPTED.format(seconds=seconds), '    ')}")
    started = time.monotonic()
    finished = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert (finished.stdout, finished.stderr) == ("interrupted\n", "")
    assert time.monotonic() - started < 50
