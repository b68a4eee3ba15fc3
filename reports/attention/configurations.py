"""Table 4.10 read from the networks that run."""

import torch
from torch import nn

from models.attention.backbones.blocks import MetaBlock
from models.attention.backbones.registry import backbone
from models.attention.backbones.staged import StagedNetwork
from reports.attention.published_networks import NETWORKS
from reports.tables.beside import Measured

_CONFIGURATIONS = next(table for table in NETWORKS if table.number == "4.10")
_COLUMNS = {"S12": "s12", "S18": "s18", "S24": "s24", "Swin-S": "swin-s"}


def configurations() -> Measured:
    """Channels, MLP ratios and blocks of each network, as cells of Table 4.10."""
    with torch.device("meta"):  # shapes alone
        found = {heading: _settings(backbone(name)) for heading, name in _COLUMNS.items()}
    return {
        row: {heading: [float(settings[row])] for heading, settings in found.items()} for row in _CONFIGURATIONS.names
    }


def _settings(network: StagedNetwork) -> dict[str, float]:
    stem = [one.out_channels for one in network.stem.modules() if isinstance(one, nn.Conv2d)]
    found: dict[str, float] = {"stem, first, embedding": stem[0], "stem, second, embedding": stem[1]}
    for number, stage in enumerate(network.stages, 1):
        blocks = [one for one in stage.children() if isinstance(one, MetaBlock)]
        expand = blocks[0].get_submodule("mlp.body.expand")
        assert isinstance(expand, nn.Conv2d)
        found[f"stage {number}, embedding"] = expand.in_channels
        found[f"stage {number}, MLP ratio"] = expand.out_channels / expand.in_channels
        found[f"stage {number}, blocks"] = len(blocks)
        first = next(stage.children())
        if not isinstance(first, MetaBlock):
            (sampling,) = (one for one in first.modules() if isinstance(one, nn.Conv2d))
            found[f"down-sampling {number - 1}, embedding"] = sampling.out_channels
    return found
