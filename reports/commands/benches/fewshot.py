"""Options of the few-shot benches."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from reports.commands.benches.options import Device, Rounds, Width
from reports.commands.options import JsonFile, Seed

if TYPE_CHECKING:
    from models.progress import Progress
    from reports.tables.table import Table


@dataclass(frozen=True)
class EpisodeBench:
    """Few-shot evaluation: each test image embedded once, beside loops that embed every episode's images."""

    episodes: Annotated[tuple[int, ...], arg(metavar="N ...", help="numbers of episodes")] = (1000, 10_000)
    heads: Annotated[tuple[Literal["prototype", "ridge", "svm", "linear"], ...], arg(help="heads")] = (
        "prototype",
        "ridge",
        "svm",
    )
    sides: Annotated[tuple[int, ...], arg(metavar="N ...", help="sides of the images, pixels")] = (32, 84)
    width: Width = None
    looped: Annotated[int, arg(metavar="N", help="episodes that the loops are measured on, and scaled from")] = 20
    rounds: Rounds = 3
    easyfsl: Annotated[bool, arg(help="also easyfsl's evaluation; needs easyfsl")] = False
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.fewshot.benches.bench_tables import episode_table
        from reports.fewshot.benches.episode_bench import bench_episodes

        result = bench_episodes(
            self.episodes,
            self.heads,
            self.sides,
            self.width,
            self.looped,
            self.rounds,
            self.seed,
            self.device,
            with_easyfsl=self.easyfsl,
            progress=progress,
        )
        return result, [episode_table(result)]


@dataclass(frozen=True)
class HeadBench:
    """Few-shot heads, forward and backward: all tasks at once, beside a loop over tasks."""

    tasks: Annotated[tuple[int, ...], arg(metavar="N ...", help="tasks in a batch")] = (8, 64)
    dimensions: Annotated[tuple[int, ...], arg(metavar="N ...", help="dimensions of the features")] = (512, 1600, 2560)
    shots: Annotated[tuple[int, ...], arg(metavar="N ...", help="support images of each way")] = (1, 5)
    iterations: Annotated[int, arg(metavar="N", help="iterations of the SVM's solver, at most")] = 8
    rounds: Rounds = 15
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.fewshot.benches.bench_tables import head_table
        from reports.fewshot.benches.head_bench import bench_heads

        result = bench_heads(
            self.tasks, self.dimensions, self.shots, self.iterations, self.rounds, self.seed, self.device, progress
        )
        return result, [head_table(result)]


@dataclass(frozen=True)
class AdaptationBench:
    """Meta-steps of MAML, FOMAML and Reptile: a loop over tasks, vmap, a plain loop; and MAML's peak memory."""

    tasks: Annotated[int, arg(metavar="N", help="tasks in a batch")] = 8
    side: Annotated[int, arg(metavar="N", help="side of the images, pixels")] = 28
    shots: Annotated[int, arg(metavar="N", help="support images of each of the 5 ways")] = 1
    queries: Annotated[int, arg(metavar="N", help="queries of each way")] = 15
    inner_steps: Annotated[int, arg(metavar="N", help="inner steps of a task")] = 5
    width: Width = None
    batches: Annotated[tuple[int, ...], arg(metavar="N ...", help="tasks in the batches for memory")] = (2, 4, 8)
    memory_side: Annotated[int, arg(metavar="N", help="side of the images for memory, pixels")] = 32
    rounds: Rounds = 5
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.fewshot.benches.adaptation_bench import bench_adaptation
        from reports.fewshot.benches.adaptation_steps import AdaptationSetting
        from reports.fewshot.benches.bench_tables import adaptation_tables

        setting = AdaptationSetting(
            tasks=self.tasks,
            side=self.side,
            shots=self.shots,
            queries=self.queries,
            inner_steps=self.inner_steps,
            width=self.width,
            seed=self.seed,
        )
        result = bench_adaptation(setting, self.batches, self.memory_side, self.rounds, self.device, progress)
        return result, adaptation_tables(result)


@dataclass(frozen=True)
class RegularizerBench:
    """A step of classical few-shot training without and with the regularizers R_FC and R_HV."""

    pairs: Annotated[int, arg(metavar="N", help="pairs of classes in a batch, four images each")] = 32
    width: Width = None
    rounds: Rounds = 7
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.fewshot.benches.bench_tables import regularizer_table
        from reports.fewshot.benches.regularizer_bench import NETWORKS, bench_regularizers

        result = bench_regularizers(NETWORKS, self.pairs, self.width, self.rounds, self.seed, self.device, progress)
        return result, [regularizer_table(result)]


@dataclass(frozen=True)
class AugmentBench:
    """Steps with augmentations and Meta-MaxUp, their peak memory, augmentations alone, and a loop in kornia."""

    encoder: Annotated[Literal["cnn4", "64x4", "4x32", "resnet12"], arg(help="network")] = "cnn4"
    tasks: Annotated[int, arg(metavar="N", help="tasks in a batch")] = 8
    side: Annotated[int, arg(metavar="N", help="side of the images, pixels")] = 32
    shots: Annotated[int, arg(metavar="N", help="support images of each of the 5 ways")] = 5
    queries: Annotated[int, arg(metavar="N", help="queries of each way")] = 6
    m: Annotated[int, arg(metavar="N", help="candidates of Meta-MaxUp")] = 4
    width: Width = None
    rounds: Rounds = 9
    device: Device = "auto"
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.fewshot.benches.augment_bench import bench_augment
        from reports.fewshot.benches.augment_steps import StepSetting
        from reports.fewshot.benches.augment_tables import augment_tables

        setting = StepSetting(
            encoder=self.encoder,
            width=self.width,
            side=self.side,
            tasks=self.tasks,
            shots=self.shots,
            queries=self.queries,
            m=self.m,
            seed=self.seed,
        )
        result = bench_augment(setting, self.rounds, self.device, progress)
        return result, augment_tables(result)
