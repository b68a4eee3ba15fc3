"""The processor as Linux describes it."""

from pathlib import Path

import pytest

from reports.bench import processor
from reports.bench.processor import processor_has, processor_kind
from reports.records.provenance import machine

DESCRIPTION = """processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 17
flags\t\t: fpu avx2 avx512vbmi

processor\t: 1
vendor_id\t: Other
"""


@pytest.fixture
def described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "cpuinfo"
    monkeypatch.setattr(processor, "_DESCRIPTION", file)
    monkeypatch.setattr(processor, "_described", processor._described.__wrapped__)
    return file


def test_kind_and_features_of_the_first_core_are_read(described: Path) -> None:
    described.write_text(DESCRIPTION)
    assert processor_kind() == "AuthenticAMD 25.17"
    assert processor_has("avx512vbmi")
    assert not processor_has("avx512")
    assert "(AuthenticAMD 25.17), " in machine()


def test_without_a_description_the_processor_is_unknown(described: Path) -> None:
    assert processor_kind() == ""
    assert not processor_has("avx2")
    assert "(" not in machine()
