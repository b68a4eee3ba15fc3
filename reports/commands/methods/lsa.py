"""Chapter 4 as the commands see it: the options of its training, and the network of a finished run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import OmitArgPrefixes, arg

from models.attention.training.settings import LsaSettings
from models.attention.training.sources import LsaSource
from models.training.execution import Execution
from reports.commands.methods.method import Evaluation
from reports.commands.options import ensure_outputs

if TYPE_CHECKING:
    from models.attention.training.run import LsaRun
    from reports.commands.methods.deployment import Deployment
    from reports.commands.methods.evaluation import EvaluationOptions
    from reports.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class TrainLsa:
    """Train a network with local self-attention to classify, segment or detect; print how it does on held-out data.

    Several processes or machines: start it with `accelerate launch`.
    """

    source: Annotated[LsaSource, OmitArgPrefixes] = LsaSource()
    initial: Annotated[
        Path | None,
        arg(
            metavar="RUN|FILE",
            help="start from the weights of a finished run of `train lsa`, or of a safetensors file of a backbone; "
            "images may have another size, and classes others",
        ),
    ] = None
    out: Annotated[Path, arg(metavar="DIR", help="folder of the run; created if missing")] = Path("build/lsa")
    resume: Annotated[bool, arg(help="resume the run that the folder holds")] = False
    settings: Annotated[LsaSettings, OmitArgPrefixes] = LsaSettings()
    execution: Annotated[Execution, OmitArgPrefixes] = Execution()

    def run(self) -> "list[Table]":
        """Trains; returns the table of what the last epoch ended with, in the main process alone."""
        from models.attention.training.config import LsaConfig
        from models.attention.training.initial import read_initial
        from models.attention.training.run import run_lsa
        from models.attention.training.tasks import task_of
        from models.progress import Progress
        from models.training.execution import process_state
        from reports.attention.training import training_table

        config = LsaConfig.from_record(asdict(self.settings))
        data = task_of(config).read(self.source, config.seed)
        initial = None if self.initial is None else read_initial(self.initial)
        ensure_outputs(folders=[self.out])
        shown = process_state().is_main_process
        with Progress(quiet=not shown) as progress:
            record = run_lsa(config, data, self.out, progress, self.execution, initial=initial, resume=self.resume)
        return [training_table(record)] if shown else []


@dataclass(frozen=True)
class TrainedLsa:
    """The network of a finished run."""

    finished: "LsaRun"

    def evaluate(self, options: "EvaluationOptions") -> Evaluation:
        """Figures on held-out data, at the size of the run's images.

        Raises ValueError if the data has other classes than the network tells apart.
        """
        from models.attention.training.tasks import task_of
        from reports.attention.training import figure_lines

        run = self.finished
        task = task_of(run.config)
        dataset: Any = options.dataset
        _, height, _ = run.facts["image_shape"]
        data = task.read(LsaSource(dataset=dataset, data=options.data, size=height), run.config.seed)
        run.check(data.classes)
        figures = task.figures(run.network, data)
        return Evaluation({"data": data.name, **figures}, figure_lines(figures))

    def export(self, out: Path | None, deployment: "Deployment", inputs: Sequence[Path]) -> list[str]:
        """Writes and checks the files. Raises ValueError for `out` and for networks other than classifiers."""
        from models.attention.backbones.staged import StagedNetwork
        from reports.commands.methods.deployment import at_size_of, deploy

        run = self.finished
        if out is not None:
            raise ValueError(
                "--out is for WrapNet and encoders; runs of lsa are written as --onnx, --coreml, --tensorrt"
            )
        if not isinstance(run.network, StagedNetwork):
            raise ValueError(f"{run.folder} learnt to {run.config.task}; only runs that classify are exported")
        return deploy(run.network, at_size_of(deployment, run.facts["image_shape"]), inputs)


def load_lsa(folder: Path) -> TrainedLsa:
    """Reads a finished run. Raises ValueError, naming the file, if it is not finished or damaged."""
    from models.attention.training.run import load_run

    return TrainedLsa(load_run(folder))
