"""The choice between loop and vmap: what it measures, chooses, says, and leaves alone."""

import time

import pytest
import torch

from models.fewshot.inner import How, Timing, time_ways

CPU = torch.device("cpu")


@pytest.mark.parametrize("slow", ["loop", "vmap"])
def test_the_quicker_way_is_chosen(slow: How) -> None:
    timing = time_ways(lambda how: time.sleep(0.02 if how == slow else 0.001), CPU)
    assert timing.how != slow
    assert timing.seconds[slow] >= 0.02


def test_the_first_steps_do_not_count_and_ways_take_turns() -> None:
    calls: list[How] = []

    def step(how: How) -> None:
        time.sleep(0 if how in calls else 0.05)
        calls.append(how)

    assert max(time_ways(step, CPU).seconds.values()) < 0.05
    assert calls == ["loop", "vmap"] * 4


def test_random_numbers_go_on_as_if_nothing_had_been_drawn() -> None:
    before = torch.get_rng_state()
    time_ways(lambda how: torch.rand(3), CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_way_without_enough_memory_is_not_chosen() -> None:
    def step(how: How) -> None:
        time.sleep(0.001)
        if how == "vmap":
            raise torch.OutOfMemoryError

    timing = time_ways(step, CPU)
    assert timing.how == "loop"
    assert timing.seconds["vmap"] == float("inf")


def test_the_choice_is_told_in_one_line() -> None:
    assert str(Timing({"loop": 0.5, "vmap": 0.25})) == "a loop over tasks 0.5 s a step, vmap 0.25 s a step: taking vmap"
    assert Timing({"loop": 0.5, "vmap": 0.5}).how == "loop"


def test_repetitions_below_1_are_refused() -> None:
    with pytest.raises(ValueError, match="repetitions is 0; allowed are 1 and more"):
        time_ways(lambda how: None, CPU, repetitions=0)
