"""The arguments of one operation, as torch takes them."""

from collections.abc import Mapping

from torch import Tensor

Value = Tensor | str


class Arguments:
    """Values by name; what an operation leaves out has the default that Core ML states."""

    def __init__(self, values: Mapping[str, tuple[Value, ...]]) -> None:
        self.values = values

    def has(self, name: str) -> bool:
        return name in self.values

    def tensor(self, name: str) -> Tensor:
        value = self.values[name][0]
        assert isinstance(value, Tensor)
        return value

    def optional(self, name: str) -> Tensor | None:
        return self.tensor(name) if name in self.values else None

    def tensors(self, name: str) -> list[Tensor]:
        return [value for value in self.values[name] if isinstance(value, Tensor)]

    def integers(self, name: str, default: list[int] | None = None) -> list[int]:
        if name not in self.values:
            assert default is not None, name
            return default
        return [int(value) for value in self.tensor(name).flatten()]

    def integer(self, name: str, default: int = 0) -> int:
        return int(self.tensor(name)) if name in self.values else default

    def flag(self, name: str) -> bool:
        return name in self.values and bool(self.tensor(name))

    def number(self, name: str, default: float = 0.0) -> float:
        return float(self.tensor(name)) if name in self.values else default

    def text(self, name: str, default: str) -> str:
        value = self.values.get(name, (default,))[0]
        assert isinstance(value, str)
        return value
