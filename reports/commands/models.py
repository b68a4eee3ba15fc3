"""`wrapmac models`: the backbones of chapter 4."""

from typing import Annotated

from tyro.conf import Positional, arg

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.backbones.letters import LETTERS, NormName
from reports.commands.options import JsonFile, Resolution, ensure_outputs, parsed_resolution


def models(
    names: Annotated[
        Positional[tuple[str, ...]],
        arg(name="name", metavar="[NAME ...]", help=f"backbones; all if left out: {', '.join(ARCHITECTURES)}"),
    ] = (),
    /,
    resolution: Resolution = "224",
    mixers: Annotated[
        str | None,
        arg(
            metavar="LETTERS",
            help="token mixers, a letter a stage, in place of each network's own: "
            + ", ".join(f"{letter} {mixer}" for letter, mixer in LETTERS.items()),
        ),
    ] = None,
    norm: Annotated[
        NormName | None, arg(help="norms in place of each network's own; bn-ln: batch norm in convolution blocks alone")
    ] = None,
    length: Annotated[int, arg(metavar="TOKENS", help="length of the runs of local self-attention")] = 49,
    json_file: JsonFile = None,
) -> int:
    """List backbones with local self-attention: parameters and multiply-adds, beside the published ones.

    Counts are of the networks as they run. Published are those of Table 4.4, for 224x224 pixels and the networks' own
    mixers.
    """
    from models.progress import Progress
    from reports.attention.backbones import BackboneChoice, backbone_sizes, size_table
    from reports.commands.output import show, write_json

    height, width = parsed_resolution(resolution)
    choice = BackboneChoice(names=names, mixers=mixers, norm=norm, length=length, height=height, width=width)
    ensure_outputs(json_file)
    with Progress() as progress:
        records = backbone_sizes(choice, progress)
    write_json(json_file, records)
    show([size_table(records, published=choice.is_published)], notes=True)
    return 0
