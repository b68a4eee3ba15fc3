"""Whether a process is there, and how a run over Flower ends when it is not."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.federated.flower.engine import _ended
from models.federated.flower.presence import is_present, presence
from models.federated.flower.settings import ENDED, ERROR, SERVER

HOLDER = """
import sys, time
from pathlib import Path
from models.federated.flower.presence import presence
with presence(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_process_is_there_until_it_is_killed(tmp_path: Path) -> None:
    file = tmp_path / SERVER
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(file)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_present(file)
        assert int(file.read_text(encoding="ascii")) == holder.pid
        assert not _ended(tmp_path, waited=1e6)
        holder.kill()
    assert not is_present(file)
    with pytest.raises(ValueError, match=r"the server's process was killed; see .*superlink\.log; --resume goes on"):
        _ended(tmp_path, waited=0)


def test_a_run_ends_as_its_server_says(tmp_path: Path) -> None:
    assert not _ended(tmp_path, waited=1)
    with pytest.raises(ValueError, match="the server's process did not start in 300 s"):
        _ended(tmp_path, waited=301)
    with presence(tmp_path / SERVER):
        assert not _ended(tmp_path, waited=301)
    (tmp_path / ENDED).touch()
    assert _ended(tmp_path, waited=1)
    (tmp_path / ERROR).write_text("no such data", encoding="utf-8")
    with pytest.raises(ValueError, match="no such data"):
        _ended(tmp_path, waited=1)
