"""The dissertation's tables of trained networks: what to train for each row, and what was published.

Tables 2.1 to 2.6, 2.9, 2.10 and 2.14 (chapter 2), and one of our own: wrap-around accumulators against weights that
avoid overflow.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Method = Literal["float", "weights", "exact", "penalized", "wrapnet", "carries unprepared"]
"""Which network of a configuration a row shows: the float one; quantized weights alone; everything quantized, with
accumulators that never overflow, without or with an overflow penalty; WrapNet; WrapNet on packed words that it was
not trained for."""

VGG7, RESNET20 = {"network": "vgg7"}, {"network": "resnet20"}


@dataclass(frozen=True)
class Row:
    """A row: its label, how it was made, and the published accuracy in percent, if there is one.

    changes: settings that differ from the table's. published_rate: overflow rate, percent. published_wrapped: accuracy
    of an `exact` or `penalized` network on accumulators that wrap. diverged: published as divergence.
    """

    label: str
    method: Method
    changes: dict[str, Any] = field(default_factory=dict)
    published: float | None = None
    published_rate: float | None = None
    published_wrapped: float | None = None
    published_bits: int | None = None
    diverged: bool = False


@dataclass(frozen=True)
class TrainingTable:
    """A table: its number, title, rows, and the settings that all rows share. note: how to read it."""

    number: str
    title: str
    rows: tuple[Row, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def _benchmark(network: dict[str, Any], published: tuple[float, ...]) -> tuple[Row, ...]:
    """The rows of Table 2.6 for a network."""
    methods: tuple[tuple[str, Method, dict[str, Any]], ...] = (
        ("full precision", "float", {}),
        ("BWN", "weights", {"weights": "binary"}),
        ("BWN-QA", "exact", {"weights": "binary"}),
        ("WrapNet, binary, 8 bits", "wrapnet", {"weights": "binary"}),
        ("WrapNet, binary, 12 bits", "wrapnet", {"weights": "binary", "accumulator_bits": 12}),
        ("TWN", "weights", {"weights": "ternary"}),
        ("TWN-QA", "exact", {"weights": "ternary"}),
        ("WrapNet, ternary, 8 bits", "wrapnet", {"weights": "ternary"}),
        ("WrapNet, ternary, 12 bits", "wrapnet", {"weights": "ternary", "accumulator_bits": 12}),
    )
    name = network["network"]
    return tuple(
        Row(f"{name}: {label}", method, network | changes, accuracy)
        for (label, method, changes), accuracy in zip(methods, published, strict=True)
    )


def _avoidance() -> tuple[Row, ...]:
    rows = []
    for bits in (8, 10, 12, 16):
        shared = {"accumulator_bits": bits, "activation_bits": 3}
        rows.append(Row(f"A2Q+, 4-bit weights, {bits} bits", "exact", shared | {"weights": "bounded-4"}))
        rows.append(Row(f"WrapNet, 4-bit weights, {bits} bits", "wrapnet", shared | {"weights": "4"}))
        rows.append(Row(f"WrapNet, binary weights, {bits} bits", "wrapnet", shared | {"weights": "binary"}))
    return tuple(rows)


_PENALIZED = {"penalty": 0.01}

TRAINING_TABLES = {
    table.number: table
    for table in (
        TrainingTable(
            "2.1",
            "What overflow does to a network trained without it",
            (
                Row("full precision", "float", {}, 92.45),
                Row("3-bit activations", "exact", {"activation_bits": 3}, 91.08, 10.84, 10.06),
                Row("2-bit activations", "exact", {"activation_bits": 2}, 88.46, 1.72, 44.04),
            ),
            {"overflow_rate": 99.0},
            "Step sizes as fine as the bits allow, whatever overflows.",
        ),
        TrainingTable(
            "2.2",
            "Slopes of the cyclic activation",
            (
                Row("k = 1", "wrapnet", {"slope": 1}, 90.24),
                Row("k = 2", "wrapnet", {"slope": 2}, 90.52),
                Row("k = 4", "wrapnet", {"slope": 4}, 90.25),
                Row("k = 10", "wrapnet", {"slope": 10}, 89.16),
                Row("modulo", "wrapnet", {"cyclic_function": "wrap"}, diverged=True),
            ),
        ),
        TrainingTable(
            "2.3",
            "Step sizes by overflow rate p",
            tuple(
                Row(
                    f"p = {rate}%",
                    "wrapnet",
                    {"overflow_rate": float(rate)},
                    accuracy,
                    published_bits=bits,
                    diverged=accuracy is None,
                )
                for rate, bits, accuracy in (
                    (0, 1, 90.07),
                    (2, 3, 90.51),
                    (5, 3, 90.52),
                    (10, 4, 89.92),
                    (20, 4, 88.25),
                    (30, 5, 85.30),
                    (40, 5, 36.11),
                    (50, 5, None),
                )
            ),
        ),
        TrainingTable(
            "2.4",
            "The overflow penalty",
            (
                Row("no penalty, p = 20%", "wrapnet", {"overflow_rate": 20.0}, 88.25),
                Row("no penalty, p = 5%", "wrapnet", {}, 90.52),
                Row("0.01, p = 20%", "wrapnet", _PENALIZED | {"overflow_rate": 20.0}, 90.05),
                Row("0.01, p = 5%", "wrapnet", _PENALIZED, 90.81),
            ),
        ),
        TrainingTable(
            "2.5",
            "Packed words without vector instructions",
            (
                Row("vector instructions", "wrapnet", {}, 90.81),
                Row("carries, not trained for", "carries unprepared", {}, 10.03),
                Row("buffer bit", "wrapnet", {"packing": "buffer"}, 88.22),
                Row("carry variance penalty", "wrapnet", {"packing": "carries"}, 87.86),
                Row("hybrid", "wrapnet", {"packing": "hybrid"}, 89.43),
            ),
            _PENALIZED,
            "Inference as a machine with 64-bit words does it, the top lane's carry lost. Published carries: 254.91 on "
            "average with a deviation of 159.55 unprepared, 384.42 and 17.91 with the penalty, 482.4 and 16.18 hybrid.",
        ),
        TrainingTable(
            "2.6",
            "WrapNet against networks with 32-bit accumulators",
            _benchmark(VGG7, (92.45, 91.55, 91.30, 90.81, 91.59, 91.56, 91.49, 91.14, 91.53))
            + _benchmark(RESNET20, (91.78, 90.03, 89.86, 89.78, 90.17, 90.36, 90.12, 89.56, 90.88)),
            _PENALIZED,
            "CIFAR-10's half of the table.",
        ),
        TrainingTable(
            "2.9",
            "Cyclic functions, with and without a ReLU after the batch norm",
            tuple(
                Row(
                    f"{function}{f', k = {slope}' if slope else ''}{'' if relu else ', no ReLU'}",
                    "wrapnet",
                    {"cyclic_function": function, "relu": relu} | ({"slope": slope} if slope else {}),
                    accuracy,
                )
                for function, relu, slope, accuracy in (
                    ("cyclic", True, 2, 90.52),
                    ("cyclic", False, 2, 89.28),
                    ("relu-like", True, 1, 90.25),
                    ("relu-like", True, 2, 90.31),
                    ("relu-like", True, 3, 90.15),
                    ("relu-like", False, 1, 88.62),
                    ("relu-like", False, 2, 89.01),
                    ("relu-like", False, 3, 88.53),
                    ("absolute", True, None, 90.17),
                    ("absolute", False, None, 89.19),
                )
            ),
        ),
        TrainingTable(
            "2.10",
            "Coefficients of the overflow penalty",
            tuple(
                Row(f"WrapNet, {penalty}", "wrapnet", {"penalty": penalty}, accuracy, rate)
                for penalty, rate, accuracy in (
                    (0.0, 6.29, 90.52),
                    (0.001, 1.88, 90.33),
                    (0.01, 1.24, 90.81),
                    (0.1, 1.04, 89.52),
                )
            )
            + tuple(
                Row(f"no cyclic activation, {penalty}", "penalized", {"penalty": penalty}, None, rate, accuracy)
                for penalty, rate, accuracy in (
                    (0.01, 5.91, 64.69),
                    (0.1, 0.35, 88.94),
                    (1.0, 0.06, 90.26),
                    (2.0, 0.03, 90.20),
                )
            ),
        ),
        TrainingTable(
            "2.14",
            "More bits for weights",
            tuple(
                Row(f"{label} weights", "wrapnet", {"weights": weights}, accuracy, rate)
                for label, weights, rate, accuracy in (
                    ("binary", "binary", 1.24, 90.81),
                    ("ternary", "ternary", 0.12, 91.14),
                    ("3-bit", "3", 0.02, 91.55),
                    ("4-bit", "4", 0.04, 91.73),
                    ("5-bit", "5", 0.4, 91.20),
                )
            ),
            _PENALIZED,
        ),
        TrainingTable(
            "avoidance",
            "Wrap-around accumulators against weights that never overflow (not in the dissertation)",
            _avoidance(),
            _PENALIZED,
            "Activations of at most 3 bits. A2Q+: accumulators as wide as stated never overflow, which evaluation on "
            "wrapping ones confirms.",
        ),
    )
}
"""The tables, by number."""
