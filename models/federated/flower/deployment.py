"""A SuperLink and SuperNodes on this machine, with TLS."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.federated.flower.certificates import write_certificates, write_node_keys
from models.federated.flower.processes import PROGRAMS, Started, environment, running
from models.files import write_text

CLIENT_APP = "models.federated.flower.client_app:app"
"""The app of clients."""

_LOCAL = "127.0.0.1"
_LINK = "superlink"
_APP = """[project]
name = "fedaqt"
version = "1.0.0"
description = "Federated training of quantized speech models"
license = "Apache-2.0"
dependencies = []

[tool.flwr.app]
publisher = "wrapmac"

[tool.flwr.app.components]
serverapp = "models.federated.flower.server_app:app"
clientapp = "{client_app}"

[tool.flwr.app.config]
{config}"""
_TRIES, _PAUSE = 60, 1.0  # to reach a SuperLink that starts, seconds
_LONGEST_COMMAND = 120.0  # seconds
_UNREACHED = "Connection to the SuperLink is unavailable"


@dataclass(frozen=True)
class Federation:
    """Running processes. folder: of certificates, keys, logs and Flower's own files."""

    folder: Path
    processes: Started

    def submit(self, run: Mapping[str, str], client_app: str = CLIENT_APP) -> None:
        """Submits a run of the apps with its configuration.

        Raises ValueError, with Flower's own words, if it is refused, or the SuperLink has ended.
        """
        config = "".join(f"{name} = {_quoted(value)}\n" for name, value in run.items())
        write_text(self.folder / "app" / "pyproject.toml", _APP.format(client_app=client_app, config=config))
        self.command("run", str(self.folder / "app"), "local")

    def register(self, key: Path) -> None:
        """Makes a SuperNode known by its public key. Raises ValueError as `submit` does."""
        self.command("supernode", "register", str(key), "local")

    def command(self, *arguments: str) -> None:
        """Runs one of Flower's commands, once the SuperLink can be reached."""
        line = [str(PROGRAMS / "flwr"), *arguments, "--format", "json"]
        said = ""
        for _ in range(_TRIES):
            self.check()
            try:
                done = subprocess.run(
                    line,
                    env=environment(self.folder / "flower"),
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=_LONGEST_COMMAND,
                )
            except subprocess.TimeoutExpired as error:
                said = f"`flwr {' '.join(arguments)}` took longer than {_LONGEST_COMMAND:g} s"
                raise ValueError(f"{said}; see {self.folder / _LINK}.log") from error
            if done.returncode == 0 and _succeeded(done.stdout):
                return
            said = (done.stdout + done.stderr).strip()
            if _UNREACHED not in said:
                break
            time.sleep(_PAUSE)
        raise ValueError(f"Flower refused `flwr {' '.join(arguments)}`: {said}")

    def check(self) -> None:
        """Raises ValueError if the SuperLink has ended, or all SuperNodes have."""
        ended = [name for name, process in self.processes.items() if process.poll() is not None]
        if ended and (_LINK in ended or len(ended) == len(self.processes) - 1):
            raise ValueError(f"Flower's {ended[0]} has ended; see {self.folder / ended[0]}.log")


@contextmanager
def federation(folder: Path, clients: int) -> Iterator[Federation]:
    """A SuperLink and one SuperNode for each client, on loopback with TLS; all end with the context.

    The SuperLink knows each SuperNode by a key of its own, and takes no others.
    """
    link, *nodes = _free_ports(1 + clients)
    secrets = folder / "certificates"
    secrets.mkdir(parents=True, exist_ok=True)
    secrets.chmod(0o700)  # before there are keys in it
    certificate, key, authority = (str(path.absolute()) for path in write_certificates(secrets))
    home = folder.absolute() / "flower"
    write_text(home / "config.toml", _configuration(link, authority))
    tls = ["--ssl-certfile", certificate, "--ssl-keyfile", key, "--ssl-ca-certfile", authority]
    here = [*tls, "--host", _LOCAL, "--port"]
    known = ["--enable-supernode-auth", "--disable-runtime-dependency-installation"]
    with running({_LINK: ["flower-superlink", *known, *here, str(link)]}, home, folder) as server:
        started, commands = Federation(folder, server), dict[str, list[str]]()
        for client, port in enumerate(nodes):
            private, public = write_node_keys(secrets, f"supernode-{client}")
            started.register(public.absolute())
            reach = ["--superlink", f"{_LOCAL}:{link}", "--root-certificates", authority]
            own = ["--auth-supernode-private-key", str(private.absolute()), "--node-config", f"client={client}"]
            commands[f"supernode-{client}"] = ["flower-supernode", *reach, *own, *here, str(port)]
        with running(commands, home, folder) as others:
            yield Federation(folder, server | others)


def _succeeded(printed: str) -> bool:
    """Whether a command of Flower's says so, with --format json."""
    try:
        return bool(json.loads(printed)["success"])
    except (ValueError, KeyError, TypeError):
        return False


def _quoted(text: str) -> str:
    """A basic string of TOML."""
    return json.dumps(text)


def _configuration(port: int, authority: str) -> str:
    return (
        '[superlink]\ndefault = "local"\n\n[superlink.local]\n'
        f'address = "{_LOCAL}:{port}"\nroot-certificates = {_quoted(authority)}\n'
    )


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_LOCAL, 0))
        return [one.getsockname()[1] for one in sockets]
