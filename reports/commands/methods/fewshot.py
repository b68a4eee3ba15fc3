"""Few-shot learning as the commands see it: the options of its training, and the encoder of a finished run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

from tyro.conf import OmitArgPrefixes, arg

from models.fewshot.settings import FewShotSettings
from models.fewshot.sources import DatasetName, FewShotSource, SplitOptions
from models.training.execution import Execution
from reports.commands.methods.method import Evaluation
from reports.commands.options import ensure_outputs

if TYPE_CHECKING:
    from models.fewshot.comparison import EpisodeTest
    from models.fewshot.run import FewShotRun
    from reports.commands.methods.deployment import Deployment
    from reports.commands.methods.evaluation import EpisodeOptions, EvaluationOptions
    from reports.tables.table import Table

OMNIGLOT_RUNS = "omniglot-runs"
"""The name of the official test among data sets to evaluate on."""


@dataclass(frozen=True, kw_only=True)
class TrainFewShot:
    """Train a few-shot learner, meta-learned on episodes or classical; print its accuracy on episodes of test classes.

    Several processes or machines: start it with `accelerate launch`.
    """

    source: Annotated[FewShotSource, OmitArgPrefixes] = FewShotSource()
    out: Annotated[Path, arg(metavar="DIR", help="folder of the run; created if missing")] = Path("build/fewshot")
    resume: Annotated[bool, arg(help="resume the run that the folder holds")] = False
    settings: Annotated[FewShotSettings, OmitArgPrefixes] = FewShotSettings()
    execution: Annotated[Execution, OmitArgPrefixes] = Execution()

    def run(self) -> "list[Table]":
        """Trains; returns the table of accuracies, in the main process alone."""
        from models.fewshot.config import FewShotConfig
        from models.fewshot.readers.registry import read_source
        from models.fewshot.run import run_few_shot
        from models.progress import Progress
        from models.training.execution import process_state
        from reports.fewshot.accuracy import accuracy_table

        config = FewShotConfig.from_record(asdict(self.settings))
        ensure_outputs(folders=[self.out])
        data = read_source(self.source)
        shown = process_state().is_main_process
        with Progress(quiet=not shown) as progress:
            record = run_few_shot(config, data, self.out, progress, self.execution, resume=self.resume)
        return [accuracy_table(record)] if shown else []


@dataclass(frozen=True)
class TrainedFewShot:
    """The encoder of a finished run."""

    finished: "FewShotRun"

    def evaluate(self, options: "EvaluationOptions") -> Evaluation:
        """Accuracy on episodes, or on Omniglot's official runs; against another run, the paired difference as well.

        Raises ValueError if the encoder takes other images, or was trained on their classes.
        """
        if options.dataset == OMNIGLOT_RUNS:
            return self._official(options)
        if options.fewshot.on:
            return self._on_domains(options)
        from models.fewshot.comparison import evaluate_run
        from models.fewshot.readers.registry import read_source
        from models.progress import Progress
        from reports.fewshot.lines import episodes_line

        wanted = options.fewshot
        test = episode_test(wanted)
        dataset: Any = options.dataset_of((*get_args(DatasetName), OMNIGLOT_RUNS))
        split = {field.name: getattr(wanted, field.name) for field in fields(SplitOptions)}
        against = _other(wanted)
        data = read_source(FewShotSource(dataset=dataset, data=options.data, **split))
        with Progress() as progress:
            records = evaluate_run(self.finished, data, test, against, progress)
        return Evaluation({"evaluations": records}, tuple(map(episodes_line, records)))

    def _on_domains(self, options: "EvaluationOptions") -> Evaluation:
        from models.fewshot.domains import evaluate_domains
        from models.fewshot.readers.registry import read_source
        from models.progress import Progress
        from reports.fewshot.domains import domain_table

        if options.dataset is not None or options.data is not None:
            raise ValueError("--on names the data sets; it goes without --dataset and --data")
        wanted = options.fewshot
        test, against = episode_test(wanted), _other(wanted)
        domains = [read_source(source) for source in wanted.sources]
        with Progress() as progress:
            records = evaluate_domains(self.finished, domains, test, against, progress)
        return Evaluation({"evaluations": records}, tables=(domain_table(records),))

    def _official(self, options: "EvaluationOptions") -> Evaluation:
        from models.fewshot.official import evaluate_official
        from models.fewshot.readers.omniglot_runs import read_omniglot_runs
        from reports.fewshot.lines import official_line

        wanted = options.fewshot
        idle = wanted.changed() - {"head", "batch_norm", "against"}
        if idle:
            named = ", ".join(f"--{name.replace('_', '-')}" for name in sorted(idle))
            raise ValueError(
                f"--dataset {OMNIGLOT_RUNS} has episodes of its own, 20-way and 1-shot; it takes no {named}"
            )
        if options.data is None:
            raise ValueError(f"--dataset {OMNIGLOT_RUNS} needs --data with all_runs.zip or the folder that holds it")
        record = evaluate_official(
            self.finished, read_omniglot_runs(options.data), _other(wanted), wanted.head, wanted.batch_norm
        )
        return Evaluation(record, (official_line(record),))

    def export(self, out: Path | None, deployment: "Deployment", inputs: Sequence[Path]) -> list[str]:
        """Few-shot encoders are not exported: raises ValueError."""
        raise ValueError(f"{self.finished.folder} is a few-shot run, which has no form to export")


def load_few_shot(folder: Path) -> TrainedFewShot:
    """Reads a finished run. Raises ValueError, naming the file, if it is not finished or damaged."""
    from models.fewshot.run import load_run

    return TrainedFewShot(load_run(folder))


def episode_test(options: "EpisodeOptions") -> "EpisodeTest":
    """The episodes that options name. Raises ValueError for impossible ones."""
    from models.fewshot.comparison import EpisodeTest, Variant

    other = Variant(options.against_ensemble, options.against_flip_shots)
    if options.against is None and other != Variant():
        raise ValueError("--against-ensemble and --against-flip-shots are about RUN2, which --against names")
    return EpisodeTest(
        split=options.split,
        way=options.way,
        shots=options.shot,
        query=options.query,
        episodes=options.episodes,
        within=options.within_groups,
        support_from=options.support_from,
        seed=options.episode_seed,
        head=options.head,
        batch_norm=options.batch_norm,
        variants=(Variant(options.ensemble, options.flip_shots), other),
        normalisation=options.normalise_by,
        allow_seen=options.allow_seen,
    )


def _other(options: "EpisodeOptions") -> "FewShotRun | None":
    from models.fewshot.run import load_run

    return None if options.against is None else load_run(options.against)
