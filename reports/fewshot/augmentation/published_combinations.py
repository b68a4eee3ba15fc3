"""Tables 6.3, 6.4, 6.11 and 6.12: augmentations combined, and chosen by Meta-MaxUp."""

from reports.tables.published import PublishedTable as Table
from reports.tables.published import percent, text, values

_COMBINED = (
    "Query CutMix and one more. S, Q, T: of supports, of queries, of tasks. Errors are one standard error. More "
    "augmentation can also hurt."
)
_POOLS = (
    "m: augmentations to choose the worst from; 1: a random one. CutMix: a pool of many samples of it; single: one "
    "augmentation at a time; medium, large: with combinations. Errors are one standard error."
)
_SMALL_ERRORS = (
    "For ResNet-12, the printed errors of 1-shot with m = 4 are smaller than all others, and that of 5-shot with a "
    "single pool and m = 1 is larger."
)
_SHOTS = (percent("1-shot"), percent("5-shot"))
_BOTH = (
    percent("CNN-4 1-shot"),
    percent("CNN-4 5-shot"),
    percent("ResNet-12 1-shot"),
    percent("ResNet-12 5-shot"),
)

COMBINATIONS = (
    Table(
        "6.3",
        "Combinations with query CutMix: R2-D2, ResNet-12, CIFAR-FS",
        (text("method"), *_SHOTS),
        (
            ("CutMix", *values((75.97, 0.34), (87.28, 0.23))),
            ("+ CutMix (S)", *values((75.00, 0.37), (85.37, 0.25))),
            ("+ Random Erase (S)", *values((75.84, 0.34), (87.19, 0.24))),
            ("+ Random Erase (Q)", *values((75.08, 0.35), (87.14, 0.23))),
            ("+ Self-Mix (S)", *values((76.27, 0.34), (87.52, 0.24))),
            ("+ Self-Mix (Q)", *values((76.04, 0.34), (87.45, 0.24))),
            ("+ MixUp (T)", *values((75.97, 0.34), (86.66, 0.24))),
            ("+ Rotation (T)", *values((75.74, 0.34), (87.68, 0.24))),
            ("+ Horizontal Flip (Shot)", *values((76.23, 0.34), (87.36, 0.24))),
        ),
        _COMBINED,
    ),
    Table(
        "6.4",
        "Pools and sample counts of Meta-MaxUp: R2-D2, ResNet-12, CIFAR-FS",
        (text("pool"), text("m"), *_SHOTS),
        (
            ("Baseline", "-", *values((71.95, 0.37), (84.56, 0.25))),
            ("CutMix", "1", *values((75.97, 0.34), (87.28, 0.23))),
            ("Single", "1", *values((75.71, 0.35), (87.44, 0.43))),
            ("Medium", "1", *values((75.60, 0.34), (87.35, 0.23))),
            ("Large", "1", *values((75.44, 0.34), (87.47, 0.23))),
            ("CutMix", "2", *values((74.93, 0.36), (87.14, 0.24))),
            ("Single", "2", *values((75.81, 0.34), (87.33, 0.23))),
            ("Medium", "2", *values((76.49, 0.33), (88.20, 0.22))),
            ("Large", "2", *values((76.59, 0.34), (88.11, 0.23))),
            ("CutMix", "4", *values((75.08, 0.23), (87.60, 0.24))),
            ("Single", "4", *values((76.82, 0.24), (88.14, 0.23))),
            ("Medium", "4", *values((76.30, 0.24), (88.29, 0.22))),
            ("Large", "4", *values((76.99, 0.24), (88.35, 0.22))),
        ),
        f"{_POOLS} {_SMALL_ERRORS}",
        labels=2,
    ),
    Table(
        "6.11",
        "Combinations with query CutMix: R2-D2, CIFAR-FS",
        (text("method"), *_BOTH),
        (
            ("CutMix", *values((70.54, 0.33), (84.69, 0.24), (75.97, 0.34), (87.28, 0.23))),
            ("+ CutMix (S)", *values((69.50, 0.35), (82.64, 0.26), (75.00, 0.37), (85.37, 0.25))),
            ("+ Random Erase (S)", *values((70.12, 0.35), (84.48, 0.25), (75.84, 0.34), (87.19, 0.24))),
            ("+ Random Erase (Q)", *values((69.68, 0.34), (84.36, 0.24), (75.08, 0.35), (87.14, 0.23))),
            ("+ Self-Mix (S)", *values((70.65, 0.34), (84.68, 0.25), (76.27, 0.34), (87.52, 0.24))),
            ("+ Self-Mix (Q)", *values((69.94, 0.34), (84.38, 0.24), (76.04, 0.34), (87.45, 0.24))),
            ("+ MixUp (T)", *values((70.33, 0.35), (84.57, 0.25), (75.97, 0.34), (86.66, 0.24))),
            ("+ Rotation (T)", *values((70.35, 0.34), (84.73, 0.24), (75.74, 0.34), (87.68, 0.24))),
            ("+ Horizontal Flip (Shot)", *values((70.90, 0.33), (84.87, 0.24), (76.23, 0.34), (87.36, 0.24))),
        ),
        _COMBINED,
    ),
    Table(
        "6.12",
        "Pools and sample counts of Meta-MaxUp: R2-D2, CIFAR-FS",
        (text("pool"), text("m"), *_BOTH),
        (
            ("Baseline", "-", *values((67.56, 0.36), (82.39, 0.26), (71.95, 0.37), (84.56, 0.25))),
            ("CutMix", "1", *values((70.54, 0.34), (84.69, 0.24), (75.97, 0.34), (87.28, 0.23))),
            ("Single", "1", *values((70.76, 0.35), (84.70, 0.25), (75.71, 0.35), (87.44, 0.43))),
            ("Medium", "1", *values((70.50, 0.34), (84.59, 0.24), (75.60, 0.34), (87.35, 0.23))),
            ("Large", "1", *values((70.84, 0.34), (85.04, 0.24), (75.44, 0.34), (87.47, 0.23))),
            ("CutMix", "2", *values((70.56, 0.34), (84.78, 0.24), (74.93, 0.36), (87.14, 0.24))),
            ("Single", "2", *values((70.86, 0.34), (85.06, 0.25), (75.81, 0.34), (87.33, 0.23))),
            ("Medium", "2", *values((70.75, 0.34), (85.02, 0.24), (76.49, 0.33), (88.20, 0.22))),
            ("Large", "2", *values((70.63, 0.34), (85.07, 0.24), (76.59, 0.34), (88.11, 0.23))),
            ("CutMix", "4", *values((70.48, 0.34), (84.76, 0.24), (75.08, 0.23), (87.60, 0.24))),
            ("Single", "4", *values((71.10, 0.34), (85.50, 0.24), (76.82, 0.24), (88.14, 0.23))),
            ("Medium", "4", *values((70.58, 0.34), (85.32, 0.24), (76.30, 0.24), (88.29, 0.22))),
            ("Large", "4", *values((70.71, 0.34), (85.04, 0.23), (76.99, 0.24), (88.35, 0.22))),
        ),
        f"{_POOLS} Two errors of CNN-4 differ by 0.01 from those of the same networks in Tables 6.5, 6.10 and 6.11. "
        f"{_SMALL_ERRORS}",
        labels=2,
    ),
)
"""Tables of combined augmentations."""
