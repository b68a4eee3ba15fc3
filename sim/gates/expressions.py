"""Logic functions of cells: read from Liberty, written as C or Verilog, tabulated."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce

_TOKEN = re.compile(r"[A-Za-z_]\w*(?:\[\d+\])?|[01]|[!'&*|+^()]", re.ASCII)
_DEEPEST = 50  # operators and parentheses inside each other
_PYTHON = {"&": int.__and__, "|": int.__or__, "^": int.__xor__}


@dataclass(frozen=True)
class Expression:
    """A logic function of pins.

    symbol: the name of a pin, `0` or `1` without operands; else the operator that joins them: `~`, `&`, `|` or `^`.
    """

    symbol: str
    operands: tuple["Expression", ...] = ()

    def text(self, names: Mapping[str, str]) -> str:
        """Returns the function in the syntax that C and Verilog share; `names` maps pins, `0` and `1` to signals."""
        if not self.operands:
            return names[self.symbol]
        written = [operand.text(names) for operand in self.operands]
        return f"(~{written[0]})" if self.symbol == "~" else f"({f' {self.symbol} '.join(written)})"

    def pins(self) -> frozenset[str]:
        """Returns the pins that the function names."""
        if self.operands:
            return frozenset().union(*(operand.pins() for operand in self.operands))
        return frozenset() if self.symbol in "01" else frozenset({self.symbol})

    def with_pins(self, replaced: Mapping[str, "Expression"]) -> "Expression":
        """Returns the function with each pin in `replaced` substituted by its expression."""
        if not self.operands:
            return replaced.get(self.symbol, self)
        return Expression(self.symbol, tuple(operand.with_pins(replaced) for operand in self.operands))

    def table(self, pins: tuple[str, ...]) -> int:
        """Returns the truth table as an integer: bit i is the value where `pins[j]` is bit j of i."""
        rows = 1 << len(pins)
        values = {"0": 0, "1": (1 << rows) - 1}
        for position, pin in enumerate(pins):
            values[pin] = sum(1 << row for row in range(rows) if row >> position & 1)
        return self._value(values)

    def _value(self, values: Mapping[str, int]) -> int:
        if not self.operands:
            return values[self.symbol]
        worth = [operand._value(values) for operand in self.operands]
        return values["1"] ^ worth[0] if self.symbol == "~" else reduce(_PYTHON[self.symbol], worth)


def inverted(expression: Expression) -> Expression:
    """Returns the complement of an expression."""
    return Expression("~", (expression,))


def parse_expression(text: str) -> Expression:
    """Reads a Liberty function: `!A`, `A'`, `A & B`, `A * B`, `A B`, `A | B`, `A + B`, `A ^ B`, constants, parentheses.

    Raises ValueError for any other text.
    """
    if _TOKEN.sub("", text).strip():
        raise ValueError(f"the function {text!r} is not one of Liberty's operators, pins and constants")
    return _Parser(text).whole()


class _Parser:
    """Recursive descent; `'` and `!` bind tightest, then `^`, then and, then or."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: Iterator[str] = iter(_TOKEN.findall(text))
        self._next = next(self._tokens, "")
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._sum()
        if self._next:
            raise self._error()
        return expression

    def _take(self) -> str:
        token, self._next = self._next, next(self._tokens, "")
        return token

    def _sum(self) -> Expression:
        terms = [self._product()]
        while self._next in ("|", "+"):
            self._take()
            terms.append(self._product())
        return _joined("|", terms)

    def _product(self) -> Expression:
        terms = [self._difference()]
        while self._next and self._next not in "|+)":
            if self._next in "&*":
                self._take()
            terms.append(self._difference())
        return _joined("&", terms)

    def _difference(self) -> Expression:
        terms = [self._atom()]
        while self._next == "^":
            self._take()
            terms.append(self._atom())
        return _joined("^", terms)

    def _atom(self) -> Expression:
        token = self._take()
        if token == "!":
            return inverted(self._inner(self._atom))
        if token == "(":
            expression = self._inner(self._sum)
            if self._take() != ")":
                raise self._error()
        elif token and token not in "'&*|+^)":
            expression = Expression(token)
        else:
            raise self._error()
        return self._primed(expression)

    def _primed(self, expression: Expression) -> Expression:
        if self._next != "'":
            return expression
        self._take()
        return self._inner(lambda: self._primed(inverted(expression)))

    def _inner(self, read: Callable[[], Expression]) -> Expression:
        if self._depth == _DEEPEST:
            raise self._error()
        self._depth += 1
        expression = read()
        self._depth -= 1
        return expression

    def _error(self) -> ValueError:
        return ValueError(f"the function {self._text!r} cannot be read")


def _joined(symbol: str, terms: list[Expression]) -> Expression:
    return terms[0] if len(terms) == 1 else Expression(symbol, tuple(terms))
