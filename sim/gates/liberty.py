"""Reads Liberty text as a tree of groups and attributes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_DEEPEST = 50  # groups inside each other; foundries' libraries have about seven
_DEEPEST_LIST = 4  # parentheses inside each other
_QUOTED = 60  # characters of the text in a message

_SPACE = r"(?:\s++|/\*(?s:.*?)\*/|//[^\n]*+|\\[ \t]*+\r?\n)*+"
_STRING = r'"(?:[^"\\]|\\(?s:.))*+"'
_NAME = r"[A-Za-z_][\w.\[\]-]*+"
_BARE = r"[^;\n\"{}/\\] | /(?![/*]) | \\[ \t]*+\r?\n"
# Foundries write `"a" "b"` as well, and more attributes on the same line, without a semicolon between them.
_AFTER_STRING = rf"[ \t]*+(?: {_STRING} | (?!{_NAME}\s*+[:(]) [^\s;\"{{}}/\\]++ )"
_FLAT = rf"(?:[^()\"/{{}};] | {_STRING} | /\*(?s:.*?)\*/ | //[^\n]*+ | /)*+"


def _nested(depth: int) -> str:
    """Returns a pattern of balanced parentheses, up to that many inside each other."""
    return rf"\({_FLAT}(?:{_nested(depth - 1)}{_FLAT})*+\)" if depth > 1 else rf"\({_FLAT}\)"


_STATEMENT = re.compile(
    rf"""{_SPACE}(?:
        (?P<close>\}})
      | (?P<name>{_NAME}) {_SPACE} (?:
            : {_SPACE} (?P<value>{_STRING}(?:{_AFTER_STRING})*+ | (?:{_BARE} | {_STRING})*+)
          | \( (?P<arguments>{_FLAT}) \) {_SPACE} (?P<open>\{{)?
          | (?P<nested>{_nested(_DEEPEST_LIST)})
        )
      | ;
      | \Z
    )""",
    re.VERBOSE | re.ASCII,
)
_BLANK = re.compile(_SPACE)
_ARGUMENT = re.compile(rf'{_STRING}|/\*(?s:.*?)\*/|//[^\n]*|[^\s,"\\]+')
_CONTINUATION = re.compile(r"\\[ \t]*\r?\n[ \t]*")


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name : value;`, or `name (first, second);` if `is_list`. Strings keep their quotes."""

    name: str
    values: tuple[str, ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """`kind (names) { ... }`, names without quotes. items: what is inside, in order. line: where it begins."""

    kind: str
    names: tuple[str, ...]
    items: tuple["Attribute | Group", ...]
    line: int = 0

    def value(self, name: str) -> str | None:
        """Returns the value of the last attribute `name : value;`, without quotes; None if there is none."""
        named = (one.values for one in reversed(self.items) if isinstance(one, Attribute) and one.name == name)
        return next((unquoted(values[0]) for values in named if values), None)

    def values(self, name: str) -> tuple[str, ...]:
        """Returns the values of the first attribute `name (...);`, without quotes; none if there is none."""
        found = (one.values for one in self.items if isinstance(one, Attribute) and one.name == name)
        return tuple(map(unquoted, next(found, ())))

    def all(self, kind: str) -> list["Group"]:
        """Returns the groups of a kind directly inside this one."""
        return [one for one in self.items if isinstance(one, Group) and one.kind == kind]

    def walk(self) -> Iterator["Group"]:
        """Yields this group and every group inside it, in the order of the text."""
        yield self
        for one in self.items:
            if isinstance(one, Group):
                yield from one.walk()


def unquoted(value: str) -> str:
    """Returns a value of an attribute without the quotes that a string has."""
    return value[1:-1].strip() if value.startswith('"') else value


def parse_liberty(text: str, source: str = "the Liberty text") -> Group:
    """Returns the library in a Liberty text. Keeps the last two results.

    source: names the text in errors. Raises ValueError for text that is truncated, is not Liberty, includes other
    files, or holds more than one library.
    """
    try:
        return _library(text)
    except ValueError as error:
        raise ValueError(f"{source} {error}") from None


@lru_cache(maxsize=2)
def _library(text: str) -> Group:
    libraries = _root(text).all("library")
    if not any(library.all("cell") for library in libraries):
        raise ValueError("is not a Liberty file: it has no library with cells")
    if len(libraries) > 1:
        raise ValueError(f"holds {len(libraries)} libraries; allowed is one")
    return libraries[0]


class _Opened:
    """A group whose end has not been read yet."""

    def __init__(self, kind: str, names: tuple[str, ...], line: int) -> None:
        self.kind, self.names, self.line = kind, names, line
        self.items: list[Attribute | Group] = []

    def closed(self) -> Group:
        return Group(self.kind, self.names, tuple(self.items), self.line)


def _root(text: str) -> Group:
    """Returns what is at the top of a text, as a group."""
    opened = [_Opened("", (), 1)]
    position, line, counted = 0, 1, 0
    while position < len(text):
        found = _STATEMENT.match(text, position)
        if found is None:
            raise _unreadable(text, position, opened)
        name, value, arguments = found.group("name", "value", "arguments")
        if found["close"]:
            if len(opened) == 1:
                raise _unreadable(text, position, opened)
            group = opened.pop().closed()
            opened[-1].items.append(group)
        elif value is not None:
            opened[-1].items.append(Attribute(name, (_joined(value),)))
        elif name:
            start = found.start("name")
            line, counted = line + text.count("\n", counted, start), start
            if name == "include_file":
                included = _shortened(" ".join(_arguments(arguments or found["nested"] or "")))
                raise ValueError(f"includes {included} at line {line}; allowed is text without include_file")
            if found["open"]:
                opened.append(_Opened(name, tuple(map(unquoted, _arguments(arguments))), line))
            elif arguments is not None:  # nobody needs an attribute with parentheses inside each other
                opened[-1].items.append(Attribute(name, _arguments(arguments), is_list=True))
        if len(opened) > _DEEPEST:
            raise ValueError(f"has more than {_DEEPEST} groups inside each other at line {line}")
        position = found.end()
    if len(opened) > 1:
        title = _shortened(" ".join([opened[-1].kind, *opened[-1].names]))
        raise ValueError(f"is truncated: its braces do not match: it ends within {title}, line {opened[-1].line}")
    return opened[0].closed()


def _unreadable(text: str, position: int, opened: list[_Opened]) -> ValueError:
    blank = _BLANK.match(text, position)
    start = blank.end() if blank else position
    quoted = text[start : start + _QUOTED].partition("\n")[0]
    number = text.count("\n", 0, start) + 1
    kind = "cannot be read" if len(opened) > 1 or opened[0].items else "is not a Liberty file"
    return ValueError(f"{kind} at line {number}: {quoted!r}")


def _shortened(text: str) -> str:
    """Returns the beginning of a text, in one line."""
    return " ".join(text[:_QUOTED].split())


def _arguments(text: str) -> tuple[str, ...]:
    found: list[str] = _ARGUMENT.findall(text)
    return tuple(_joined(one) for one in found if not one.startswith(("/*", "//")))


def _joined(value: str) -> str:
    """Returns a value without the line breaks inside it and the spaces around it."""
    return _CONTINUATION.sub(" ", value).strip() if "\\" in value else value.strip()
