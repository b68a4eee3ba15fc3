"""What to train for each row of the dissertation's tables of trained networks, and what was published for it.

Tables 2.1 to 2.6, 2.9, 2.10 and 2.14 (chapter 2), and two of our own: wrap-around accumulators against weights that
avoid overflow, and first and last layers in integers against float ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reports.tables.published import Cell, Mark
from reports.wrapnet.published import PUBLISHED

_PENALIZED = {"penalty": 0.01}

Method = Literal["float", "weights", "exact", "penalized", "wrapnet", "carries unprepared"]
"""The network of a configuration that a row shows: the float one; with quantized weights alone; with everything
quantized and accumulators that never overflow, without or with an overflow penalty; WrapNet; WrapNet on packed words
that it was not trained for."""


@dataclass(frozen=True)
class Row:
    """A row: its label and how it is made.

    changes: settings that differ from the table's. published: cells of the dissertation by what we measure:
    `accuracy`, `wrapped_accuracy` (of an `exact` or `penalized` network on accumulators that wrap), `overflow_rate`,
    `activation_bits`, `carry_mean`, `carry_deviation`.
    """

    label: str
    method: Method
    changes: dict[str, Any] = field(default_factory=dict)
    published: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingTable:
    """A table: its number, title, rows, and the settings that all rows share. note: how to read it."""

    number: str
    title: str
    rows: tuple[Row, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    note: str = ""


def _cells(number: str, row: str, **headings: str) -> dict[str, Cell]:
    """Published cells of a row by what we measure, from the columns of these headings; dashes are left out."""
    cells = {measured: PUBLISHED[number].cell(row, heading) for measured, heading in headings.items()}
    return {measured: cell for measured, cell in cells.items() if cell is not Mark.ABSENT}


def _overflow() -> tuple[Row, ...]:
    rows: tuple[tuple[str, str, Method, dict[str, Any]], ...] = (
        ("full precision", "full precision", "float", {}),
        ("3-bit activations", "3/1", "exact", {"activation_bits": 3}),
        ("2-bit activations", "2/1", "exact", {"activation_bits": 2}),
    )
    headings = {
        "accuracy": "accuracy, 32 bits",
        "wrapped_accuracy": "accuracy, 8 bits",
        "overflow_rate": "overflow rate, 8 bits",
    }
    return tuple(Row(label, method, changes, _cells("2.1", name, **headings)) for label, name, method, changes in rows)


def _slopes() -> tuple[Row, ...]:
    rows: list[tuple[str, str, dict[str, Any]]]
    rows = [(f"k = {slope}", f"k = {slope}", {"slope": slope}) for slope in (1, 2, 4, 10)]
    rows.append(("modulo", "k = infinity", {"cyclic_function": "wrap"}))
    return tuple(
        Row(label, "wrapnet", changes, _cells("2.2", name, accuracy="accuracy")) for label, name, changes in rows
    )


def _step_sizes() -> tuple[Row, ...]:
    return tuple(
        Row(
            f"p = {rate}%",
            "wrapnet",
            {"overflow_rate": float(rate)},
            _cells("2.3", f"p = {rate}%", accuracy="accuracy", activation_bits="bits"),
        )
        for rate in (0, 2, 5, 10, 20, 30, 40, 50)
    )


def _penalty() -> tuple[Row, ...]:
    rows: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("no penalty, p = 20%", "0, p = 20%", {"overflow_rate": 20.0}),
        ("no penalty, p = 5%", "0, p = 5%", {}),
        ("0.01, p = 20%", "0.01, p = 20%", _PENALIZED | {"overflow_rate": 20.0}),
        ("0.01, p = 5%", "0.01, p = 5%", _PENALIZED),
    )
    return tuple(
        Row(label, "wrapnet", changes, _cells("2.4", name, accuracy="accuracy")) for label, name, changes in rows
    )


def _packed_words() -> tuple[Row, ...]:
    carries = {"accuracy": "accuracy, carries", "carry_mean": "carries", "carry_deviation": "carry deviation"}
    return (
        Row(
            "vector instructions",
            "wrapnet",
            {},
            _cells("2.5", "Baseline", accuracy="accuracy, vector instructions"),
        ),
        Row("carries, not trained for", "carries unprepared", {}, _cells("2.5", "Baseline", **carries)),
        Row("buffer bit", "wrapnet", {"packing": "buffer"}, _cells("2.5", "Buffer bit", **carries)),
        Row(
            "carry variance penalty",
            "wrapnet",
            {"packing": "carries"},
            _cells("2.5", "Carry variance penalty", **carries),
        ),
        Row("hybrid", "wrapnet", {"packing": "hybrid"}, _cells("2.5", "Hybrid", **carries)),
    )


def _benchmark() -> tuple[Row, ...]:
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
    return tuple(
        Row(f"{network}: {label}", method, {"network": network} | changes, _cells("2.6", label, accuracy=heading))
        for network, heading in (("vgg7", "CIFAR-10 VGG7"), ("resnet20", "CIFAR-10 ResNet20"))
        for label, method, changes in methods
    )


def _cyclic_functions() -> tuple[Row, ...]:
    rows = []
    for function, slopes in (("cyclic", (2,)), ("relu-like", (1, 2, 3)), ("absolute", (None,))):
        for relu in (True, False):
            for slope in slopes:
                name = ", ".join(
                    (
                        "ReLU-like" if function == "relu-like" else function,
                        "ReLU" if relu else "no ReLU",
                        f"k = {slope}" if slope else "-",
                    )
                )
                rows.append(
                    Row(
                        f"{function}{f', k = {slope}' if slope else ''}{'' if relu else ', no ReLU'}",
                        "wrapnet",
                        {"cyclic_function": function, "relu": relu} | ({"slope": slope} if slope else {}),
                        _cells("2.9", name, accuracy="accuracy"),
                    )
                )
    return tuple(rows)


def _coefficients() -> tuple[Row, ...]:
    cyclic = tuple(
        Row(
            f"WrapNet, {penalty}",
            "wrapnet",
            {"penalty": penalty},
            _cells("2.10", f"cyclic, {penalty:g}", accuracy="accuracy", overflow_rate="overflow rate"),
        )
        for penalty in (0.0, 0.001, 0.01, 0.1)
    )
    return cyclic + tuple(
        Row(
            f"no cyclic activation, {penalty}",
            "penalized",
            {"penalty": penalty},
            _cells("2.10", f"not cyclic, {penalty:g}", wrapped_accuracy="accuracy", overflow_rate="overflow rate"),
        )
        for penalty in (0.01, 0.1, 1.0, 2.0)
    )


def _weight_bits() -> tuple[Row, ...]:
    return tuple(
        Row(
            f"{label} weights",
            "wrapnet",
            {"weights": weights},
            _cells("2.14", bits, accuracy="accuracy", overflow_rate="overflow rate"),
        )
        for label, weights, bits in (
            ("binary", "binary", "1"),
            ("ternary", "ternary", "2"),
            ("3-bit", "3", "3"),
            ("4-bit", "4", "4"),
            ("5-bit", "5", "5"),
        )
    )


def _avoidance() -> tuple[Row, ...]:
    rows = []
    for bits in (8, 10, 12, 16):
        shared = {"accumulator_bits": bits, "activation_bits": 3}
        rows.append(Row(f"A2Q+, 4-bit weights, {bits} bits", "exact", shared | {"weights": "bounded-4"}))
        rows.append(Row(f"WrapNet, 4-bit weights, {bits} bits", "wrapnet", shared | {"weights": "4"}))
        rows.append(Row(f"WrapNet, binary weights, {bits} bits", "wrapnet", shared | {"weights": "binary"}))
    return tuple(rows)


def _edges() -> tuple[Row, ...]:
    networks = (("VGG-7", "vgg7", "binary"), ("VGG-7", "vgg7", "ternary"), ("ResNet-20", "resnet20", "binary"))
    return tuple(
        Row(f"{title}, {weights}, {edges} edges", "wrapnet", {"network": network, "weights": weights, "edges": edges})
        for title, network, weights in networks
        for edges in ("float", "integer")
    )


def _dissertation(
    number: str, rows: tuple[Row, ...], settings: dict[str, Any] | None = None, note: str = ""
) -> TrainingTable:
    return TrainingTable(number, PUBLISHED[number].title, rows, settings or {}, note)


TRAINING_TABLES = {
    table.number: table
    for table in (
        _dissertation(
            "2.1", _overflow(), {"overflow_rate": 99.0}, "Step sizes as fine as the bits allow, whatever overflows."
        ),
        _dissertation("2.2", _slopes()),
        _dissertation("2.3", _step_sizes()),
        _dissertation("2.4", _penalty()),
        _dissertation(
            "2.5",
            _packed_words(),
            _PENALIZED,
            "Inference as on a machine with 64-bit words, where the top lane's carry is lost.",
        ),
        _dissertation("2.6", _benchmark(), _PENALIZED, "CIFAR-10's half of the table."),
        _dissertation("2.9", _cyclic_functions()),
        _dissertation("2.10", _coefficients()),
        _dissertation("2.14", _weight_bits(), _PENALIZED),
        TrainingTable(
            "avoidance",
            "Wrap-around accumulators against weights that never overflow (not in the dissertation)",
            _avoidance(),
            _PENALIZED,
            "Activations of at most 3 bits. A2Q+: accumulators of the stated width never overflow, which evaluation on "
            "wrapping ones confirms.",
        ),
        TrainingTable(
            "edges",
            "First and last layers in integers against float ones (not in the dissertation)",
            _edges(),
            _PENALIZED,
            "Integer edges have weights of 8 bits. Accumulators of 8 bits between them.",
        ),
    )
}
"""The tables, by number."""
