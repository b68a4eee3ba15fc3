"""Options of the benches of kernels."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from reports.commands.benches.options import Rounds
from reports.commands.options import JsonFile, Seed

if TYPE_CHECKING:
    from models.progress import Progress
    from reports.tables.table import Table


@dataclass(frozen=True)
class KernelBench:
    """Convolutions with narrow accumulators on every path, those of bytes of torch and others: Tables 2.7 and 2.8."""

    rounds: Rounds = 30
    slow: Annotated[bool, arg(help="also the paths without vector instructions; some 10 s")] = True
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.kernels.bench import bench_kernels
        from reports.kernels.tables import kernel_tables

        result = bench_kernels(self.rounds, self.seed, self.slow, progress)
        return result, kernel_tables(result)


@dataclass(frozen=True)
class NetworkBench:
    """Whole networks in integers, from pixels to scores, beside torch, onnxruntime and OpenVINO in int8 and floats."""

    network: Annotated[
        tuple[str, ...],
        arg(
            metavar="NAME ...",
            help="digits, vgg7, resnet20, alexnet, resnet18, resnet50, or stem: ResNet-18's first layer and its pool",
        ),
    ] = ("resnet18", "resnet50", "vgg7", "resnet20", "stem")
    batch: Annotated[tuple[int, ...], arg(metavar="N ...", help="images at a time")] = (1, 16)
    threads: Annotated[tuple[int, ...], arg(metavar="N ...", help="threads of each contender")] = (1, 2)
    rounds: Rounds = 15
    openvino: Annotated[bool, arg(help="measure OpenVINO (extra `bench`)")] = True
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.kernels.networks_bench import bench_networks, networks_table

        result = bench_networks(
            self.network, self.batch, self.threads, self.rounds, self.seed, progress, openvino=self.openvino
        )
        return result, [networks_table(result)]
