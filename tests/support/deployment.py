"""Small networks in the form that is exported."""

from torch import nn

from models.attention.backbones.registry import backbone
from models.attention.backbones.staged import StagedNetwork
from models.attention.deployment.preparation import deployable

_PARTS = 3


def small_network(mixers: str) -> StagedNetwork:
    """A narrow s12 with two blocks a stage."""
    network = deployable(backbone("s12", mixers=mixers, length=4, width=0.125, classes=5, layer_scale=1.0))
    for stage in network.stages:
        assert isinstance(stage, nn.Sequential)
        del stage[_PARTS:]
    return network
