"""The networks of Tables 6.1 to 6.12: a method, and what its training is augmented by or limited to."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.fewshot.augmentation.settings import AugmentationSettings
from models.fewshot.pools.settings import PoolSettings
from reports.fewshot.networks import Network

METHODS: Mapping[str, Mapping[str, str]] = {
    "R2-D2, CNN-4": {"learner": "ridge", "encoder": "cnn4"},
    "R2-D2, ResNet-12": {"learner": "ridge", "encoder": "resnet12"},
    "ProtoNet, 64-64-64-64": {"learner": "prototype", "encoder": "64x4"},
    "ProtoNet, ResNet-12": {"learner": "prototype", "encoder": "resnet12"},
    "MetaOptNet, CNN-4": {"learner": "svm", "encoder": "cnn4"},
    "MetaOptNet, ResNet-12": {"learner": "svm", "encoder": "resnet12"},
    "MCT, ResNet-12": {"learner": "mct", "encoder": "resnet12"},
}
"""Learners and encoders by the words of the tables. The method alone names the baseline: see `trained_with`."""

BACKBONES = ("CNN-4", "ResNet-12")
"""The encoders of R2-D2 in Tables 6.10 to 6.12."""

WORDS = {
    "Random Erase": "random-erase",
    "Self-Mix": "self-mix",
    "CutMix": "cutmix",
    "MixUp": "mixup",
    "Feature Mixup": "feature-mixup",
    "Rotation": "rotation",
    "Large Rotation": "rotation",
    "Combining labels": "combining-labels",
    "Drop Channel": "drop-channel",
    "Solarize": "solarize",
    "Horizontal Flip": "flip",
    "Random Crop": "crop",
    "Random Rotation": "rotation",
}
"""Augmentations by the words of Tables 6.2, 6.3, 6.10 and 6.11."""

_OF_IMAGES = (
    "Random Erase",
    "Self-Mix",
    "CutMix",
    "MixUp",
    "Feature Mixup",
    "Rotation",
    "Combining labels",
    "Drop Channel",
    "Solarize",
)
_BY_MODE = {
    "support": _OF_IMAGES,
    "query": _OF_IMAGES,
    "task": ("MixUp", "Large Rotation", "CutMix", "Combining labels", "Random Erase", "Drop Channel"),
    "shot": ("Horizontal Flip", "Random Crop", "Random Rotation"),
}

QUERY_CUTMIX = "cutmix:query"
"""What Tables 6.3 and 6.11 add others to."""

LARGE_ROTATION = "rotation:task"
"""Liu et al.'s augmentation, with which Table 6.6 compares."""

DA = f"{QUERY_CUTMIX}+{LARGE_ROTATION}"
"""The chapter's own combination."""

POOLS, CANDIDATES = ("cutmix", "single", "medium", "large"), (1, 2, 4)
"""Pools of Meta-MaxUp, and candidates of each task, in Tables 6.4 and 6.12."""

DATA_POOLS = {
    "support pool 5": PoolSettings(support_pool=5),
    "support noise 5": PoolSettings(support_pool=5, support_noise=True),
    "query pool 5": PoolSettings(query_pool=5),
    "13 tasks": PoolSettings(task_pool=13),
}
"""What Tables 6.1 and 6.8 limit training to."""

TRAIN_AND_VALIDATION = "train+val"
"""Training on the classes of both splits, in Table 6.6."""


def single(word: str, mode: str) -> str:
    """An augmentation as `--augment` writes it, from its word in the tables and its mode."""
    return f"{WORDS[word]}:{mode.lower()}"


def maxup(pool: str, m: int) -> str:
    """Meta-MaxUp with m candidates, in a network's name. One candidate of a single entry is that entry."""
    return QUERY_CUTMIX if (pool, m) == ("cutmix", 1) else f"maxup:{pool} m={m}"


MM = maxup("medium", 4)
"""Meta-MaxUp as it is, where nothing else is said (6.6.6)."""


def trained_with(method: str, *what: str) -> str:
    """The name of a network, such as `R2-D2, CNN-4, cutmix:query`.

    what: an augmentation as `--augment` writes it or `maxup` does, one of `DATA_POOLS`, or `TRAIN_AND_VALIDATION`.
    """
    return ", ".join((method, *what))


def _networks() -> dict[str, Network]:
    singles = [single(word, mode) for mode, words in _BY_MODE.items() for word in words]
    added = ("cutmix:support", "random-erase:support", "random-erase:query", "self-mix:support", "self-mix:query")
    combined = [f"{QUERY_CUTMIX}+{other}" for other in (*added, "mixup:task", LARGE_ROTATION, "flip:shot")]
    pooled = [maxup(pool, m) for m in CANDIDATES for pool in POOLS]
    found: dict[str, Network] = {}
    for method, settings in METHODS.items():
        found[method] = Network(settings=settings, heads=(), parts=("curve", "training"))
        kinds = [DA, MM, *(DATA_POOLS if method in _LIMITED else ())]
        if method in _AUGMENTED:
            kinds += [*singles, *combined, *pooled]
        if method == _COMPARED:
            kinds += [LARGE_ROTATION]
        for kind in kinds:
            found[trained_with(method, kind)] = replace(found[method], settings={**settings, **_settings(kind)})
    for kind in (LARGE_ROTATION, MM):
        name = trained_with(_COMPARED, kind)
        without_choice = {"pools": PoolSettings(train_on="train+val"), "validation_episodes": 0}
        both = replace(found[name], settings={**found[name].settings, **without_choice})
        found[trained_with(name, TRAIN_AND_VALIDATION)] = both
    return found


_AUGMENTED = tuple(f"R2-D2, {backbone}" for backbone in BACKBONES)
_LIMITED = (*_AUGMENTED, "ProtoNet, ResNet-12")
_COMPARED = "MetaOptNet, ResNet-12"


def _settings(kind: str) -> dict[str, Any]:
    if kind in DATA_POOLS:
        return {"pools": DATA_POOLS[kind]}
    augment, _, m = kind.partition(" m=")
    augmentation = AugmentationSettings(augment=augment)
    return {"augmentation": replace(augmentation, m=int(m)) if m else augmentation}


AUGMENTED_NETWORKS: Mapping[str, Network] = _networks()
"""The networks by name. Tables that share a row share the network."""
