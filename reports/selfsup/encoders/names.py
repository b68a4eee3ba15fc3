"""Names of the encoders of chapter 7's tables and of their records."""

from collections.abc import Mapping
from typing import Any, get_args

from models.selfsup.probes.settings import Baseline
from models.selfsup.settings import LearnerName, Rotation

LEARNERS: Mapping[str, LearnerName] = {"SimCLR": "simclr", "BYOL": "byol", "ProtoNet": "protonet", "R2-D2": "r2d2"}
"""Learners by their titles in the tables."""
ROTATIONS: tuple[Rotation, ...] = get_args(Rotation)

RAW_PIXELS, RANDOM, CALIBRATED = "raw pixels", "random encoder", "random encoder, calibrated"
BASELINES: Mapping[str, Baseline] = {RAW_PIXELS: "pixels", RANDOM: "untrained", CALIBRATED: "calibrated"}
"""Baselines of trained encoders by name."""

_FEW_LABELS, _TRANSFERRED = "; few labels", "; transfer"


def trained(title: str, rotation: Rotation = "none") -> str:
    """The encoder of a learner, given by its title, that was trained with a mode of rotation."""
    return title if rotation == "none" else f"{title}, rotation {rotation}"


ENCODERS: Mapping[str, Mapping[str, Any]] = {
    trained(title, rotation): {"learner": learner, "rotation": rotation}
    for title, learner in LEARNERS.items()
    for rotation in ROTATIONS
}
"""Settings of trained encoders by name."""

_OPTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    trained("R2-D2"): {
        "ridge x t of 25": {"temperature": 0.5},
        "logit scale 20": {"logit_scale": 20.0},
        "learned logit scale, from 20": {"logit_scale": 20.0, "learn_logit_scale": True},
        "query CutMix": {"query_cutmix": True},
    },
    trained("R2-D2", "auxiliary"): {
        "weight 0.1": {"rotation_weight": 0.1},
        "weight 0.3": {"rotation_weight": 0.3},
        "weight 3": {"rotation_weight": 3.0},
        "weight that falls as a cosine": {"rotation_weight_schedule": "cosine"},
    },
}
OPTIONS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    (name, option): {**ENCODERS[name], **settings}
    for name, options in _OPTIONS.items()
    for option, settings in options.items()
}
"""Settings of encoders with an option that is off or otherwise in the tables, by the encoder's name and the option."""


def with_option(name: str, option: str) -> str:
    """An encoder that was trained with an option."""
    return f"{name}, {option}"


def settings_of(name: str) -> Mapping[str, Any]:
    """The settings of a trained encoder, which its name stands for."""
    return {**ENCODERS, **{with_option(*key): settings for key, settings in OPTIONS.items()}}[name]


def few_labels(name: str) -> str:
    """An encoder after fine-tuning on few labels."""
    return name + _FEW_LABELS


def transferred(name: str) -> str:
    """An encoder after fine-tuning on other data sets."""
    return name + _TRANSFERRED


def encoder_of(name: str) -> str:
    """The encoder that a name is of."""
    return name.partition(";")[0]


def is_few_labels(name: str) -> bool:
    """Whether a name is of fine-tuning on few labels."""
    return name.endswith(_FEW_LABELS)


def is_transferred(name: str) -> bool:
    """Whether a name is of fine-tuning on other data sets."""
    return name.endswith(_TRANSFERRED)
