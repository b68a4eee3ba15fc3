"""Options of the self-supervised benches."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from reports.commands.benches.options import Device, Rounds
from reports.commands.options import JsonFile, Seed

if TYPE_CHECKING:
    from models.progress import Progress
    from reports.tables.table import Table


@dataclass(frozen=True)
class ViewsBench:
    """Random views of a batch at once, beside torchvision and lightly image by image, and kornia."""

    images: Annotated[int, arg(metavar="N", help="images of the batch; two views of each")] = 256
    side: Annotated[int, arg(metavar="N", help="side of images and views, pixels")] = 32
    rounds: Rounds = 9
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.selfsup.benches.bench_tables import views_table
        from reports.selfsup.benches.views_bench import bench_views

        result = bench_views(self.images, self.side, self.rounds, self.seed, self.device, progress)
        return result, [views_table(result)]


@dataclass(frozen=True)
class LossBench:
    """Self-supervised losses, forward and backward, and the memory that they keep for gradients, beside NT-Xent."""

    images: Annotated[int, arg(metavar="N", help="images of the batch; two views of each")] = 1024
    features: Annotated[int, arg(metavar="N", help="features of a view")] = 128
    rounds: Rounds = 15
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.selfsup.benches.bench_tables import losses_table
        from reports.selfsup.benches.loss_bench import bench_losses

        result = bench_losses(self.images, self.features, self.rounds, self.seed, self.device, progress)
        return result, [losses_table(result)]


@dataclass(frozen=True)
class StepBench:
    """A whole step of SimCLR, views and network, beside the same step by lightly's recipe."""

    batch: Annotated[int, arg(metavar="N", help="images of the batch; two views of each")] = 128
    side: Annotated[int, arg(metavar="N", help="side of images and views, pixels")] = 32
    width: Annotated[int, arg(metavar="N", help="channels of the ResNet-18's first layer")] = 16
    workers: Annotated[int, arg(metavar="N", help="processes that make views of lightly's recipe; 0 for none")] = 0
    rounds: Rounds = 7
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.selfsup.benches.bench_tables import step_table
        from reports.selfsup.benches.step_bench import bench_step

        result = bench_step(
            self.batch, self.side, self.width, self.workers, self.rounds, self.seed, self.device, progress
        )
        return result, [step_table(result)]
