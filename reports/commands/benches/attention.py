"""Options of the bench of local self-attention."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import arg

from reports.commands.options import JsonFile, Seed, parsed_resolution

if TYPE_CHECKING:
    from models.progress import Progress
    from reports.tables.table import Table

_IMAGE_CHANNELS, _MAP_CHANNELS = 3, 320
_DEFAULT_SIZES = {"mixer": ("14x14", "28x28", "64x64"), "network": ("224",), "peers": ("224",)}


@dataclass(frozen=True)
class AttentionBench:
    """Local self-attention beside other token mixers, networks with it, and networks of timm: Tables 4.1 to 4.12."""

    case: Annotated[
        Literal["mixer", "network", "peers"],
        arg(help="one token mixer, backbones with several mixers, or backbones and networks of timm"),
    ] = "mixer"
    resolution: Annotated[
        tuple[str, ...],
        arg(
            metavar="N|HxW[xC] ...",
            help="pixels of the images, or of a mixer's maps, there with their channels (320 if left out); if left "
            "out, 14x14, 28x28 and 64x64 for mixers, 224 else",
        ),
    ] = ()
    backend: Annotated[
        tuple[Literal["eager", "compile", "onnxruntime", "openvino", "cuda", "tensorrt"], ...],
        arg(help="how to run them; onnxruntime, openvino and tensorrt run exported files; cuda and tensorrt in fp16"),
    ] = ("eager",)
    models: Annotated[
        tuple[str, ...],
        arg(
            metavar="NAME[:OPTION...] ...",
            help="what to measure; ratios are to the first. Mixers: lsa:98:swap, window, linear (the two layers around "
            "attention), lsa:block (with its MLP). Networks: s12:CCAA:ln:98. Peers: s12, repvit-m1.5. The case's own "
            "if left out",
        ),
    ] = ()
    table: Annotated[
        Literal["4.1", "4.2", "4.3", "4.6", "4.8", "4.12", "4.13"] | None,
        arg(help="the models of this table at its resolutions, beside what was published; case is then its own"),
    ] = None
    batch: Annotated[int, arg(metavar="N", help="inputs at a time")] = 1
    rounds: Annotated[int, arg(metavar="N", help="rounds; the least and the median of each contender count")] = 5
    peaks: Annotated[bool, arg(help="also peak memory, which takes some seconds for each exported file")] = True
    seed: Seed = 0
    json_file: JsonFile = None

    def run(self, progress: "Progress") -> tuple[dict[str, Any], "list[Table]"]:
        """Measures; returns the results and their tables."""
        from reports.attention.benches.attention_bench import AttentionSetting, bench_attention
        from reports.attention.benches.attention_tables import attention_tables
        from reports.attention.benches.speed_tables import speed_setting, speed_table

        further: dict[str, Any] = {"batch": self.batch, "rounds": self.rounds, "seed": self.seed, "peaks": self.peaks}
        if self.table is not None:
            if self.resolution or self.models:
                raise ValueError(
                    f"table {self.table} has models and resolutions of its own; leave --table out, or them"
                )
            result = bench_attention(speed_setting(self.table, self.backend, **further), progress)
            return result, [*attention_tables(result), speed_table(self.table, result)]
        sizes = [self._size(text) for text in self.resolution or _DEFAULT_SIZES[self.case]]
        setting = AttentionSetting(case=self.case, sizes=sizes, backends=self.backend, names=self.models, **further)
        result = bench_attention(setting, progress)
        return result, attention_tables(result)

    def _size(self, text: str) -> tuple[int, int, int]:
        """Channels, height and width. Raises ValueError for anything but `N`, `HxW` or, of maps, `HxWxC`."""
        if self.case != "mixer":
            return (_IMAGE_CHANNELS, *parsed_resolution(text))
        pixels, _, channels = text.rpartition("x") if text.count("x") == 2 else (text, "x", str(_MAP_CHANNELS))
        if not (channels.isascii() and channels.isdigit() and 0 < int(channels) <= 1 << 16):
            raise ValueError(f"channels of {text!r} are {channels!r}; allowed are 1 to {1 << 16}")
        return (int(channels), *parsed_resolution(pixels))
