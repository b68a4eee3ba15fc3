"""Chapter 3 as the commands see it: the options of its training, and the recogniser of a finished run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from tyro.conf import OmitArgPrefixes, arg

from models.federated.training.settings import FedAqtSettings
from models.federated.training.sources import DatasetName, SpeechSource
from models.training.execution import Execution
from reports.commands.methods.method import Evaluation
from reports.commands.options import ensure_outputs

if TYPE_CHECKING:
    from models.federated.training.config import FedAqtConfig
    from models.federated.training.run import FedAqtRun
    from reports.commands.methods.deployment import Deployment
    from reports.commands.methods.evaluation import EvaluationOptions
    from reports.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class TrainFedAqt:
    """Train a speech recogniser in federated rounds, on clients that hold its encoder in a few bits; print its errors.

    A run takes one process. Start several runs at once for several seeds.
    """

    source: Annotated[SpeechSource, OmitArgPrefixes] = SpeechSource()
    initial: Annotated[
        Path | None,
        arg(metavar="RUN", help="start from the weights of a finished run of the same size and tokens"),
    ] = None
    out: Annotated[Path, arg(metavar="DIR", help="folder of the run; created if missing")] = Path("build/fedaqt")
    resume: Annotated[bool, arg(help="resume the run that the folder holds")] = False
    settings: Annotated[FedAqtSettings, OmitArgPrefixes] = FedAqtSettings()
    engine: Annotated[
        Literal["local", "flower"],
        arg(
            help="clients work in this process (local), or each behind a Flower SuperNode on this machine, with TLS "
            "(flower, extra `federated`), which takes some 20 s a round"
        ),
    ] = "local"
    deadline: Annotated[
        float,
        arg(
            metavar="S",
            help="time that clients have to answer in a round, with --engine flower; later answers are dropped",
        ),
    ] = 120.0
    tensorboard: Annotated[bool, arg(help="also write TensorBoard logs; needs the extra `tensorboard`")] = False

    def run(self) -> "list[Table]":
        """Trains; returns the table of what the last rounds ended with."""
        from models.federated.training.config import FedAqtConfig
        from models.federated.training.corpus import read_speech
        from models.federated.training.run import load_run, run_fedaqt
        from models.progress import Progress
        from reports.federated.training import training_table

        config = FedAqtConfig.from_record(asdict(self.settings))
        ensure_outputs(folders=[self.out])
        if self.engine == "flower":
            return [training_table(self._over_flower(config))]
        initial = None if self.initial is None else load_run(self.initial)
        speech = read_speech(self.source)
        execution = Execution(tensorboard=self.tensorboard)
        with Progress() as progress:
            record = run_fedaqt(
                config, speech, self.source, self.out, progress, execution, initial=initial, resume=self.resume
            )
        return [training_table(record)]

    def _over_flower(self, config: "FedAqtConfig") -> "dict[str, Any]":
        from models.checks import check_above_zero
        from models.extras import required
        from models.progress import Progress

        check_above_zero("deadline", self.deadline)
        for name, given in (("initial", self.initial), ("tensorboard", self.tensorboard)):
            if given:
                raise ValueError(f"--{name} is not for --engine flower")
        required("flwr", "federated")
        from models.federated.flower.engine import run_over_flower

        with Progress() as progress:
            return run_over_flower(config, self.source, self.out, progress, deadline=self.deadline, resume=self.resume)


@dataclass(frozen=True)
class TrainedFedAqt:
    """The recogniser of a finished run."""

    finished: "FedAqtRun"

    def evaluate(self, options: "EvaluationOptions") -> Evaluation:
        """Error rates on the held-out utterances of a data set, of the recogniser that clients get.

        Raises ValueError for recordings of another rate or other words.
        """
        from models.federated.training.corpus import read_speech
        from models.federated.training.evaluation import error_rates
        from reports.federated.training import error_lines

        run = self.finished
        names = (run.dataset, *get_args(DatasetName))
        dataset: Any = options.dataset_of(names)
        part = options.speech.part
        source = SpeechSource(dataset=dataset, data=options.data, parts=(), held_out_part=part, utterances=1)
        speech = read_speech(source)  # hardly anything to train on
        rates = error_rates(run.client(), run.held_out(speech), run.vocabulary, options.speech.beam)
        return Evaluation({"data": speech.name, **rates}, error_lines(rates))

    def export(self, out: Path | None, deployment: "Deployment", inputs: Sequence[Path]) -> list[str]:
        """Raises ValueError: there is no file format for these recognisers yet."""
        raise ValueError(f"{self.finished.folder} holds a speech recogniser; there is no export of these")


def load_fedaqt(folder: Path) -> TrainedFedAqt:
    """Reads a finished run. Raises ValueError, naming the file, if it is not finished or damaged."""
    from models.federated.training.run import load_run

    return TrainedFedAqt(load_run(folder))
