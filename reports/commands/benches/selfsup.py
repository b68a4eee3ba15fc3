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
        from reports.selfsup.bench_tables import views_table
        from reports.selfsup.views_bench import bench_views

        result = bench_views(self.images, self.side, self.rounds, self.seed, self.device, progress)
        return result, [views_table(result)]
