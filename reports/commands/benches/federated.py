"""Options of the federated bench."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import arg

from models.federated.conformer.settings import SizeName
from reports.commands.options import JsonFile, Seed

if TYPE_CHECKING:
    from models.progress import Progress
    from reports.tables.table import Table


@dataclass(frozen=True)
class MemoryBench:
    """The memory of a federated client's step in floats and in integers, each in a fresh process: Table 3.2."""

    size: Annotated[SizeName, arg(help="the Conformer")] = "L"
    seconds: Annotated[float, arg(metavar="S", help="length of an utterance")] = 12.0
    utterances: Annotated[int, arg(metavar="N", help="utterances in the batch")] = 2
    tokens: Annotated[int, arg(metavar="N", help="outputs of the decoder")] = 1024
    words: Annotated[int, arg(metavar="N", help="tokens of a transcript")] = 20
    averaging: Annotated[bool, arg(help="a step of FedAVG instead of FedSGD's gradients")] = False
    checkpointing: Annotated[bool, arg(help="compute activations again for the gradients")] = True
    variables: Annotated[
        tuple[str, ...],
        arg(metavar="NAME ...", help="float32, bfloat16, int8, int4; bfloat16 is slow on processors without it"),
    ] = ("float32", "bfloat16", "int8", "int4")
    runs: Annotated[int, arg(metavar="N", help="fresh processes for each setting")] = 3
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.federated.benches.client_step import ClientStep
        from reports.federated.benches.memory_bench import bench_memory, memory_tables

        step = ClientStep(
            size=self.size,
            seconds=self.seconds,
            utterances=self.utterances,
            tokens=self.tokens,
            words=self.words,
            averaging=self.averaging,
            checkpointing=self.checkpointing,
            seed=self.seed,
        )
        result = bench_memory(step, self.runs, progress, self.variables)
        return result, memory_tables(result)
