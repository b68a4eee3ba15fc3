"""The dissertation's Tables 2.1 to 2.6, 2.9, 2.10 and 2.14: trained networks."""

from reports.tables.published import Mark, PublishedTable, by_number, count, number, percent, text

_ABSENT, _DIVERGES = Mark.ABSENT, Mark.DIVERGES
_DEFAULTS = "VGG-7, CIFAR-10, binary weights and 8-bit accumulators; k = 2, p = 5% and no penalty unless stated."

PUBLISHED = by_number(
    PublishedTable(
        "2.1",
        "What overflow does to a network trained without it",
        (
            text("bits of activations/weights"),
            percent("overflow rate, 8 bits"),
            percent("accuracy, 32 bits"),
            percent("accuracy, 8 bits"),
        ),
        (
            ("full precision", _ABSENT, 92.45, _ABSENT),
            ("3/1", 10.84, 91.08, 10.06),
            ("2/1", 1.72, 88.46, 44.04),
        ),
        "VGG-7, CIFAR-10, inference with accumulators of 32 or 8 bits. The overflow rate is the layers' average.",
    ),
    PublishedTable(
        "2.2",
        "Slopes of the cyclic activation",
        (text("slope"), percent("accuracy")),
        (
            ("k = 1", 90.24),
            ("k = 2", 90.52),
            ("k = 4", 90.25),
            ("k = 10", 89.16),
            ("k = infinity", _DIVERGES),
        ),
        f"{_DEFAULTS} With an infinite slope, the cyclic activation is the plain modulo.",
    ),
    PublishedTable(
        "2.3",
        "Step sizes by overflow rate p",
        (text("overflow rate"), count("bits"), percent("accuracy")),
        (
            ("p = 0%", 1, 90.07),
            ("p = 2%", 3, 90.51),
            ("p = 5%", 3, 90.52),
            ("p = 10%", 4, 89.92),
            ("p = 20%", 4, 88.25),
            ("p = 30%", 5, 85.30),
            ("p = 40%", 5, 36.11),
            ("p = 50%", 5, _DIVERGES),
        ),
        f"{_DEFAULTS} Bits: the median of the activations' widths over the layers.",
    ),
    PublishedTable(
        "2.4",
        "The overflow penalty",
        (text("penalty"), text("overflow rate"), percent("accuracy"), percent("difference")),
        (
            ("0", "p = 20%", 88.25, _ABSENT),
            ("0", "p = 5%", 90.52, 2.27),
            ("0.01", "p = 20%", 90.05, _ABSENT),
            ("0.01", "p = 5%", 90.81, 0.76),
        ),
        f"{_DEFAULTS} Difference: to the row above.",
        labels=2,
    ),
    PublishedTable(
        "2.5",
        "Packed words without vector instructions",
        (
            text("method"),
            percent("accuracy, vector instructions"),
            percent("accuracy, carries"),
            number("carries", 2),
            number("carry deviation", 2),
        ),
        (
            ("Baseline", 90.81, 10.03, 254.91, 159.55),
            ("Buffer bit", _ABSENT, 88.22, _ABSENT, _ABSENT),
            ("Carry variance penalty", _ABSENT, 87.86, 384.42, 17.91),
            ("Hybrid", _ABSENT, 89.43, 482.4, 16.18),
        ),
        "VGG-7, CIFAR-10, 8-bit accumulators. Vector instructions keep carries from the neighbouring number. Carries: "
        "of a neuron, mean and standard deviation; the hybrid's mean is printed with one decimal.",
    ),
    PublishedTable(
        "2.6",
        "WrapNet against networks with 32-bit accumulators",
        (
            text("network"),
            count("activation bits"),
            count("weight bits"),
            count("accumulator bits"),
            percent("CIFAR-10 VGG7"),
            percent("CIFAR-10 ResNet20"),
            percent("ImageNet AlexNet"),
            percent("ImageNet ResNet18"),
            percent("ImageNet ResNet50"),
        ),
        (
            ("full precision", 32, 32, 32, 92.45, 91.78, 60.61, 69.59, 76.15),
            ("BWN", 32, 1, 32, 91.55, 90.03, 56.56, 63.55, 72.88),
            ("BWN-QA", 3, 1, 32, 91.30, 89.86, 46.30, 57.54, 66.85),
            ("WrapNet, binary, 8 bits", 3, 1, 8, 90.81, 89.78, 44.88, 55.60, 64.30),
            ("WrapNet, binary, 12 bits", 7, 1, 12, 91.59, 90.17, 56.62, 63.11, 72.37),
            ("TWN", 32, 2, 32, 91.56, 90.36, 57.57, 65.70, 73.31),
            ("TWN-QA", 4, 2, 32, 91.49, 90.12, 55.84, 63.67, 72.50),
            ("WrapNet, ternary, 8 bits", 4, 2, 8, 91.14, 89.56, 52.24, 62.13, 71.62),
            ("WrapNet, ternary, 12 bits", 7, 2, 12, 91.53, 90.88, 57.60, 63.84, 73.93),
        ),
        "Top-1 accuracy. Activation bits below 32 are approximate: the text calls them the median over the layers, "
        "roughly, and the sign printed before them is not legible in our copy. QA: quantized activations.",
    ),
    PublishedTable(
        "2.9",
        "Cyclic functions, with and without a ReLU after the batch norm",
        (text("function"), text("ReLU"), text("slope"), percent("accuracy")),
        (
            ("cyclic", "ReLU", "k = 2", 90.52),
            ("cyclic", "no ReLU", "k = 2", 89.28),
            ("ReLU-like", "ReLU", "k = 1", 90.25),
            ("ReLU-like", "ReLU", "k = 2", 90.31),
            ("ReLU-like", "ReLU", "k = 3", 90.15),
            ("ReLU-like", "no ReLU", "k = 1", 88.62),
            ("ReLU-like", "no ReLU", "k = 2", 89.01),
            ("ReLU-like", "no ReLU", "k = 3", 88.53),
            ("absolute", "ReLU", "-", 90.17),
            ("absolute", "no ReLU", "-", 89.19),
        ),
        _DEFAULTS,
        labels=3,
    ),
    PublishedTable(
        "2.10",
        "Coefficients of the overflow penalty",
        (text("activation"), text("penalty"), percent("overflow rate"), percent("accuracy")),
        (
            ("cyclic", "0", 6.29, 90.52),
            ("cyclic", "0.001", 1.88, 90.33),
            ("cyclic", "0.01", 1.24, 90.81),
            ("cyclic", "0.1", 1.04, 89.52),
            ("not cyclic", "0.01", 5.91, 64.69),
            ("not cyclic", "0.1", 0.35, 88.94),
            ("not cyclic", "1", 0.06, 90.26),
            ("not cyclic", "2", 0.03, 90.20),
        ),
        f"{_DEFAULTS} Not cyclic: 8-bit accumulators without a cyclic activation.",
        labels=2,
    ),
    PublishedTable(
        "2.14",
        "More bits for weights",
        (text("weight bits"), percent("overflow rate"), percent("accuracy"), percent("degradation")),
        (
            ("1", 1.24, 90.81, 1.64),
            ("2", 0.12, 91.14, 1.31),
            ("3", 0.02, 91.55, 0.90),
            ("4", 0.04, 91.73, 0.72),
            ("5", 0.4, 91.20, 1.25),
        ),
        "VGG-7, CIFAR-10, 8-bit accumulators; 2-bit weights are ternary. Degradation: from full precision. The "
        "overflow rate with 5 bits is printed with one decimal.",
    ),
)
"""The tables by number."""
