"""The names of what chapter 7's tables compare, as their records have them."""

from collections.abc import Mapping
from typing import get_args

from models.selfsup.probes.settings import Baseline
from models.selfsup.settings import LearnerName, Rotation

LEARNERS: Mapping[str, LearnerName] = {"SimCLR": "simclr", "BYOL": "byol", "ProtoNet": "protonet", "R2-D2": "r2d2"}
"""Learners by their titles in the tables."""
ROTATIONS: tuple[Rotation, ...] = get_args(Rotation)

RAW_PIXELS, RANDOM, CALIBRATED = "raw pixels", "random encoder", "random encoder, calibrated"
BASELINES: Mapping[str, Baseline] = {RAW_PIXELS: "pixels", RANDOM: "untrained", CALIBRATED: "calibrated"}
"""What a trained encoder has to be better than."""

_FEW_LABELS, _TRANSFERRED = "; few labels", "; transfer"


def trained(title: str, rotation: Rotation = "none") -> str:
    """The encoder of a learner, given by its title, that was trained with a mode of rotation."""
    return title if rotation == "none" else f"{title}, rotation {rotation}"


ENCODERS: Mapping[str, tuple[LearnerName, Rotation]] = {
    trained(title, rotation): (learner, rotation) for title, learner in LEARNERS.items() for rotation in ROTATIONS
}
"""Learners and rotations of trained encoders by name."""


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
