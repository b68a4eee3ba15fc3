"""Flower's ServerApp: the rounds of a run, over SuperNodes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from models.federated.flower.presence import presence
from models.federated.flower.secure_transport import SecureFlowerTransport
from models.federated.flower.settings import ENDED, ERROR, SERVER, config_of, further_of, source_of
from models.federated.flower.transport import FlowerTransport
from models.federated.training.corpus import Corpus, read_speech
from models.federated.training.run import run_fedaqt
from models.files import write_text
from models.progress import Progress

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Trains, and leaves the run in its folder, with a file that says how it ended."""
    further = further_of(context.run_config)
    folder = Path(further["out"])
    with presence(folder / "flower" / SERVER):
        _train(grid, context, further, folder)


def _train(grid: Grid, context: Context, further: Mapping[str, Any], folder: Path) -> None:
    try:
        config, source = config_of(context.run_config), source_of(context.run_config)

        def transport(corpus: Corpus) -> FlowerTransport:
            kind = SecureFlowerTransport if config.secure else FlowerTransport
            return kind(grid, len(corpus.clients), corpus.normalisation, corpus.vocabulary, further["deadline"])

        with Progress() as progress:
            speech = read_speech(source)
            run_fedaqt(config, speech, source, folder, progress, resume=further["resume"], transport=transport)
    except BaseException as error:
        said = str(error) if isinstance(error, ValueError) else f"the server's process failed: {error!r}"
        write_text(folder / "flower" / ERROR, said)
        raise
    write_text(folder / "flower" / ENDED, "")
