"""`wrapmac bench`: measurements side by side.

A new bench is a dataclass of its options, here or in `reports/commands/benches`, and its subcommand here.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import OmitArgPrefixes, OmitSubcommandPrefixes, arg, subcommand

from reports.commands.benches.attention import AttentionBench
from reports.commands.benches.federated import MemoryBench
from reports.commands.benches.fewshot import AdaptationBench, AugmentBench, EpisodeBench, HeadBench, RegularizerBench
from reports.commands.benches.kernels import KernelBench, NetworkBench
from reports.commands.benches.selfsup import LossBench, StepBench, ViewsBench
from reports.commands.options import JsonFile, Seed, ensure_outputs

if TYPE_CHECKING:
    from models.progress import Progress
    from reports.tables.table import Table


@dataclass(frozen=True)
class TrainingBench:
    """A training step of WrapNet, of networks without its emulation, of peers."""

    network: Annotated[str, arg(help="the network to train")] = "vgg7"
    width: Annotated[int | None, arg(metavar="N", help="channels of its first layer; its own if left out")] = None
    batch: Annotated[int, arg(metavar="N", help="images in a step")] = 100
    steps: Annotated[int, arg(metavar="N", help="steps measured of each kind")] = 20
    brevitas: Annotated[bool, arg(help="also the same network made of Brevitas' layers")] = False
    compile: Annotated[bool, arg(help="also through torch.compile")] = False
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.wrapnet.bench import bench_training, training_bench_table

        result = bench_training(
            self.network,
            self.width,
            self.batch,
            self.steps,
            self.seed,
            with_brevitas=self.brevitas,
            compile=self.compile,
            progress=progress,
        )
        return result, [training_bench_table(result)]


def bench(
    subject: OmitArgPrefixes[
        OmitSubcommandPrefixes[
            Annotated[TrainingBench, subcommand("training")]
            | Annotated[KernelBench, subcommand("gemm")]
            | Annotated[NetworkBench, subcommand("network")]
            | Annotated[EpisodeBench, subcommand("episodes")]
            | Annotated[HeadBench, subcommand("heads")]
            | Annotated[AdaptationBench, subcommand("adaptation")]
            | Annotated[RegularizerBench, subcommand("regularizers")]
            | Annotated[AugmentBench, subcommand("augment")]
            | Annotated[MemoryBench, subcommand("memory")]
            | Annotated[ViewsBench, subcommand("views")]
            | Annotated[LossBench, subcommand("losses")]
            | Annotated[StepBench, subcommand("selfsup-step")]
            | Annotated[AttentionBench, subcommand("attention")]
        ]
    ],
) -> int:
    """Measure contenders side by side: in one run, in turn."""
    from models.progress import Progress
    from reports.commands.output import show, write_json
    from reports.records.provenance import now, typed_command

    ensure_outputs(subject.json_file)
    with Progress() as progress:
        result, tables = subject.run(progress)
    made = {"command": typed_command(), "created": now()}
    write_json(subject.json_file, result | {"seed": subject.seed} | made)
    show(tables, notes=True)
    return 0
