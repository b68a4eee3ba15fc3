"""The networks that Tables 5.1 to 5.10 compare: what each is trained by, and how it is evaluated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from models.fewshot.settings import BatchNorm, HeadName

Part = Literal["separation", "validation", "curve", "training"]
"""What can be measured of a network besides its accuracy on test classes."""

Variation = Literal["flip shots", "ensemble", "ensemble, flip shots"]
"""Evaluations by the mean of a run's snapshots, or with mirror images as further shots, or both."""

OLDEST_PARTS: tuple[Part, ...] = ("separation", "validation")
"""What is measured of the networks of chapter 5."""

BACKBONES = {"R2-D2": "cnn4", "MetaOptNet": "resnet12"}
"""The encoders by the names that the tables give them."""

REGULARIZERS = {"R_FC": "feature-clustering", "R_HV": "hyperplane-variation"}
"""The regularizers by their symbols."""

COEFFICIENTS = (0.02, 0.05, 0.1)
"""Coefficients of the regularizers in Table 5.9."""

PULLS = (1e-5, 2.5e-5, 5e-5, 7.5e-5, 1e-4, 2.5e-4, 5e-4)
"""Coefficients of weight clustering in Table 5.10, times the constant of its gradient."""

BEST_PULL = 5e-5
"""The one that Table 5.6 and Figure 5.3 show."""

_META_HEADS = {"R2-D2": "ridge", "MetaOptNet": "svm"}
_ALL_HEADS: tuple[HeadName, ...] = ("svm", "ridge", "prototype", "fine-tuning")


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network of the tables.

    settings: of its run, besides those of the scale. heads: it is evaluated by; its learner's own if there are none.
    batch_norm: the mode in which an encoder is fine-tuned whole. parts: what else is measured.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    heads: tuple[HeadName, ...] = ("fine-tuning",)
    batch_norm: BatchNorm = "running"
    parts: tuple[Part, ...] = OLDEST_PARTS


def regularized(backbone: str, regularizer: str, coefficient: float) -> str:
    """The name of a network that was trained classically with a regularizer."""
    return f"{backbone}-C {regularizer} {coefficient:g}"


def pulled(coefficient: float) -> str:
    """The name of a Reptile network with weight clustering."""
    return f"Reptile {coefficient:.1e}"


def moves(name: str) -> str:
    """The name of what is measured of a network's parameters when it is fine-tuned to tasks."""
    return f"{name} moves"


def varied(name: str, how: Variation) -> str:
    """The name of what is measured of a network that is evaluated in another way."""
    return f"{name}; {how}"


def across(name: str) -> str:
    """The name of what is measured of a network on several data sets."""
    return f"{name}; across domains"


def transfer_rows(chosen: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The networks behind the rows of Tables 5.3 and 5.8, by the rows' names.

    chosen: the regularized networks by backbone and regularizer.
    """
    rows: dict[str, str] = {}
    for backbone, meta in (("R2-D2", "R2-D2"), ("MetaOptNet", "MetaOptNet-SVM")):
        rows |= {f"{meta}, {backbone}": f"{backbone}-M", f"Classical, {backbone}": f"{backbone}-C"}
        rows |= {f"Classical w/ {symbol}, {backbone}": name for symbol, name in chosen.get(backbone, {}).items()}
    return rows


def _networks() -> dict[str, Network]:
    found: dict[str, Network] = {}
    for backbone, encoder in BACKBONES.items():
        found[f"{backbone}-M"] = Network(
            settings={"learner": _META_HEADS[backbone], "encoder": encoder}, heads=_ALL_HEADS
        )
        classical = {"learner": "classical", "encoder": encoder}
        found[f"{backbone}-C"] = Network(settings=classical, heads=(*_ALL_HEADS, "linear"))
        for symbol, regularizer in REGULARIZERS.items():
            for coefficient in COEFFICIENTS:
                found[regularized(backbone, symbol, coefficient)] = Network(
                    settings=classical | {"regularizer": regularizer, "coefficient": coefficient},
                    heads=("svm", "linear"),
                )
    for learner in ("MAML", "FOMAML"):
        for shot in (1, 5):
            settings = {"learner": learner.lower(), "encoder": "4x32", "shot": shot}
            found[f"{learner}-{shot}"] = Network(settings=settings)
    # Its fine-tuning is compared with that of MAML and Reptile, so it is in their mode.
    found["MAML-C"] = Network(settings={"learner": "classical", "encoder": "4x32"}, batch_norm="episode")
    for kind, learner in (("M", "prototype"), ("C", "classical")):
        found[f"ProtoNet-{kind}"] = Network(settings={"learner": learner, "encoder": "64x4"}, heads=("prototype",))
    reptile = {"learner": "reptile", "encoder": "4x32"}
    found["Reptile"] = Network(settings=reptile)
    for pull in PULLS:
        found[pulled(pull)] = Network(settings=reptile | {"weight_clustering": pull})
    return found


NETWORKS = _networks()
"""The networks by name. -M: meta-learned; -C: trained classically on all training classes."""
