"""Few-shot learning as the commands see it: the options of its training, and the encoder of a finished run."""

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
    from models.fewshot.run import FewShotRun
    from models.integer_network.graph import IntegerGraph
    from reports.commands.methods.evaluation import EvaluationOptions
    from reports.tables.table import Table


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
        from models.fewshot.readers.registry import read_source
        from models.fewshot.run import run_few_shot
        from models.fewshot.settings import FewShotConfig
        from models.progress import Progress
        from models.training.execution import process_state
        from reports.fewshot.accuracy import accuracy_table

        config = FewShotConfig(**asdict(self.settings))
        ensure_outputs(folders=[self.out])
        data = read_source(self.source)
        shown = process_state().is_main_process
        with Progress(quiet=not shown) as progress:
            record = run_few_shot(config, data, self.out, progress, self.execution, resume=self.resume)
        return [accuracy_table(record["evaluations"], record["data"])] if shown else []


@dataclass(frozen=True)
class TrainedFewShot:
    """The encoder of a finished run."""

    finished: "FewShotRun"

    def evaluate(self, options: "EvaluationOptions") -> Evaluation:
        """Accuracy on episodes; against another run, the paired difference as well.

        Raises ValueError if the encoder takes other images, or was trained on their classes.
        """
        from models.fewshot.comparison import EpisodeTest, evaluate_run
        from models.fewshot.readers.registry import read_source
        from models.fewshot.run import load_run
        from models.progress import Progress

        wanted = options.fewshot
        against = None if wanted.against is None else load_run(wanted.against)
        test = EpisodeTest(
            split=wanted.split,
            way=wanted.way,
            shots=wanted.shot,
            query=wanted.query,
            episodes=wanted.episodes,
            within=wanted.within_groups,
            support_from=wanted.support_from,
            seed=wanted.episode_seed,
            head=wanted.head,
            allow_seen=wanted.allow_seen,
        )
        dataset: Any = options.dataset_of(get_args(DatasetName))
        split = {field.name: getattr(wanted, field.name) for field in fields(SplitOptions)}
        data = read_source(FewShotSource(dataset=dataset, data=options.data, **split))
        with Progress() as progress:
            records = evaluate_run(self.finished, data, test, against, progress)
        return Evaluation({"evaluations": records}, tuple(map(_line, records)))

    def integer_graph(self) -> "IntegerGraph":
        """Few-shot encoders have no integer form: raises ValueError."""
        raise ValueError(f"{self.finished.folder} is a few-shot run, which has no integer form")


def load_few_shot(folder: Path) -> TrainedFewShot:
    """Reads a finished run. Raises ValueError, naming the file, if it is not finished or damaged."""
    from models.fewshot.run import load_run

    return TrainedFewShot(load_run(folder))


def _line(record: dict[str, Any]) -> str:
    """An evaluation in one line."""
    line = (
        f"{record['way']}-way {record['shot']}-shot, {record['head']}: {_figure(record)} over {record['episodes']} "
        f"episodes {record['episode_digest']} of {record['split']}, batch norm {record['batch_norm']}"
    )
    if record["support_from"]:
        line += f", support from {', '.join(record['support_from'])}, queries from others, {record['classes']} classes"
    if record["seen_classes"]:
        line += f"; trained on {record['seen_classes']} of these classes"
    if "against" in record:
        other = record["against"]
        difference = other["difference"]
        line += (
            f"; against {other['run']}, {other['head']}: {_figure(other)}, paired difference "
            f"{100 * difference['mean']:+.2f} +- {100 * difference['standard_error']:.2f} (1 SE)"
        )
    return line


def _figure(record: dict[str, Any]) -> str:
    return (
        f"{100 * record['mean']:.2f} % +- {100 * record['standard_error']:.2f} (1 SE), 95 % interval "
        f"{100 * record['low']:.2f} to {100 * record['high']:.2f}"
    )
