"""WrapNet as the commands see it: the options of its training, and the model of a finished run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

from tyro.conf import OmitArgPrefixes, arg

from models.training.execution import Execution
from models.wrapnet.settings import WrapNetSettings
from reports.commands.methods.method import Evaluation
from reports.commands.options import Data, Dataset, ensure_outputs, image_source

if TYPE_CHECKING:
    from models.wrapnet.run import WrapNetRun
    from reports.commands.methods.deployment import Deployment
    from reports.commands.methods.evaluation import EvaluationOptions
    from reports.tables.table import Table


@dataclass(frozen=True, kw_only=True)
class TrainWrapNet:
    """Train WrapNet by its four stages, and the networks it is compared with; print their accuracies.

    Several processes or machines: start it with `accelerate launch`.
    """

    dataset: Dataset = "digits"
    data: Data = None
    out: Annotated[Path, arg(metavar="DIR", help="folder of the run; created if missing")] = Path("build/wrapnet")
    resume: Annotated[bool, arg(help="resume the run that the folder holds")] = False
    settings: Annotated[WrapNetSettings, OmitArgPrefixes] = WrapNetSettings()
    execution: Annotated[Execution, OmitArgPrefixes] = Execution()

    def run(self) -> "list[Table]":
        """Trains; returns the table of accuracies, in the main process alone."""
        from models.progress import Progress
        from models.training.execution import process_state
        from models.wrapnet.run import run_wrapnet
        from models.wrapnet.settings import WrapNetConfig
        from reports.wrapnet.accuracy import accuracy_table

        config = WrapNetConfig(**asdict(self.settings))
        ensure_outputs(folders=[self.out])
        images = image_source(self.dataset, self.data, config.seed)
        shown = process_state().is_main_process
        with Progress(quiet=not shown) as progress:
            record = run_wrapnet(config, images, self.out, progress, self.execution, resume=self.resume)
        return [accuracy_table(record)] if shown else []


@dataclass(frozen=True)
class TrainedWrapNet:
    """The network of a finished run."""

    finished: "WrapNetRun"

    def evaluate(self, options: "EvaluationOptions") -> Evaluation:
        """Accuracy on held-out images, overflow rate and activation bits of each layer.

        Raises ValueError if the network takes other images, or tells other classes apart.
        """
        from models.wrapnet.evaluation import evaluate

        dataset = options.dataset_of(get_args(get_args(Dataset)[0]))
        images = image_source(dataset, options.data, self.finished.config.seed)
        self.finished.check(images)
        figures = evaluate(self.finished.network, images)
        layers = zip(figures.overflow_rates, figures.activation_bits, strict=True)
        lines = (
            f"accuracy {figures.accuracy:.2%}",
            *(
                f"quantized layer {number}: {rate:.2%} of sums overflow, {bits}-bit activations"
                for number, (rate, bits) in enumerate(layers, 1)
            ),
        )
        return Evaluation(asdict(figures), lines)

    def export(self, out: Path | None, deployment: "Deployment", inputs: Sequence[Path]) -> list[str]:
        """Writes the network as integers: weights, thresholds and accumulators."""
        from models.backbones.registry import NETWORKS
        from models.integer_network.builder import export_network
        from models.integer_network.onnx import export_onnx

        deployment.refuse_for("a WrapNet")
        onnx = deployment.onnx
        out = out or Path("build/network.npz")
        ensure_outputs(out, onnx, inputs=inputs)
        graph = export_network(self.finished.network, NETWORKS[self.finished.config.network].image_shape)
        graph = replace(graph, classes=self.finished.classes)
        if onnx is not None:
            export_onnx(graph, onnx)
        graph.save(out)
        return [str(path) for path in (onnx, out) if path is not None]


def load_wrapnet(folder: Path) -> TrainedWrapNet:
    """Reads a finished run. Raises ValueError, naming the file, if it is not finished or damaged."""
    from models.wrapnet.run import load_run

    return TrainedWrapNet(load_run(folder))
