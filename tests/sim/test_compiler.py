"""C compiled and loaded, and the errors of a compiler that is missing or refuses the source."""

from pathlib import Path

import pytest

from hw.tools import ToolError
from sim.compiler import CompilerError, compile_library, ensure_compiler


def test_a_compiled_function_can_be_called() -> None:
    library = compile_library("int triple(int value) { return 3 * value; }")
    assert library.triple(14) == 42


def test_a_source_that_is_not_c_raises_the_first_error() -> None:
    with pytest.raises(CompilerError, match=r"cc failed with exit code 1: source\.c:1:\d+: .*error"):
        compile_library("oops")


def test_a_missing_compiler_is_a_tool_error_with_its_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="there is no C compiler: cc is missing; install one, such as gcc"):
        ensure_compiler()
