"""Flower's ServerApp: the rounds of a run, over SuperNodes."""

import json
from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid, ServerApp

from models.federated.flower.settings import ERROR, config_of, source_of
from models.federated.flower.transport import FlowerTransport
from models.federated.training.corpus import Corpus, read_speech
from models.federated.training.run import run_fedaqt
from models.files import write_text
from models.progress import Progress

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Trains, and leaves the run in its folder."""
    config, source = config_of(context.run_config), source_of(json.loads(str(context.run_config["source"])))
    further = json.loads(str(context.run_config["further"]))

    def transport(corpus: Corpus) -> FlowerTransport:
        return FlowerTransport(grid, len(corpus.clients), corpus.normalisation, further["deadline"])

    folder = Path(further["out"])
    try:
        with Progress() as progress:
            speech = read_speech(source)
            run_fedaqt(config, speech, source, folder, progress, resume=further["resume"], transport=transport)
    except Exception as error:
        write_text(folder / "flower" / ERROR, f"the server's process failed: {error!r}")
        raise
