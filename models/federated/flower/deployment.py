"""A SuperLink and SuperNodes on this machine, with TLS, for one run."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from models.federated.flower.certificates import write_certificates
from models.files import write_text

_LOCAL = "127.0.0.1"
_APP = """[project]
name = "fedaqt"
version = "1.0.0"
dependencies = []

[tool.flwr.app]
publisher = "wrapmac"

[tool.flwr.app.components]
serverapp = "models.federated.flower.server_app:app"
clientapp = "models.federated.flower.client_app:app"

[tool.flwr.app.config]
settings = ""
source = ""
further = ""
"""
_PROGRAMS = Path(sys.executable).parent
_ROOT = Path(__file__).resolve().parents[3]
_STOP = 10.0  # seconds that a process has to end


@dataclass
class Federation:
    """Processes of a federation. folder: of certificates, keys, logs and Flower's own files."""

    folder: Path
    clients: int
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of all its processes."""
        return os.environ | {
            "FLWR_HOME": str(self.folder / "flower"),
            "FLWR_TELEMETRY_ENABLED": "0",
            "PATH": _joined(_PROGRAMS, os.environ.get("PATH")),  # its processes start others by name
            "PYTHONPATH": _joined(_ROOT, os.environ.get("PYTHONPATH")),
        }

    def start(self, name: str, *command: str) -> None:
        """Starts a process; what it prints goes to a file named like it."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(_PROGRAMS / command[0]), *command[1:]],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextmanager
def federation(folder: Path, clients: int) -> Iterator[Federation]:
    """A SuperLink and one SuperNode for each client, on loopback with TLS; all end with the context."""
    own = Federation(folder, clients)
    link, *nodes = _free_ports(1 + clients)
    certificate, key, authority = write_certificates(folder / "certificates")
    write_text(folder / "flower" / "config.toml", _configuration(link, authority))
    write_text(folder / "app" / "pyproject.toml", _APP)
    tls = ["--ssl-certfile", str(certificate), "--ssl-keyfile", str(key), "--ssl-ca-certfile", str(authority)]
    with ExitStack() as stack:
        stack.callback(_end, own)
        own.start(
            "superlink",
            "flower-superlink",
            *tls,
            "--disable-runtime-dependency-installation",
            *("--host", _LOCAL, "--port", str(link)),
        )
        for client, port in enumerate(nodes):
            own.start(
                f"supernode-{client}",
                "flower-supernode",
                *("--superlink", f"{_LOCAL}:{link}", "--root-certificates", str(authority)),
                *tls,
                *("--host", _LOCAL, "--port", str(port), "--node-config", f"client={client}"),
            )
        yield own


def submit(own: Federation, run: Mapping[str, str]) -> None:
    """Submits a run of the apps. Raises ValueError, with Flower's own words, if it is refused."""
    values = own.folder / "run.toml"
    write_text(values, "".join(f"{name} = {_quoted(value)}\n" for name, value in run.items()))
    command = [str(_PROGRAMS / "flwr"), "run", str(own.folder / "app"), "local", "-c", str(values)]
    for attempt in range(30):
        done = subprocess.run(command, env=own.environment, capture_output=True, text=True, check=False)
        if done.returncode == 0 and "rror" not in done.stdout:
            return
        time.sleep(1 + attempt / 10)
    raise ValueError(f"Flower refused the run: {(done.stdout + done.stderr).strip()}")


def _joined(first: Path, others: str | None) -> str:
    return os.pathsep.join([str(first), *([others] if others else [])])


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _configuration(port: int, authority: Path) -> str:
    return (
        '[superlink]\ndefault = "local"\n\n[superlink.local]\n'
        f'address = "{_LOCAL}:{port}"\nroot-certificates = "{authority}"\n'
    )


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_LOCAL, 0))
        return [one.getsockname()[1] for one in sockets]


def _end(own: Federation) -> None:
    import signal

    for process in own.processes.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in own.processes.values():
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
