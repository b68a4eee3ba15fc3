"""`table` and `figure` of chapter 7, as a user meets them."""

from pathlib import Path

import pytest

from tests.support.commands import Command, assert_refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("7.1 --data nowhere", "nowhere: no such folder or archive with CIFAR-10"),
        ("7.1 --on digits", "name a table that takes them: 6.7, claims6, 7.4, claims7"),
        ("7.4 --on omniglot", "--on omniglot needs a path: --on omniglot:PATH"),
        ("7.4 --on omniglot:nowhere", "nowhere: no such folder"),
        ("7.4 --on folders:nowhere", "nowhere/train"),
        ("7.1 7.2 --scale paper", "tables 7.2 are of ImageNet and 7.1 of CIFAR-10; --data names one of them"),
        ("7.2 --scale paper --data nowhere", "nowhere/train"),
        ("7.4 --on digits procedural digits", "--on names digits twice"),
        ("7.3 --scale paper", "at this scale, tables 7.2 to 7.4 are of ImageNet; name its folder by --data"),
        ("7.6", "there is no table '7.6'"),
        ("rotation --seeds 0", "seeds is 0; allowed is an integer of at least 1"),
    ],
)
def test_bad_input_is_refused_in_one_line(command: Command, tmp_path: Path, options: str, message: str) -> None:
    assert_refused(command("table", *options.split()), message, tmp_path)


def test_figure_7_2_needs_no_training(command: Command, tmp_path: Path) -> None:
    done = command("figure", "7.2", "--out", str(tmp_path / "figures"))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == ["figure-7.2.png", "figure-7.2.svg"]
