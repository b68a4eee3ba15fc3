"""Which encoders each table of chapter 7 is about.

The tables `rotation`, `options7` and `claims7` go beyond the given text.
"""

from reports.selfsup.encoders.names import (
    BASELINES,
    ENCODERS,
    LEARNERS,
    OPTIONS,
    RANDOM,
    few_labels,
    trained,
    transferred,
    with_option,
)

APART = ("options7",)
"""Tables that are left out of the chapter."""

DOMAINS = ("7.4", "claims7")
"""Tables of several data sets."""
IMAGENET_TABLES = ("7.2", "7.3", "7.4")
"""Tables whose published encoders are trained on ImageNet."""

_PLAIN = tuple(trained(title) for title in LEARNERS)
_FEW_LABELS = tuple(few_labels(name) for name in (RANDOM, *_PLAIN))
_TRANSFERRED = tuple(transferred(name) for name in (RANDOM, *_PLAIN))
_LINEAR = (*_PLAIN, *BASELINES)

TRAINING_TABLES: dict[str, tuple[str, ...]] = {
    "7.1": _LINEAR,
    "7.2": _LINEAR,
    "7.3": _FEW_LABELS,
    "7.4": _TRANSFERRED,
    "7.5": (*_PLAIN, *(trained(title, "sample") for title in LEARNERS), *BASELINES),
    "rotation": (*ENCODERS, *BASELINES),
    "options7": tuple(dict.fromkeys(one for key in OPTIONS for one in (key[0], with_option(*key)))),
    "claims7": (*ENCODERS, *BASELINES, *_FEW_LABELS, *_TRANSFERRED),
}
"""The records that each table needs, by their names."""
