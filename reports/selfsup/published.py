"""The dissertation's Tables 7.1 to 7.5: self-supervised learning by meta-learning methods."""

from reports.selfsup.encoders.names import LEARNERS, ROTATIONS
from reports.tables.published import PublishedTable as Table
from reports.tables.published import by_number, percent, text

_LINEAR = (
    "Top-1 accuracy of a linear classifier on representations learned by contrastive learning or as a meta-learner."
)

PUBLISHED = by_number(
    Table(
        "7.1",
        "Linear evaluation on CIFAR-10",
        (text("method"), text("backbone"), percent("accuracy", 1)),
        (
            ("SimCLR", "ResNet-18", 91.4),
            ("ProtoNet", "ResNet-18", 91.8),
            ("R2-D2", "ResNet-18", 91.6),
        ),
        _LINEAR,
        labels=2,
    ),
    Table(
        "7.2",
        "Linear evaluation on ImageNet",
        (text("method"), text("backbone"), percent("accuracy", 1)),
        (
            ("SimCLR", "ResNet-50", 58.8),
            ("ProtoNet", "ResNet-50", 57.6),
            ("R2-D2", "ResNet-50", 55.5),
        ),
        f"{_LINEAR} All methods take SimCLR's hyperparameters, which may not suit the others best.",
        labels=2,
    ),
    Table(
        "7.3",
        "ImageNet top-1 accuracy after fine-tuning with few labels",
        (text("method"), text("backbone"), percent("1% of the labels", 1), percent("10% of the labels", 1)),
        (
            ("Supervised baseline", "ResNet-50", 25.4, 56.4),
            ("SimCLR", "ResNet-50", 32.4, 53.6),
            ("ProtoNet", "ResNet-50", 31.0, 52.9),
            ("R2-D2", "ResNet-50", 37.9, 58.8),
        ),
        "The supervised baseline is another paper's, after an exhaustive hyperparameter search and with stronger "
        "augmentation.",
        labels=2,
    ),
    Table(
        "7.4",
        "Transfer learning from ImageNet weights",
        (
            text("method"),
            percent("Flowers102", 1),
            percent("DTD", 1),
            percent("VOC2007", 1),
            percent("Aircraft", 1),
            percent("Food101", 1),
            percent("SUN397", 1),
            percent("CIFAR-10", 1),
            percent("CIFAR-100", 1),
        ),
        (
            ("Baseline", 92.0, 64.8, 67.3, 85.9, 86.9, 53.6, 95.9, 80.2),
            ("SimCLR", 92.4, 72.7, 66.0, 83.7, 86.3, 57.4, 94.8, 79.1),
            ("ProtoNet", 92.7, 71.5, 64.7, 83.9, 86.2, 56.4, 96.0, 79.1),
            ("R2-D2", 94.5, 73.8, 69.9, 86.2, 86.9, 59.7, 96.7, 82.8),
        ),
        "Mean accuracy per class on Flowers102 and Aircraft, mean average precision on VOC2007, top-1 accuracy on the "
        "others. ResNet-50, pre-trained for 100 epochs, fine-tuned for 20,000 iterations; the baseline starts from no "
        "pre-trained weights and is trained for longer.",
    ),
    Table(
        "7.5",
        "Linear evaluation on CIFAR-10 with large rotations as plain augmentation",
        (text("rotation"), percent("SimCLR", 1), percent("BYOL", 1)),
        (
            ("No", 91.4, 92.1),
            ("Yes", 89.7, 90.6),
        ),
        "Every view rotated by 90, 180 or 270 degrees with a probability of 0.25 each, whatever its class: this hurts.",
    ),
)
"""The tables of chapter 7, by number."""

ROTATION = Table(
    "rotation",
    "Large rotations in self-supervised learning: linear evaluation on CIFAR-10",
    (text("method"), text("rotation"), percent("accuracy", 1)),
    tuple(
        (title, rotation, 94.6 if (title, rotation) == ("BYOL", "both") else None)
        for title in LEARNERS
        for rotation in ROTATIONS
    ),
    "Rotation: of each view on its own (sample), of all views of an image alike as task augmentation (task), as an "
    "auxiliary loss (auxiliary), and the last two together (both). The one published number at hand is of BYOL with "
    "ResNet-18; all others are unknown. Differences are to the same method without rotation, in points.",
    labels=2,
)
"""Section 7.5 after the point where the given text ends."""
