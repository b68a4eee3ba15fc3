"""`wrapmac evaluate`: trained networks on held-out data."""

from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, arg

from reports.commands.methods.evaluation import EvaluationOptions
from reports.commands.options import RunFolderName, ensure_outputs


def evaluate(
    run: RunFolderName,
    /,
    evaluation: OmitArgPrefixes[EvaluationOptions] = EvaluationOptions(),
    json_file: Annotated[Path | None, arg(name="json", metavar="FILE", help="write the figures there")] = None,
) -> int:
    """Run a trained network on held-out data: its accuracy and, of WrapNet, overflow rates and activation bits."""
    from models.training.run import RunFolder
    from reports.commands.methods.registry import load_trained
    from reports.commands.output import write_json

    trained = load_trained(run)
    ensure_outputs(json_file, inputs=[*RunFolder(run).files, evaluation.data], data=evaluation.data)
    found = trained.evaluate(evaluation)
    write_json(json_file, found.record)
    for line in found.lines:
        print(line)
    return 0
