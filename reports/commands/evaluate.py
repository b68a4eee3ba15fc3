"""`wrapmac evaluate`: trained networks on held-out data."""

from tyro.conf import OmitArgPrefixes

from reports.commands.methods.evaluation import EvaluationOptions
from reports.commands.options import JsonFile, RunFolderName, ensure_outputs


def evaluate(
    run: RunFolderName,
    /,
    evaluation: OmitArgPrefixes[EvaluationOptions] = EvaluationOptions(),
    json_file: JsonFile = None,
) -> int:
    """Run a trained network on held-out data: accuracies, WrapNet's overflow rates, probes of encoders."""
    from models.training.run import RunFolder
    from reports.commands.methods.registry import load_trained
    from reports.commands.output import show, write_json

    evaluation.check_method(RunFolder(run).method())
    trained = load_trained(run)
    runs = [run] if evaluation.fewshot.against is None else [run, evaluation.fewshot.against]
    inputs = [file for folder in runs for file in RunFolder(folder).files]
    for path in evaluation.paths:
        ensure_outputs(json_file, folders=[evaluation.selfsup.probe_folder], inputs=[*inputs, path], data=path)
    found = trained.evaluate(evaluation)
    write_json(json_file, found.record)
    for line in found.lines:
        print(line)
    show(found.tables, notes=True)
    return 0
