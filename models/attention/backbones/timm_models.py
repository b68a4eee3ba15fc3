"""Registers the backbones in timm, as soon as it is imported: `wrapmac_s12`, `wrapmac_nextvit_s_lsa` and so on."""

from collections.abc import Callable
from functools import partial
from typing import Any

from timm.models import build_model_with_cfg, generate_default_cfgs, register_model
from torch import nn

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.backbones.registry import backbone
from models.attention.backbones.timm_network import TimmNetwork
from models.data.imagenet import RELATIVE_MEAN, RELATIVE_STD

_CONFIG = {
    "mean": RELATIVE_MEAN,
    "std": RELATIVE_STD,
    "url": "",
    "num_classes": 1000,
    "input_size": (3, 224, 224),
    "fixed_input_size": False,
    "pool_size": (7, 7),
    "crop_pct": 0.9,
    "interpolation": "bicubic",
    "first_conv": "stem.0.convolution",
    "classifier": "head.classifier",
}


def timm_name(name: str) -> str:
    """A backbone's name in timm."""
    return f"wrapmac_{name.replace('-', '_')}"


def _network(
    name: str, *, num_classes: int = 1000, in_chans: int = 3, drop_path_rate: float = 0.0, **options: Any
) -> TimmNetwork:
    """A backbone from timm's options and those of `backbone`.

    Raises ValueError for images of other than 3 channels and for another pooling than the mean.
    """
    pooling = options.pop("global_pool", "avg")
    if in_chans != 3 or pooling not in ("avg", ""):
        raise ValueError(f"in_chans is {in_chans}, global_pool {pooling!r}; allowed are 3 and 'avg'")
    return TimmNetwork(backbone(name, classes=num_classes, drop_path=drop_path_rate, **options), num_classes)


def _entry(name: str) -> Callable[..., nn.Module]:
    def create(pretrained: bool = False, **options: Any) -> nn.Module:
        features = {"out_indices": (0, 1, 2, 3), "feature_cls": "getter"}
        model: nn.Module = build_model_with_cfg(
            partial(_network, name), timm_name(name), pretrained, feature_cfg=features, **options
        )
        return model

    create.__name__ = timm_name(name)
    return create


default_cfgs = generate_default_cfgs({timm_name(name): _CONFIG for name in ARCHITECTURES})
"""What timm knows of each model; there are no trained weights to load."""

for _name in ARCHITECTURES:
    register_model(_entry(_name))
