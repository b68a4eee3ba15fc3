"""`wrapmac evaluate`: trained networks on held-out data."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from reports.commands.options import Data, Dataset, RunFolderName, ensure_outputs


def evaluate(
    run: RunFolderName,
    /,
    dataset: Dataset = "digits",
    data: Data = None,
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the figures there")] = None,
) -> int:
    """Run a trained network on held-out images: accuracy, and overflow rate and activation bits of each layer."""
    from models.training.run import RunFolder
    from reports.commands.methods.registry import load_trained
    from reports.commands.output import write_json

    trained = load_trained(run)
    ensure_outputs(json_file, inputs=[*RunFolder(run).files, data])
    evaluation = trained.evaluate(dataset, data)
    write_json(json_file, evaluation.record)
    for line in evaluation.lines:
        print(line)
    return 0
