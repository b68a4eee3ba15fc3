"""Contenders in turn: the order of their rounds, and which rounds count."""

import pytest

from reports.bench.contenders import SelfTimed, Timing
from reports.bench.in_turn import Rounds, in_turn, usual_clock


def test_rounds_off_the_usual_clock_do_not_count() -> None:
    measured = Rounds({"a": [1.0, 2.0, 90.0, 3.0], "b": [5.0, 5.0, 0.1, 8.0]}, [3.0, 3.1, 1.5, 3.0])
    assert usual_clock(measured) == 3.0
    assert measured.steady(3.0) == [True, True, False, True]
    assert measured.medians(3.0) == {"a": 2.0, "b": 5.0}
    assert measured.medians(9.0) == {"a": 2.5, "b": 5.0}  # none is steady, so all count
    assert measured.medians() == {"a": 2.5, "b": 5.0}
    assert measured.fastest() == {"a": 1.0, "b": 0.1}


def test_each_contender_runs_in_each_round_first_in_turn() -> None:
    calls: list[str] = []
    done: list[int] = []
    contenders = {name: lambda name=name: calls.append(name) for name in "abc"}
    measured = in_turn(contenders, 3, lambda: done.append(len(calls)))
    assert {name: len(times) for name, times in measured.times.items()} == {"a": 3, "b": 3, "c": 3}
    assert len(measured.clocks) == len(done) == 3
    assert [calls[start] for start in (0, *done[:-1])] == ["a", "b", "c"]


def test_without_a_clock_every_round_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.bench.clock.native", None)
    times = iter((3.0, 1.0, 2.0))
    measured = in_turn({"a": SelfTimed(lambda: next(times))}, 3)
    assert measured == Rounds({"a": [3.0, 1.0, 2.0]}, [])
    assert usual_clock(measured) is None
    assert measured.steady(None) == [True, True, True]
    assert measured.medians(usual_clock(measured)) == {"a": 2.0}


def test_devices_are_waited_for_before_the_clock_starts_and_before_it_stops() -> None:
    seen: list[str] = []
    timing = Timing(warm_up_calls=2, warm_up_seconds=0, wait=lambda: seen.append("wait"))
    measured = in_turn({"a": lambda: seen.append("call")}, 2, timing=timing)
    assert seen == ["call", "call", "wait", "call", "wait"] * 2
    assert min(measured.times["a"]) > 0


def test_warm_ups_last_as_long_as_they_are_told() -> None:
    calls: list[int] = []
    Timing(warm_up_calls=0, warm_up_seconds=0).milliseconds(lambda: calls.append(0))
    assert len(calls) == 1
    Timing(warm_up_calls=0, warm_up_seconds=0.01).milliseconds(lambda: calls.append(0))
    assert len(calls) > 10


def test_bad_timings_are_refused() -> None:
    with pytest.raises(ValueError, match="warm_up_calls is -1; allowed is an integer of at least 0"):
        Timing(warm_up_calls=-1)
    with pytest.raises(ValueError, match="warm_up_seconds is -1; allowed is a number of at least 0"):
        Timing(warm_up_seconds=-1)
