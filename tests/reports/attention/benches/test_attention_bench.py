"""The attention bench on tiny inputs: rows with their origin, tables, names that are refused."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from models.attention.deployment.onnx_file import serialised
from models.progress import Progress
from reports.attention.benches import backends
from reports.attention.benches.attention_bench import AttentionSetting, bench_attention
from reports.attention.benches.attention_tables import attention_tables
from reports.attention.benches.onnx_file import file_digest
from reports.attention.benches.subjects import CASES, DEFAULT_NAMES, subject
from reports.attention.benches.torch_backends import eager, weights_digest
from reports.bench.runtimes import file_peak, opened, runtime_package
from reports.commands.benches.attention import AttentionBench
from tests.support.packages import need_onnx

SMALL = (32, 6, 5)


@pytest.fixture(autouse=True)
def no_further_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "called_elsewhere", lambda call: 3 << 20)


def measured(**changes: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "case": "mixer",
        "sizes": [SMALL],
        "backends": ("eager", "onnxruntime"),
        "names": ("lsa:7", "global"),
        "rounds": 2,
    }
    return bench_attention(AttentionSetting(**settings | changes))


def test_rows_say_where_they_come_from() -> None:
    need_onnx()
    rows = measured()["rows"]
    assert [(row["name"], row["case"]) for row in rows] == [
        (f"6x5x32, {backend}", name) for backend in ("eager", "onnxruntime") for name in ("lsa:7", "global")
    ]
    for row in rows:
        assert 0 < row["least_ms"] <= row["milliseconds"]
        assert (row["threads"], row["precision"], row["clock"]) == (1, "float32", "cpu")
        assert len(row["digest"]) == 64
        assert f"torch {torch.__version__}" in row["versions"]
        assert row["command"].startswith("wrapmac")
        assert row["peak_mib"] > 0
    assert [row["ratio_to_first"] for row in rows[::2]] == [1, 1]
    assert rows[0]["multiply_adds"] == 4 * 30 * 32 * 32 + 2 * 32 * (4 * 7 * 7 + 2 * 2)
    assert "onnxruntime" in rows[2]["versions"]


def test_files_of_one_seed_are_alike() -> None:
    need_onnx()
    files = {"backends": ("onnxruntime",), "names": ("lsa:7",), "rounds": 1, "peaks": False}
    digests = [measured(seed=seed, **files)["rows"][0]["digest"] for seed in (0, 0, 1)]
    assert digests[0] == digests[1] != digests[2]


def test_all_mixers_are_measured_also_as_blocks() -> None:
    names = [*DEFAULT_NAMES["mixer"], "lsa:7:swap:block", "depthwise"]
    result = measured(backends=("eager",), names=names, rounds=1, peaks=False)
    assert [row["case"] for row in result["rows"]] == names
    (table,) = attention_tables(result)
    assert table.title == "Token mixers at 6x5x32"
    assert [row[1] for row in table.rows] == names


def test_networks_are_measured_with_their_published_accuracies() -> None:
    names = ("s12", "s12:CCAL:ln:16")
    rows = measured(case="network", sizes=[(3, 32, 32)], backends=("eager",), names=names, rounds=1, peaks=False)[
        "rows"
    ]
    assert rows[0]["accuracy"] == 81.1
    assert rows[0]["distilled"] == "no"
    assert "accuracy" not in rows[1]


def test_a_memory_peak_is_of_the_process_that_runs_the_file(tmp_path: Path) -> None:
    need_onnx()
    one = subject("mixer", "lsa:7", SMALL, 0)
    inputs = torch.ones(1, *SMALL)
    path = tmp_path / "one.onnx"
    path.write_bytes(serialised(one.module, inputs, ["result"]))
    assert file_digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    found = torch.from_numpy(opened("onnxruntime", path, (1, *SMALL))()[0])
    torch.testing.assert_close(found, eager(one.module, inputs)(), rtol=1e-4, atol=1e-5)
    peak = file_peak("onnxruntime", path, (1, *SMALL))
    assert peak is None or peak >= 0


def test_a_digest_tells_weights_apart() -> None:
    digests = {weights_digest(subject("mixer", "lsa", SMALL, seed).module) for seed in (0, 1)}
    assert len(digests) == 2


@pytest.mark.slow
def test_a_compiled_model_gives_what_the_model_gives() -> None:
    module, inputs = subject("mixer", "lsa:7", SMALL, 0).module, torch.rand(1, *SMALL)
    torch.testing.assert_close(backends.compiled(module, inputs)(), module(inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measured(rounds=0), "rounds is 0"),
        (lambda: measured(backends=("fast",)), "backend is 'fast'; allowed are eager, compile, onnxruntime"),
        (lambda: measured(backends=()), "name at least one backend"),
        (lambda: measured(sizes=[]), "name at least one resolution"),
        (lambda: measured(names=("lsa:3:4",)), "token mixer is 'lsa:3:4'"),
        (lambda: measured(names=("none",)), "token mixer is 'none'; allowed are lsa, global"),
        (lambda: measured(sizes=[(33, 4, 4)]), "head_dim is 32; allowed is a divisor of the 33 channels"),
        (lambda: measured(case="peers", names=("none",)), "peer is 'none'; allowed are s12"),
        (lambda: measured(case="all", names=("s12",)), f"case is 'all'; allowed are {', '.join(CASES)}"),
        (lambda: AttentionBench(resolution=("4x4x4x4",)).run(Progress(quiet=True)), "resolution is '4x4x4x4'"),
        (lambda: AttentionBench(resolution=("4x4xa",)).run(Progress(quiet=True)), "channels of '4x4xa' are 'a'"),
        (lambda: AttentionBench(table="4.6", models=("lsa",)).run(Progress(quiet=True)), "table 4.6 has models"),
    ],
)
def test_what_is_not_allowed_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="backend is 'cuda', and there is no GPU"):
        measured(backends=("cuda",))


def test_a_runtime_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ValueError, match=r"openvino is not installed; pip install 'wrapmac\[bench\]'"):
        runtime_package("openvino")
