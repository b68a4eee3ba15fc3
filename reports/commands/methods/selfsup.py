"""Self-supervised learning as the commands see it: the options of its training, and the encoder of a finished run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import OmitArgPrefixes, arg

from models.selfsup.settings import SelfSupSettings
from models.selfsup.sources import SelfSupSource
from models.training.execution import Execution
from reports.commands.methods.method import Evaluation
from reports.commands.options import ensure_outputs

if TYPE_CHECKING:
    from models.selfsup.run import SelfSupRun
    from reports.commands.methods.deployment import Deployment
    from reports.commands.methods.evaluation import EvaluationOptions
    from reports.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class TrainSelfSup:
    """Train an encoder on images without labels; print its loss, task accuracy and k-NN accuracy.

    Several processes or machines: start it with `accelerate launch`.
    """

    source: Annotated[SelfSupSource, OmitArgPrefixes] = SelfSupSource()
    out: Annotated[Path, arg(metavar="DIR", help="folder of the run; created if missing")] = Path("build/selfsup")
    resume: Annotated[bool, arg(help="resume the run that the folder holds")] = False
    settings: Annotated[SelfSupSettings, OmitArgPrefixes] = SelfSupSettings()
    execution: Annotated[Execution, OmitArgPrefixes] = Execution()

    def run(self) -> "list[Table]":
        """Trains; returns the table of what the last epoch ended with, in the main process alone."""
        from models.progress import Progress
        from models.selfsup.config import SelfSupConfig
        from models.selfsup.run import run_self_supervised
        from models.selfsup.training_data import read_training_data
        from models.training.execution import process_state
        from reports.selfsup.training import training_table

        config = SelfSupConfig.from_record(asdict(self.settings))
        ensure_outputs(folders=[self.out])
        data = read_training_data(self.source, config.seed)
        shown = process_state().is_main_process
        with Progress(quiet=not shown) as progress:
            record = run_self_supervised(config, data, self.out, progress, self.execution, resume=self.resume)
        return [training_table(record)] if shown else []


@dataclass(frozen=True)
class TrainedSelfSup:
    """The encoder of a finished run."""

    finished: "SelfSupRun"

    def evaluate(self, options: "EvaluationOptions") -> Evaluation:
        """Probes of the encoder. Raises ValueError for data that does not fit it, and too few labels."""
        from reports.commands.methods.probing import evaluate_encoder

        return evaluate_encoder(self.finished, options)

    def export(self, out: Path | None, deployment: "Deployment", inputs: Sequence[Path]) -> list[str]:
        """Writes the encoder's weights, beside them what to do with them, and ONNX."""
        from models.selfsup.export import description_of, export_of_run
        from models.selfsup.onnx_export import export_encoder_onnx

        deployment.refuse_for("an encoder")
        run, onnx = self.finished, deployment.onnx
        out = out or Path("build/encoder.safetensors")
        ensure_outputs(out, description_of(out), onnx, inputs=inputs)
        if onnx is not None:
            export_encoder_onnx(run.encoder, run.image_shape, run.encoder.features_dim, onnx)
        return [str(path) for path in (*([] if onnx is None else [onnx]), *export_of_run(run).write(out))]


def load_self_supervised(folder: Path) -> TrainedSelfSup:
    """Reads a finished run. Raises ValueError, naming the file, if it is not finished or damaged."""
    from models.selfsup.run import load_run

    return TrainedSelfSup(load_run(folder))
