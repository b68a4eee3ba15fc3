"""The dissertation's Tables 6.1 to 6.12: data augmentation for meta-learning."""

from reports.fewshot.augmentation.published_benchmarks import BENCHMARKS
from reports.fewshot.augmentation.published_combinations import COMBINATIONS
from reports.tables.published import PublishedTable as Table
from reports.tables.published import by_number, number, percent, text, values

_SAMPLES = (
    "Support and query: samples of a class to draw from; task: tasks to draw from. Errors are one standard error."
)

_DIVERSITY = (
    Table(
        "6.1",
        "Less data for support, queries or tasks: R2-D2, ResNet-12, CIFAR-FS",
        (text("support"), text("query"), text("task"), percent("1-shot"), percent("5-shot")),
        (
            ("600", "600", "full", *values((71.73, 0.37), (84.39, 0.25))),
            ("5", "600", "full", *values((70.97, 0.36), (84.51, 0.24))),
            ("5 (random)", "600", "full", *values((58.15, 0.36), (76.26, 0.27))),
            ("600", "5", "full", *values((60.25, 0.37), (77.05, 0.28))),
            ("600", "600", "13", *values((68.24, 0.38), (81.77, 0.26))),
        ),
        f"{_SAMPLES} The first row is the baseline. Random: fixed images of noise, whose "
        "degradation the prose calls small.",
        labels=3,
    ),
    Table(
        "6.8",
        "Less data for support, queries or tasks: mini-ImageNet",
        (
            text("method"),
            text("backbone"),
            text("support"),
            text("query"),
            text("task"),
            percent("1-shot"),
            percent("5-shot"),
        ),
        (
            ("R2-D2", "CNN-4", "600", "600", "full", *values((55.94, 0.32), (72.32, 0.25))),
            ("R2-D2", "CNN-4", "5", "600", "full", *values((55.05, 0.31), (71.66, 0.26))),
            ("R2-D2", "CNN-4", "5 (random)", "600", "full", *values((42.09, 0.29), (60.12, 0.27))),
            ("R2-D2", "CNN-4", "600", "5", "full", *values((49.87, 0.30), (66.00, 0.27))),
            ("R2-D2", "CNN-4", "600", "600", "13", *values((53.34, 0.31), (69.43, 0.25))),
            ("R2-D2", "ResNet-12", "600", "600", "full", *values((60.50, 0.33), (76.60, 0.24))),
            ("R2-D2", "ResNet-12", "5", "600", "full", *values((58.79, 0.32), (76.45, 0.25))),
            ("R2-D2", "ResNet-12", "5 (random)", "600", "full", *values((43.80, 0.30), (62.26, 0.28))),
            ("R2-D2", "ResNet-12", "600", "5", "full", *values((48.02, 0.31), (65.45, 0.26))),
            ("R2-D2", "ResNet-12", "600", "600", "13", *values((57.65, 0.33), (73.18, 0.28))),
            ("ProtoNet", "ResNet-12", "600", "600", "full", *values((57.46, 0.38), (75.61, 0.29))),
            ("ProtoNet", "ResNet-12", "5", "600", "full", *values((57.03, 0.33), (75.46, 0.26))),
            ("ProtoNet", "ResNet-12", "5 (random)", "600", "full", *values((43.36, 0.32), (57.20, 0.28))),
            ("ProtoNet", "ResNet-12", "600", "5", "full", *values((48.40, 0.34), (64.79, 0.29))),
            ("ProtoNet", "ResNet-12", "600", "600", "13", *values((51.88, 0.35), (66.41, 0.29))),
        ),
        _SAMPLES,
        labels=5,
    ),
)

_SINGLE = (
    Table(
        "6.2",
        "The most effective augmentations of each mode: R2-D2, ResNet-12, CIFAR-FS",
        (text("method"), text("mode"), percent("1-shot"), percent("5-shot")),
        (
            ("Baseline", "-", *values((71.95, 0.37), (84.56, 0.25))),
            ("CutMix", "Support", *values((72.79, 0.37), (84.70, 0.25))),
            ("Self-Mix", "Support", *values((71.96, 0.36), (84.84, 0.25))),
            ("CutMix", "Query", *values((75.97, 0.34), (87.28, 0.23))),
            ("Self-Mix", "Query", *values((73.59, 0.35), (86.14, 0.24))),
            ("Large Rotation", "Task", *values((73.79, 0.36), (85.81, 0.24))),
            ("MixUp", "Task", *values((72.05, 0.37), (85.27, 0.25))),
            ("Random Crop", "Shot", *values((70.56, 0.37), (83.87, 0.25))),
            ("Horizontal Flip", "Shot", *values((73.25, 0.36), (85.06, 0.25))),
        ),
        "Errors are one standard error. CutMix of queries is the most effective. Table 6.10 prints 0.25 as the error "
        "of Self-Mix of queries, 5-shot.",
        labels=2,
    ),
    Table(
        "6.10",
        "All augmentations: R2-D2, CIFAR-FS",
        (
            text("method"),
            text("mode"),
            percent("CNN-4 1-shot"),
            percent("CNN-4 5-shot"),
            percent("ResNet-12 1-shot"),
            percent("ResNet-12 5-shot"),
        ),
        (
            ("Baseline", "-", *values((67.56, 0.35), (82.39, 0.26), (71.95, 0.37), (84.56, 0.25))),
            ("Random Erase", "Support", *values((67.71, 0.36), (82.25, 0.26), (72.30, 0.37), (84.50, 0.25))),
            ("Self-Mix", "Support", *values((69.61, 0.35), (83.43, 0.25), (71.96, 0.36), (84.84, 0.25))),
            ("CutMix", "Support", *values((69.05, 0.36), (83.12, 0.26), (72.79, 0.37), (84.70, 0.25))),
            ("MixUp", "Support", *values((68.64, 0.37), (82.72, 0.27), (71.86, 0.37), (84.11, 0.25))),
            ("Feature Mixup", "Support", *values((67.88, 0.35), (82.40, 0.25), (71.21, 0.37), (83.38, 0.25))),
            ("Rotation", "Support", *values((68.65, 0.35), (82.86, 0.25), (71.13, 0.37), (83.84, 0.25))),
            ("Combining labels", "Support", *values((68.27, 0.36), (82.53, 0.26), (71.00, 0.38), (83.12, 0.25))),
            ("Drop Channel", "Support", *values((68.21, 0.35), (82.76, 0.25), (69.65, 0.73), (83.15, 0.25))),
            ("Solarize", "Support", *values((68.65, 0.35), (82.68, 0.26), (70.88, 0.37), (83.45, 0.25))),
            ("Random Erase", "Query", *values((69.73, 0.34), (84.04, 0.25), (73.05, 0.36), (85.67, 0.25))),
            ("Self-Mix", "Query", *values((69.55, 0.35), (84.20, 0.25), (73.59, 0.35), (86.14, 0.25))),
            ("CutMix", "Query", *values((70.54, 0.33), (84.69, 0.24), (75.97, 0.34), (87.28, 0.23))),
            ("MixUp", "Query", *values((67.70, 0.34), (83.13, 0.25), (72.93, 0.35), (86.13, 0.24))),
            ("Feature Mixup", "Query", *values((70.16, 0.35), (83.80, 0.28), (73.38, 0.35), (85.87, 0.23))),
            ("Rotation", "Query", *values((68.17, 0.35), (83.01, 0.25), (72.02, 0.36), (84.42, 0.25))),
            ("Combining labels", "Query", *values((66.01, 0.34), (81.99, 0.26), (69.77, 0.37), (82.99, 0.26))),
            ("Drop Channel", "Query", *values((68.34, 0.35), (83.25, 0.25), (69.60, 0.37), (83.01, 0.26))),
            ("Solarize", "Query", *values((67.51, 0.35), (82.65, 0.25), (72.45, 0.36), (84.97, 0.24))),
            ("MixUp", "Task", *values((67.21, 0.35), (82.72, 0.26), (72.05, 0.37), (85.27, 0.25))),
            ("Large Rotation", "Task", *values((68.96, 0.35), (83.65, 0.25), (73.79, 0.36), (85.81, 0.24))),
            ("CutMix", "Task", *values((68.78, 0.36), (82.99, 0.50), (72.72, 0.37), (84.62, 0.25))),
            ("Combining labels", "Task", *values((68.08, 0.35), (82.33, 0.26), (69.64, 0.37), (83.79, 0.26))),
            ("Random Erase", "Task", *values((68.39, 0.36), (83.26, 0.25), (71.09, 0.37), (84.49, 0.25))),
            ("Drop Channel", "Task", *values((67.54, 0.36), (81.97, 0.25), (70.24, 0.37), (83.52, 0.26))),
            ("Horizontal Flip", "Shot", *values((68.13, 0.35), (82.95, 0.25), (73.25, 0.36), (85.06, 0.25))),
            ("Random Crop", "Shot", *values((67.33, 0.36), (83.04, 0.25), (70.56, 0.37), (83.87, 0.25))),
            ("Random Rotation", "Shot", *values((67.57, 0.35), (83.00, 0.25), (70.32, 0.37), (83.75, 0.25))),
        ),
        "Errors are one standard error; 0.73 (Drop Channel of supports) and 0.50 (CutMix of tasks) stand out, and are "
        "printed so. CNN-4 has 96, 192, 384 and 512 filters.",
        labels=2,
    ),
)

_RUNTIMES = Table(
    "6.9",
    "Training time of 60 epochs on CIFAR-FS",
    (text("method"), number("CNN-4", 1, "h"), number("ResNet-12", 1, "h")),
    (
        ("R2-D2", 2.5, 3.2),
        ("R2-D2 + DA", 2.6, 3.7),
        ("R2-D2 + MM", 4.1, 8.2),
        ("MetaOptNet", 8.6, 8.9),
        ("MetaOptNet + DA", 8.8, 9.2),
        ("MetaOptNet + MM", 14.5, 18.5),
    ),
    "Four RTX 2080 Ti. + DA: with CutMix of queries and rotated tasks; + MM: with Meta-MaxUp, m = 4.",
)

PUBLISHED = by_number(*_DIVERSITY, *_SINGLE, *COMBINATIONS, *BENCHMARKS, _RUNTIMES)
"""The tables of chapter 6, by number."""
