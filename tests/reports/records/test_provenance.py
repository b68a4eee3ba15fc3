"""What a record says of its origin."""

import shlex
import sys
from datetime import UTC, datetime, timedelta

import pytest

from reports.records.provenance import provenance


def test_a_record_says_the_command_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["table", "2.1", "--out", "a folder", "--data", "it's here"]
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/wrapmac", *arguments])
    made = provenance(seed=3)
    assert list(made) == ["command", "seed", "tools", "machine", "created"]
    assert shlex.split(made["command"]) == ["wrapmac", *arguments]
    assert made["seed"] == 3
    assert {"python", "torch"} <= set(made["tools"])
    assert abs(datetime.now(UTC) - datetime.fromisoformat(made["created"])) < timedelta(minutes=1)


def test_a_library_says_its_own_command_tools_and_no_seed() -> None:
    made = provenance(command="my_script.py", tools={"magic": "8.3"})
    assert made["command"] == "my_script.py"
    assert made["tools"] == {"magic": "8.3"}
    assert "seed" not in made
