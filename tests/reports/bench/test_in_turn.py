"""Contenders in turn: what counts of their rounds."""

from reports.bench.in_turn import Rounds, in_turn, usual_clock


def test_rounds_off_the_usual_clock_do_not_count() -> None:
    measured = Rounds({"a": [1.0, 2.0, 90.0, 3.0], "b": [5.0, 5.0, 0.1, 8.0]}, [3.0, 3.1, 1.5, 3.0])
    assert usual_clock(measured) == 3.0
    assert measured.steady(3.0) == [True, True, False, True]
    assert measured.medians(3.0) == {"a": 2.0, "b": 5.0}
    assert measured.medians(9.0) == {"a": 2.5, "b": 5.0}  # none is steady, so all count


def test_each_contender_runs_in_each_round_first_in_turn() -> None:
    calls: list[str] = []
    done: list[int] = []
    contenders = {name: lambda name=name: calls.append(name) for name in "abc"}
    measured = in_turn(contenders, 3, lambda: done.append(len(calls)))
    assert {name: len(times) for name, times in measured.times.items()} == {"a": 3, "b": 3, "c": 3}
    assert len(measured.clocks) == len(done) == 3
    assert [calls[start] for start in (0, *done[:-1])] == ["a", "b", "c"]
