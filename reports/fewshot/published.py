"""The dissertation's Tables 5.1 to 5.10: what meta-learned features have in common."""

from reports.fewshot.published_regularizers import REGULARIZER_SEARCH
from reports.tables.published import PublishedTable as Table
from reports.tables.published import by_number, number, percent, text, values

_HEADS = (text("model"), percent("SVM"), percent("RR"), percent("ProtoNet"), percent("MAML"))
_MODELS = (
    "-M: meta-learned, with MetaOptNet-SVM or, for the R2-D2 backbone, with ridge regression (RR); -C: trained "
    "classically. The columns are the fine-tuning algorithms of the evaluation. Errors are one standard error."
)

PUBLISHED = by_number(
    Table(
        "5.1",
        "Fine-tuning algorithms on meta-learned and classically trained features, 1-shot mini-ImageNet",
        _HEADS,
        (
            ("MetaOptNet-M", *values((62.64, 0.31), (60.50, 0.30), (51.99, 0.33), (55.77, 0.32))),
            ("MetaOptNet-C", *values((56.18, 0.31), (55.09, 0.30), (41.89, 0.32), (46.39, 0.28))),
            ("R2-D2-M", *values((51.80, 0.20), (55.89, 0.31), (47.89, 0.32), (53.72, 0.33))),
            ("R2-D2-C", *values((48.39, 0.29), (48.29, 0.29), (28.77, 0.24), (44.31, 0.28))),
        ),
        _MODELS,
    ),
    Table(
        "5.2",
        "Class separation of meta-learned and classically trained features",
        (text("training"), text("data set"), number("R_FC", 2), number("R_HV", 2)),
        (
            ("R2-D2-M", "CIFAR-FS", 1.29, 0.95),
            ("R2-D2-C", "CIFAR-FS", 2.92, 1.69),
            ("MetaOptNet-M", "CIFAR-FS", 0.99, 0.75),
            ("MetaOptNet-C", "CIFAR-FS", 1.84, 1.25),
            ("R2-D2-M", "mini-ImageNet", 2.60, 1.57),
            ("R2-D2-C", "mini-ImageNet", 3.58, 1.90),
            ("MetaOptNet-M", "mini-ImageNet", 1.29, 0.95),
            ("MetaOptNet-C", "mini-ImageNet", 3.13, 1.75),
        ),
        "R_FC: feature clustering, R_HV: hyperplane variation; lower is better separated. -M: meta-learned, -C: "
        "trained classically. The printed form of R_HV is at most 1; the figures fit (|d1 - d2| / mean(|d1|, "
        "|d2|))^2, with R_FC over pairs of classes of two samples each.",
        labels=2,
    ),
    Table(
        "5.3",
        "Regularized transfer learning against meta-learning, 5-way",
        (
            text("training"),
            text("backbone"),
            percent("mini-ImageNet 1-shot"),
            percent("mini-ImageNet 5-shot"),
            percent("CIFAR-FS 1-shot", 1),
            percent("CIFAR-FS 5-shot", 1),
        ),
        (
            ("R2-D2", "R2-D2", *values((51.80, 0.20), (68.40, 0.20), (65.3, 0.2), (79.4, 0.1))),
            ("Classical", "R2-D2", *values((48.39, 0.29), (68.24, 0.26), (62.9, 0.3), (82.8, 0.3))),
            ("Classical w/ R_FC", "R2-D2", *values((50.39, 0.30), (69.58, 0.26), (65.5, 0.4), (83.3, 0.3))),
            ("Classical w/ R_HV", "R2-D2", *values((50.16, 0.30), (69.54, 0.26), (64.6, 0.3), (83.1, 0.3))),
            ("MetaOptNet-SVM", "MetaOptNet", *values((62.64, 0.31), (78.63, 0.25), (72.0, 0.4), (84.2, 0.3))),
            ("Classical", "MetaOptNet", *values((56.18, 0.31), (76.72, 0.24), (69.5, 0.3), (85.7, 0.2))),
            ("Classical w/ R_FC", "MetaOptNet", *values((59.38, 0.31), (78.15, 0.24), (72.3, 0.4), (86.3, 0.2))),
            ("Classical w/ R_HV", "MetaOptNet", *values((59.37, 0.32), (77.05, 0.25), (72.0, 0.4), (85.9, 0.2))),
        ),
        "Errors are one standard error. Fine-tuning by SVM, except R2-D2, whose row is the original paper's; on "
        "mini-ImageNet it has the figures of the SVM column of Tables 5.1 and 5.7.",
        labels=2,
    ),
    Table(
        "5.4",
        "Similarity (CKA) of classically trained to meta-learned representations",
        (text("backbone"), text("data set"), number("C", 2), number("R_FC", 2), number("R_HV", 2)),
        (
            ("R2-D2", "CIFAR-FS", 0.71, 0.77, 0.73),
            ("MetaOptNet", "CIFAR-FS", 0.77, 0.89, 0.87),
            ("R2-D2", "mini-ImageNet", 0.69, 0.72, 0.70),
            ("MetaOptNet", "mini-ImageNet", 0.70, 0.82, 0.79),
        ),
        "C: classical training without a regularizer.",
        labels=2,
    ),
    Table(
        "5.5",
        "Class separation of MAML",
        (text("model"), number("R_FC", 4), number("R_HV", 4)),
        (
            ("MAML-1", 3.9406, 1.9434),
            ("MAML-5", 3.7044, 1.8901),
            ("MAML-C", 3.3487, 1.8113),
        ),
        "mini-ImageNet training data. 1 and 5: shots; C: trained classically.",
    ),
    Table(
        "5.6",
        "Weight clustering against Reptile, 5-way mini-ImageNet",
        (text("framework"), percent("1-shot"), percent("5-shot")),
        (
            ("Classical", *values((28.72, 0.16), (45.25, 0.21))),
            ("FOMAML", *values((48.07, 1.75), (63.15, 0.91))),
            ("Reptile", *values((49.97, 0.32), (65.99, 0.58))),
            ("W-Clustering", *values((51.94, 0.23), (68.02, 0.22))),
        ),
        "Errors are one standard error.",
    ),
    Table(
        "5.7",
        "Fine-tuning algorithms on meta-learned and classically trained features, 5-shot mini-ImageNet",
        _HEADS,
        (
            ("MetaOptNet-M", *values((78.63, 0.25), (76.96, 0.23), (76.17, 0.23), (70.14, 0.27))),
            ("MetaOptNet-C", *values((76.72, 0.24), (74.48, 0.24), (73.37, 0.24), (71.32, 0.26))),
            ("R2-D2-M", *values((68.40, 0.20), (72.09, 0.25), (70.74, 0.25), (71.43, 0.27))),
            ("R2-D2-C", *values((68.24, 0.26), (67.04, 0.26), (60.93, 0.29), (65.30, 0.27))),
        ),
        _MODELS,
    ),
    Table(
        "5.8",
        "Training time of an epoch and in total",
        (
            text("training"),
            text("backbone"),
            number("mini-ImageNet epoch", 0, "s"),
            number("mini-ImageNet total", 0, "min"),
            number("CIFAR-FS epoch", 0, "s"),
            number("CIFAR-FS total", 0, "min"),
        ),
        (
            ("R2-D2", "R2-D2", 16 * 60, 16.8 * 60, 44, 45),
            ("Classical", "R2-D2", 20, 1.7 * 60, 4, 22),
            ("Classical w/ R_FC", "R2-D2", 20, 1.7 * 60, 4, 24),
            ("Classical w/ R_HV", "R2-D2", 20, 1.7 * 60, 4, 23),
            ("MetaOptNet-SVM", "MetaOptNet", 1.5 * 3600, 88.0 * 60, 4 * 60, 4.5 * 60),
            ("Classical", "MetaOptNet", 1.4 * 60, 7.0 * 60, 14, 1.2 * 60),
            ("Classical w/ R_FC", "MetaOptNet", 1.5 * 60, 7.4 * 60, 15, 1.3 * 60),
            ("Classical w/ R_HV", "MetaOptNet", 1.3 * 60, 7.2 * 60, 16, 1.4 * 60),
        ),
        "Of the networks of Table 5.3, on a single GPU. The text prints two digits, in seconds, minutes or hours.",
        labels=2,
    ),
    REGULARIZER_SEARCH,
    Table(
        "5.10",
        "Coefficients of weight clustering, mini-ImageNet",
        (text("coefficient"), percent("1-shot"), percent("5-shot")),
        (
            ("0 (Reptile)", *values((49.97, 0.32), (65.99, 0.58))),
            ("1.0e-5", *values((51.42, 0.23), (67.16, 0.22))),
            ("2.5e-5", *values((51.25, 0.24), (67.55, 0.22))),
            ("5.0e-5", *values((51.94, 0.23), (68.02, 0.22))),
            ("7.5e-5", *values((51.40, 0.24), (67.59, 0.22))),
            ("1.0e-4", *values((50.92, 0.23), (67.91, 0.22))),
            ("2.5e-4", *values((50.65, 0.23), (65.95, 0.23))),
            ("5.0e-4", *values((51.37, 0.23), (66.98, 0.23))),
        ),
        "Reptile's row is the original paper's. At 2.5e-4, 5-shot is below it, where the text has improvements for "
        "coefficients up to ten times larger and smaller than 5e-5.",
    ),
)
"""The tables of chapter 5, by number."""
