"""Counterexamples: the values at a check's ports, edge by edge, until an output is wrong."""

import json
import re
from dataclasses import dataclass
from typing import Any

_PORT = re.compile(r"^ +(?:input|output)(?: reg)?( signed)?(?: \[.*\])? (\w+),?$", re.MULTILINE)


@dataclass(frozen=True)
class Trace:
    """Values of each signal just before each rising clock edge.

    inputs: of the module under test. found: its outputs, without those that the specification leaves open throughout.
    expected: the specified values of these outputs, None where they are open.
    """

    inputs: dict[str, tuple[int, ...]]
    found: dict[str, tuple[int, ...]]
    expected: dict[str, tuple[int | None, ...]]


def read_trace(waves: str, check: str) -> Trace:
    """Returns the trace in WaveJSON text of Yosys's `sat`.

    check: Verilog of the check, whose ports the trace covers. Each output X has the companions expected_X and X_known;
    the latter is 1 where X must equal the former.
    """
    signals = {signal["name"]: signal for signal in json.loads(waves)["signal"]}
    values = {name: _values(signals[name], signed=bool(signed)) for signed, name in _PORT.findall(check)}
    outputs = [name for name in values if f"{name}_known" in values]
    companions = {companion for name in outputs for companion in (f"expected_{name}", f"{name}_known")}
    checked = [name for name in outputs if any(values[f"{name}_known"])]
    return Trace(
        inputs={name: steps for name, steps in values.items() if name not in {"clk", *outputs, *companions}},
        found={name: values[name] for name in checked},
        expected={
            name: tuple(
                value if known else None
                for value, known in zip(values[f"expected_{name}"], values[f"{name}_known"], strict=True)
            )
            for name in checked
        },
    )


def _values(signal: dict[str, Any], *, signed: bool) -> tuple[int, ...]:
    """Returns the values of one signal from step 1 on."""
    data = iter(signal.get("data", ()))
    steps: list[str] = []
    for shown in signal["wave"]:
        if shown == ".":
            steps.append(steps[-1])
        elif shown in "01":
            steps.append(shown)
        else:
            steps.append(next(data, ""))
    # In step 0 only initial values are defined.
    bits = steps[1:]
    return tuple(int(step, 2) - ((signed and len(step) > 1 and step[0] == "1") << len(step)) for step in bits)
