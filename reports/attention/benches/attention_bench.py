"""The attention bench: token mixers, networks and their peers on several backends, in one run, in turn."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.backbones.multiply_adds import multiply_adds
from models.progress import Progress
from models.training.seeds import check_seed
from reports.attention.benches.backends import Preparation, Prepared, check_backends
from reports.attention.benches.subjects import DEFAULT_NAMES, Case, Size, Subject, subject
from reports.bench.contenders import one_thread
from reports.bench.in_turn import Rounds, check_count, in_turn, usual_clock
from reports.bench.rows import Comparison, Quantity, Row, bench_record, compared
from reports.records.provenance import machine, tool_versions, typed_command

TO_FIRST = Comparison(key="ratio_to_first", reference=lambda milliseconds: next(iter(milliseconds)))

_MEBIBYTE = 1 << 20

_Key = tuple[str, str]
"""A backend and a model."""


@dataclass(frozen=True, kw_only=True)
class AttentionSetting:
    """What is measured.

    sizes: channels, height and width of inputs. names: of models; those of the case if empty; ratios are to the first.
    rounds: in each, every model runs once warmed up. peaks: whether peak memory is measured, which takes another
    process for each exported file. Raises ValueError for settings that are not allowed.
    """

    case: Case
    sizes: Sequence[Size]
    backends: Sequence[str] = ("eager",)
    names: Sequence[str] = ()
    batch: int = 1
    rounds: int = 5
    seed: int = 0
    peaks: bool = True

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_count("batch", self.batch)
        check_count("rounds", self.rounds)
        if not self.sizes:
            raise ValueError("name at least one resolution")
        check_backends(self.backends)

    @property
    def models(self) -> list[str]:
        """The names of the models, each once."""
        return list(dict.fromkeys(self.names or DEFAULT_NAMES[self.case]))


def bench_attention(setting: AttentionSetting, progress: Progress | None = None) -> dict[str, Any]:
    """Times all models on all backends at each size, in turns, on one thread; exported files have fixed sizes.

    Batch norms are folded and branches merged. On the CPU, the processor time of the process counts.

    Returns `rows`, a dictionary per size, backend and model: `name` (size and backend), `case` (the model),
    `milliseconds` (the median), `least_ms`, `ratio_to_first` (of medians), `least_ratio`, `peak_mib` with `peak_of`
    (`tensors`, or the `process` that loads a file), `multiply_adds`; where they come from: `digest` (SHA-256 of the
    file, or of the weights), `versions`, `threads`, `precision`, `clock`, `command`; in a file, `reshapes` and
    `transposes`; published of a network, `accuracy` and `distilled`. Further `setting`, `tools` and `machine`.
    Raises ValueError for names that are not allowed.
    """
    rows: list[Row] = []
    with progress or Progress(quiet=True) as shown, one_thread():
        for size in setting.sizes:
            rows += _at_size(setting, size, shown)
    described = {
        "case": setting.case,
        "batch": setting.batch,
        "rounds": setting.rounds,
        "sizes": [list(size) for size in setting.sizes],
        "backends": list(setting.backends),
    }
    return bench_record(rows, TO_FIRST, tool_versions(), machine(), **described)


def size_name(size: Sequence[int]) -> str:
    """`224x224` for images, `14x14x320` for maps."""
    channels, height, width = size
    return f"{height}x{width}" if channels == 3 else f"{height}x{width}x{channels}"


def _at_size(setting: AttentionSetting, size: Size, progress: Progress) -> list[Row]:
    subjects = [subject(setting.case, name, size, setting.seed) for name in setting.models]
    backends = list(dict.fromkeys(setting.backends))
    with tempfile.TemporaryDirectory() as folder:
        prepared = _prepared(subjects, backends, setting.batch, Path(folder), progress)
        task = progress.task(f"rounds at {size_name(size)}", setting.rounds)
        contenders = {_joined(key): one.contender for key, one in prepared.items()}
        rounds = in_turn(contenders, setting.rounds, task.advance)
        peaks = _peaks(prepared, progress) if setting.peaks else {}
    adds = {one.name: multiply_adds(one.module, *one.size[1:], channels=one.size[0]) for one in subjects}
    rows = []
    for backend in backends:
        figures = {}
        for one in subjects:
            key = (backend, one.name)
            figures[one.name] = {
                **one.facts,
                **prepared[key].origin,
                **peaks.get(key, {}),
                "height": size[1],
                "width": size[2],
                "multiply_adds": adds[one.name] * setting.batch,
                "command": typed_command(),
            }
        rows += _rows(backend, size, rounds, figures)
    return rows


def _prepared(
    subjects: Sequence[Subject], backends: Sequence[str], batch: int, folder: Path, progress: Progress
) -> dict[_Key, Prepared]:
    preparation = Preparation(folder)
    task = progress.task("models made ready", len(subjects) * len(backends))
    prepared = {}
    for backend in backends:
        for one in subjects:
            prepared[backend, one.name] = preparation.prepare(backend, one, batch)
            task.advance()
    return prepared


def _peaks(prepared: Mapping[_Key, Prepared], progress: Progress) -> dict[_Key, dict[str, Quantity]]:
    task = progress.task("peak memory", len(prepared))
    found: dict[_Key, dict[str, Quantity]] = {}
    for key, one in prepared.items():
        peak = one.peak()
        if peak is not None:
            found[key] = {"peak_mib": peak / _MEBIBYTE}
        task.advance()
    return found


def _rows(backend: str, size: Size, rounds: Rounds, figures: Mapping[str, dict[str, Quantity]]) -> list[Row]:
    medians, least = rounds.medians(usual_clock(rounds)), rounds.fastest()
    first = least[_joined((backend, next(iter(figures))))]
    for name, known in figures.items():
        fastest = least[_joined((backend, name))]
        known |= {"least_ms": fastest, "least_ratio": fastest / first}
    milliseconds = {name: medians[_joined((backend, name))] for name in figures}
    return compared(f"{size_name(size)}, {backend}", milliseconds, TO_FIRST, figures)


def _joined(key: _Key) -> str:
    return ": ".join(key)
