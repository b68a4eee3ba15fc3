"""The registry of training methods: a chapter adds its method here, and nothing elsewhere in the commands."""

from pathlib import Path

from reports.commands.methods.fedaqt import TrainFedAqt, load_fedaqt
from reports.commands.methods.fewshot import TrainFewShot, load_few_shot
from reports.commands.methods.lsa import TrainLsa, load_lsa
from reports.commands.methods.method import TrainedModel, TrainingMethod
from reports.commands.methods.selfsup import TrainSelfSup, load_self_supervised
from reports.commands.methods.wrapnet import TrainWrapNet, load_wrapnet

METHODS = {
    "wrapnet": TrainingMethod(TrainWrapNet, load_wrapnet),
    "fewshot": TrainingMethod(TrainFewShot, load_few_shot),
    "selfsup": TrainingMethod(TrainSelfSup, load_self_supervised),
    "lsa": TrainingMethod(TrainLsa, load_lsa),
    "fedaqt": TrainingMethod(TrainFedAqt, load_fedaqt),
}
"""The methods by the names that the command line and the configurations of runs give them."""


def load_trained(folder: Path) -> TrainedModel:
    """The model of a finished run, read by the method that the run's config.json names.

    Raises ValueError if the folder holds no finished run, or a run of an unknown method.
    """
    from models.training.run import RunFolder

    name = RunFolder(folder).method()
    if name not in METHODS:
        raise ValueError(f"{folder} holds a run of method {name!r}; this version knows {', '.join(METHODS)}")
    return METHODS[name].load(folder)
