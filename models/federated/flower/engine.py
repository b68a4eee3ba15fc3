"""A run over Flower on this machine: its processes are started, watched and ended."""

import time
from pathlib import Path
from typing import Any

from models.federated.flower.deployment import CLIENT_APP, federation
from models.federated.flower.presence import is_present
from models.federated.flower.settings import ENDED, ERROR, SERVER, run_config
from models.federated.training.config import FedAqtConfig
from models.federated.training.corpus import corpus_of, read_speech
from models.federated.training.features import AS_THEY_ARE
from models.federated.training.sources import SpeechSource
from models.json_files import parse_object, read_object
from models.progress import Progress
from models.training.run import RESULT, RunFolder

_MOST_CLIENTS = 16
_LOOK = 0.5  # seconds between two looks at the run
_LONGEST_START = 300.0  # seconds that Flower has to start the server's process


def run_over_flower(
    config: FedAqtConfig,
    source: SpeechSource,
    folder: Path,
    progress: Progress,
    *,
    deadline: float,
    resume: bool = False,
    client_app: str = CLIENT_APP,
) -> dict[str, Any]:
    """As `run_fedaqt`, with each client behind a SuperNode of its own, on loopback with TLS.

    deadline: of a round's answers, in seconds. The processes' logs are in `folder`/flower. Raises ValueError, also for
    what goes wrong in the server's process, and for more clients than processes on one machine make sense.
    """
    if config.algorithm == "central":
        raise ValueError("algorithm is central, which has no clients to reach over Flower")
    clients = len(corpus_of(read_speech(source), source, config, AS_THEY_ARE, lazy=True).clients)
    if clients > _MOST_CLIENTS:
        raise ValueError(
            f"{clients} clients are too many processes; --engine flower allows {_MOST_CLIENTS} of them on one machine"
        )
    run = RunFolder(folder)
    run.check_free(resume=resume)
    own = folder / "flower"
    own.mkdir(parents=True, exist_ok=True)
    for name in (ERROR, ENDED, SERVER):
        (own / name).unlink(missing_ok=True)
    task = progress.task("training over Flower", config.rounds)
    done = 0
    with federation(own, clients) as processes:
        processes.submit(
            run_config(config, source, deadline=deadline, out=str(folder.absolute()), resume=resume), client_app
        )
        begun = time.monotonic()
        while not _ended(own, time.monotonic() - begun):
            time.sleep(_LOOK)
            processes.check()
            rounds = _rounds(run.metrics)
            if done < rounds < config.rounds:
                task.advance(rounds - done)
                done = rounds
        task.advance(config.rounds - done)
    return read_object(folder / RESULT)


def _ended(folder: Path, waited: float) -> bool:
    """Whether the server's process has ended well. Raises ValueError if it failed, was killed, or never came."""
    lock = folder / SERVER
    gone = lock.exists() and not is_present(lock)  # before the others are looked at: they are written while it is there
    if (folder / ERROR).exists():
        raise ValueError((folder / ERROR).read_text(encoding="utf-8"))
    if (folder / ENDED).exists():
        return True
    log = folder / "superlink.log"
    if gone:
        raise ValueError(f"the server's process was killed; see {log}; --resume goes on with the run")
    if not lock.exists() and waited > _LONGEST_START:
        raise ValueError(f"the server's process did not start in {_LONGEST_START:g} s; see {log}")
    return False


def _rounds(metrics: Path) -> int:
    """How many rounds the metrics tell of."""
    if not metrics.exists():
        return 0
    lines = metrics.read_text(encoding="utf-8").splitlines()
    return int(parse_object(lines[-1])["step"]) if lines else 0
