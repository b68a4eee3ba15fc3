"""Evaluation of self-supervised runs as the commands see it: which probes, on which data."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from models.fewshot.sources import FewShotSource, SplitOptions
from reports.commands.methods.fewshot import episode_test
from reports.commands.methods.method import Evaluation

if TYPE_CHECKING:
    from models.selfsup.run import SelfSupRun
    from reports.commands.methods.evaluation import EpisodeOptions, EvaluationOptions

_OF_EPISODES = {"way", "shot", "query", "episodes", "within_groups", "episode_seed", "head"}
_SHARED = {"split", *(field.name for field in fields(SplitOptions))}


def evaluate_encoder(run: "SelfSupRun", options: "EvaluationOptions") -> Evaluation:
    """Probes of a run's encoder. Raises ValueError for options that do not go together, and data that does not fit."""
    from models.progress import Progress
    from models.selfsup.evaluation import evaluate_run
    from models.selfsup.labelled_sets import SETS, read_classes, read_labelled
    from models.selfsup.probes.few_shot import head_of_test
    from reports.selfsup.probes import probe_tables

    settings, episodes = options.selfsup, options.fewshot
    settings.check()
    _check_episodes(episodes, few_shot="few-shot" in settings.probe)
    dataset = options.dataset_of(SETS)
    if options.dataset is None and run.image_shape[0] != 1:
        raise ValueError(f"--dataset names the labelled images to probe with; {run.folder} is of {run.result['data']}")
    if "few-shot" in settings.probe and dataset == "imagenet":
        raise ValueError(
            "--probe few-shot takes folders with train, val and test classes, of one size: --dataset folders"
        )
    test = episode_test(episodes)
    if "few-shot" in settings.probe:
        head_of_test(test)
    split: dict[str, Any] = {name: getattr(episodes, name) for name in _SHARED - {"split"}}
    named: Any = dataset if dataset != "imagenet" else "folders"
    source = FewShotSource(dataset=named, data=options.data, **split)
    on_labels = set(settings.probe) != {"few-shot"}
    data = read_labelled(run, dataset, source, episodes.split, settings.probe_seed) if on_labels else None
    classes = read_classes(run, source) if "few-shot" in settings.probe else None
    with Progress() as progress:
        record = evaluate_run(run, data, classes, settings, test, settings.probe_folder, progress)
    return Evaluation(record, tables=probe_tables(record))


def _check_episodes(options: "EpisodeOptions", *, few_shot: bool) -> None:
    """Raises ValueError for options of episodes that these probes do not have."""
    allowed = _SHARED | (_OF_EPISODES if few_shot else set())
    idle = sorted(options.changed() - allowed)
    if idle:
        named = f"--{idle[0].replace('_', '-')}"
        reason = "is for runs of train fewshot" if few_shot or idle[0] not in _OF_EPISODES else "needs --probe few-shot"
        raise ValueError(f"{named} {reason}")
