"""An ONNX model that grows operator by operator."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OPSET = 18
_IR_VERSION = 9


class OnnxModel:
    """Operators and constants of a model. helper: the module onnx.helper."""

    def __init__(self, helper: Any) -> None:
        self._helper = helper
        self._operators: list[Any] = []
        self._constants: dict[str, Any] = {}

    def operator(self, kind: str, inputs: Sequence[str], *, result: str | None = None, **attributes: Any) -> str:
        """Adds an operator with one result; returns the result's name."""
        result = result or f"value.{len(self._operators)}"
        self._operators.append(
            self._helper.make_node(kind, list(inputs), [result], name=f"{result}.{kind}", **attributes)
        )
        return result

    def constant(self, content: NDArray[Any] | np.generic) -> str:
        """Adds an array or a number; returns its name."""
        value = np.asarray(content)
        name = f"constant.{len(self._constants)}"
        kind = self._helper.np_dtype_to_tensor_dtype(value.dtype)
        little = value.astype(value.dtype.newbyteorder("<"))
        self._constants[name] = self._helper.make_tensor(name, kind, value.shape, little.tobytes(), raw=True)
        return name

    def number(self, value: int, kind: type[np.generic] = np.int32) -> str:
        """Adds an integer; returns its name."""
        return self.constant(np.array(value, kind))

    def cast(self, value: str, kind: type[np.generic]) -> str:
        """Converts a value to another type; returns the result's name."""
        return self.operator("Cast", [value], to=self.kind(kind))

    def kind(self, kind: type[np.generic]) -> int:
        """ONNX's number for a type of NumPy."""
        number: int = self._helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        return number

    def tensor(self, name: str, kind: type[np.generic], shape: Sequence[int | str]) -> Any:
        """Describes an input or output of any number of images: (images, *shape)."""
        return self._helper.make_tensor_value_info(name, self.kind(kind), ("images", *shape))

    def build(self, name: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        """The whole model. inputs, outputs: as `tensor` describes them."""
        constants = list(self._constants.values())
        graph = self._helper.make_graph(self._operators, name, list(inputs), list(outputs), constants)
        opsets = [self._helper.make_opsetid("", _OPSET)]
        return self._helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="wrapmac")


def window(stride: int, padding: int) -> dict[str, Any]:
    """Attributes of square windows."""
    return {"strides": [stride] * 2, "pads": [padding] * 4}
