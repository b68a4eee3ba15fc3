"""Liberty libraries: the built-in one, and files that cannot be used."""

import gzip
import re
from pathlib import Path

import pytest

from reports.liberty import load_library

INVERTER = 'cell (INV) { area : 1; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }'
FLIP_FLOP = (
    'cell (DFF) { area : 4; ff (IQ, IQN) { clocked_on : "C"; next_state : "D"; } pin (D) { direction : input; } '
    'pin (C) { direction : input; clock : true; } pin (Q) { direction : output; function : "IQ"; } }'
)


def test_the_builtin_library_has_the_cells_of_its_table() -> None:
    text = load_library("builtin").text
    areas = dict(re.findall(r"cell \((\w+)\) \{\s+area : ([\d.]+);", text))
    assert len(areas) == 65
    assert (areas["NAND2_X1"], areas["DFF_X1"], areas["XNOR2_X2"]) == ("0.798", "4.522", "2.66")
    assert 'function : "!((A1 & A2) & A3)"' in text
    assert text.count("{") == text.count("}")


def test_a_file_is_read_plain_or_gzipped(tmp_path: Path) -> None:
    text = f"library (mine) {{ {INVERTER} {FLIP_FLOP} }}"
    (tmp_path / "mine.lib").write_text(text)
    (tmp_path / "mine.lib.gz").write_bytes(gzip.compress(text.encode()))
    assert load_library(str(tmp_path / "mine.lib")).text == text
    assert load_library(str(tmp_path / "mine.lib.gz")).text == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"library (x) {{ {INVERTER} }}", "has no flip-flops"),
        (f"library (x) {{ {INVERTER} /* ff (a, b) */ }}", "has no flip-flops"),
        (f"library (x) {{ {FLIP_FLOP.replace('function', 'timing')} }}", "has no gates"),
        (f"library (x) {{ {INVERTER} {FLIP_FLOP}", "is truncated: its braces do not match"),
        ("module x; endmodule", "is not a Liberty file"),
        ("", "is not a Liberty file"),
    ],
)
def test_unusable_files_are_named(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.lib"
    path.write_text(content)
    with pytest.raises(ValueError, match=rf"bad\.lib {message}"):
        load_library(str(path))


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.lib: no such file; a library is 'builtin' or a Liberty file"):
        load_library(str(tmp_path / "none.lib"))
    (tmp_path / "cut.lib.gz").write_bytes(gzip.compress(b"library" * 1000)[:20])
    with pytest.raises(ValueError, match=r"cut\.lib\.gz cannot be read"):
        load_library(str(tmp_path / "cut.lib.gz"))
    with pytest.raises(ValueError, match="cannot be read"):
        load_library(str(tmp_path))
