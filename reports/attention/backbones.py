"""Sizes of the backbones beside those of Table 4.4."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from models.attention.backbones.architectures import ARCHITECTURES, architecture
from models.attention.backbones.letters import NormName
from models.attention.backbones.registry import backbone
from models.backbones.multiply_adds import multiply_adds
from models.progress import Progress
from reports.attention.published_networks import NETWORKS
from reports.tables.beside import rendered
from reports.tables.published import PublishedTable, number, text
from reports.tables.table import Table

_PUBLISHED = next(table for table in NETWORKS if table.number == "4.4")
_PUBLISHED_SIDE = 224


@dataclass(frozen=True, kw_only=True)
class BackboneChoice:
    """Which backbones to measure, and on what images.

    mixers, norm, length: as `backbone` takes them; the first two None for each network's own. height, width: of the
    images.
    """

    names: Sequence[str]
    mixers: str | None
    norm: NormName | None
    length: int
    height: int
    width: int

    @property
    def is_published(self) -> bool:
        """Whether Table 4.4 has the sizes of these networks."""
        sides = {self.height, self.width}
        return self.mixers is None and self.norm is None and self.length == 49 and sides == {_PUBLISHED_SIDE}


def backbone_sizes(choice: BackboneChoice, progress: Progress) -> list[dict[str, Any]]:
    """A record of each network: name, options, parameters, multiply-adds of one image.

    Raises ValueError for an unknown name and for options that do not fit.
    """
    names = list(dict.fromkeys(choice.names)) or list(ARCHITECTURES)
    for name in names:
        architecture(name)
    task = progress.task("backbones", len(names))
    records = []
    for name in names:
        records.append(_size(name, choice))
        task.advance()
    return records


def size_table(records: Sequence[dict[str, Any]], *, published: bool) -> Table:
    """Parameters and multiply-adds, beside the published ones if `published`."""
    columns = (text("backbone"), number("parameters", 1, "M"), number("multiply-adds", 1, "G"))
    rows = [(record["name"], *(_published(record["name"]) if published else (None, None))) for record in records]
    measured = {
        record["name"]: {"parameters": [record["parameters"] / 1e6], "multiply-adds": [record["multiply_adds"] / 1e9]}
        for record in records
    }
    note = f"Of one image of {records[0]['height']}x{records[0]['width']} pixels; convolutions and matrix products."
    title = "Backbones beside Table 4.4" if published else "Backbones"
    return rendered(PublishedTable("backbones", title, columns, tuple(rows)), measured, note)


def _size(name: str, choice: BackboneChoice) -> dict[str, Any]:
    with torch.device("meta"):  # shapes alone
        network = backbone(name, choice.mixers, choice.norm, choice.length)
    return {
        "name": name,
        "mixers": choice.mixers,
        "norm": choice.norm,
        "length": choice.length,
        "height": choice.height,
        "width": choice.width,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "multiply_adds": multiply_adds(network, choice.height, choice.width),
    }


def _published(name: str) -> tuple[float, float]:
    row = ARCHITECTURES[name].row
    return _PUBLISHED.numeric(row, "parameters"), _PUBLISHED.numeric(row, "FLOPs")
