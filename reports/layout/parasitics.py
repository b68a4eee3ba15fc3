"""Parasitics of a routed circuit: converts the router's wire trees to SPEF, which timing tools read."""

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

_SMALLEST_RESISTANCE = 0.001  # ohm; SPEF connects a pin to its node by a resistor


@dataclass
class _Tree:
    """Wires of a net. resistances: two nodes and ohm. capacitances: pF of each node. pins: pins that the net drives."""

    net: str
    driver: str
    resistances: list[tuple[str, str, float]] = field(default_factory=list)
    capacitances: list[float] = field(default_factory=list)
    pins: list[str] = field(default_factory=list)

    def wire(self, start: str, resistance: float, capacitance: float) -> str:
        """Adds a wire from a node to a new node and returns the new one."""
        self.capacitances.append(capacitance)
        node = f"{self.net}:{len(self.capacitances)}"
        self.resistances.append((start, node, max(resistance, _SMALLEST_RESISTANCE)))
        return node

    def reach(self, start: str, pin: str) -> None:
        """Connects a pin to a node."""
        self.resistances.append((start, pin, _SMALLEST_RESISTANCE))
        self.pins.append(pin)

    def spef(self) -> str:
        """Returns the net's section of a SPEF file."""
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
    """Returns a SPEF file for the circuit `name` without wire delays."""
    return _HEADER.format(name=name)


def spef(name: str, routed: Path) -> str:
    """Returns the parasitics of the circuit `name` as SPEF.

    routed: NAME.rc, in which qrouter lists resistances in ohm and capacitances in pF. Raises ValueError if the wires
    of a net are not a tree.
    """
    trees = [_tree(line) for line in routed.read_text(encoding="utf-8").splitlines() if line.strip()]
    return no_parasitics(name) + "\n".join(tree.spef() for tree in trees)


def _tree(line: str) -> _Tree:
    """Parses a line: net, number of drivers, driver, number of pins, then `( R C branch , branch ... )` or a pin."""
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
    """Returns a pin's name in SPEF: `INVX1_5:A` for `INVX1_5/A`, `sum_3` for the port `PIN/sum_3`."""
    owner, _, pin = name.partition("/")
    return pin if owner == "PIN" else f"{owner}:{pin}"


def _connection(pin: str, *, drives: bool) -> str:
    if ":" in pin:
        return f"*I {pin} {'O' if drives else 'I'}"
    return f"*P {pin} {'I' if drives else 'O'}"  # a port that drives a net is an input of the circuit
