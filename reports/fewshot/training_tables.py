"""Which networks each table of chapter 5 is about. The tables `claims5`, `theorem1` and `methods` are ours."""

from reports.fewshot.networks import (
    BACKBONES,
    BEST_PULL,
    COEFFICIENTS,
    NETWORKS,
    PULLS,
    REGULARIZERS,
    moves,
    pulled,
    regularized,
)

_META_AND_CLASSICAL = tuple(f"{backbone}-{kind}" for backbone in BACKBONES for kind in "MC")
_REGULARIZED = tuple(
    regularized(backbone, symbol, coefficient)
    for backbone in BACKBONES
    for symbol in REGULARIZERS
    for coefficient in COEFFICIENTS
)
_PULLED = ("Reptile", *map(pulled, PULLS))
_MOVED = ("Reptile", pulled(BEST_PULL), "R2-D2-M", "MetaOptNet-M")

TRAINING_TABLES: dict[str, tuple[str, ...]] = {
    "5.1": _META_AND_CLASSICAL,
    "5.2": _META_AND_CLASSICAL,
    "5.3": _META_AND_CLASSICAL + _REGULARIZED,
    "5.4": _META_AND_CLASSICAL + _REGULARIZED,
    "5.5": ("MAML-1", "MAML-5", "MAML-C"),
    "5.6": ("MAML-C", "FOMAML-1", "FOMAML-5", "Reptile", pulled(BEST_PULL)),
    "5.7": _META_AND_CLASSICAL,
    "5.8": (),
    "5.9": _REGULARIZED,
    "5.10": _PULLED,
    "theorem1": (),
    "methods": (),
    "claims5": (*(name for name in NETWORKS if not name.startswith("ProtoNet")), *map(moves, _MOVED)),
}
"""The networks that have to be trained for each table, by number. Table 5.8 times networks, `theorem1` needs none,
and `methods` has its own."""

APART = ("methods",)
"""Tables that are trained when they are named, not with the chapter's."""
