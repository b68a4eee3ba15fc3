"""Parasitics of a routed circuit: from the router's trees of wires to SPEF, which timing tools read."""

import re
from dataclasses import dataclass, field
from pathlib import Path

_HEADER = """*SPEF "IEEE 1481-1998"
*DESIGN "{name}"
*DATE ""
*VENDOR ""
*PROGRAM "wrapmac"
*VERSION "1"
*DESIGN_FLOW ""
*DIVIDER /
*DELIMITER :
*BUS_DELIMITER [ ]
*T_UNIT 1 NS
*C_UNIT 1 PF
*R_UNIT 1 OHM
*L_UNIT 1 HENRY

"""

_SMALLEST_RESISTANCE = 0.001  # ohm; a pin that sits on a node still needs a wire there


@dataclass
class _Tree:
    """Wires of a net. resistances: node, node and ohm. capacitances: pF by node. pins: what the driver reaches."""

    net: str
    driver: str
    resistances: list[tuple[str, str, float]] = field(default_factory=list)
    capacitances: list[float] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)

    def wire(self, start: str, resistance: float, capacitance: float) -> str:
        """Adds a wire from a node to a new one, which is returned."""
        self.capacitances.append(capacitance)
        node = f"{self.net}:{len(self.capacitances)}"
        self.resistances.append((start, node, max(resistance, _SMALLEST_RESISTANCE)))
        return node

    def reach(self, start: str, pin: str) -> None:
        """Puts a pin on a node."""
        self.resistances.append((start, pin, _SMALLEST_RESISTANCE))
        self.pins.append(pin)

    def spef(self) -> str:
        """The net as a section of a SPEF file."""
        pins = [_connection(self.driver, drives=True), *(_connection(pin, drives=False) for pin in self.pins)]
        capacitances = [
            f"{place} {self.net}:{place} {capacitance:.6g}" for place, capacitance in enumerate(self.capacitances, 1)
        ]
        resistances = [
            f"{place} {start} {end} {resistance:.6g}"
            for place, (start, end, resistance) in enumerate(self.resistances, 1)
        ]
        head = f"*D_NET {self.net} {sum(self.capacitances):.6g}"
        return "\n".join([head, "*CONN", *pins, "*CAP", *capacitances, "*RES", *resistances, "*END\n"])


def no_parasitics(name: str) -> str:
    """The SPEF of the circuit `name` with wires that cost no time."""
    return _HEADER.format(name=name)


def spef(name: str, routed: Path) -> str:
    """The parasitics that qrouter found (NAME.rc: ohm and pF) of the circuit `name`, as SPEF.

    Raises ValueError if the file is not what qrouter writes.
    """
    trees = [_tree(line) for line in routed.read_text().splitlines() if line.strip()]
    return no_parasitics(name) + "\n".join(tree.spef() for tree in trees)


def _tree(line: str) -> _Tree:
    """A line: net, number of drivers, driver, number of pins, then `( R C branch , branch ... )`, or a pin."""
    net, _, driver, _, *tokens = re.findall(r"[(),]|[^\s(),]+", line)
    tree = _Tree(net, _pin(driver))
    nodes = [tree.driver]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token == "(":
            resistance, capacitance = map(float, tokens[position + 1 : position + 3])
            nodes.append(tree.wire(nodes[-1], resistance, capacitance))
            position += 3
            continue
        if token == ")":
            nodes.pop()
        elif token != ",":
            tree.reach(nodes[-1], _pin(token))
        position += 1
    if len(nodes) != 1:
        raise ValueError(f"the wires of net {net!r} are not a tree")
    return tree


def _pin(name: str) -> str:
    """`INVX1_5/A` becomes `INVX1_5:A`, and the port `PIN/sum_3` becomes `sum_3`."""
    owner, _, pin = name.partition("/")
    return pin if owner == "PIN" else f"{owner}:{pin}"


def _connection(pin: str, *, drives: bool) -> str:
    if ":" in pin:
        return f"*I {pin} {'O' if drives else 'I'}"
    return f"*P {pin} {'I' if drives else 'O'}"  # a port that drives a net is an input of the circuit
