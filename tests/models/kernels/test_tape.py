"""Tapes and their memory: arrays that are held never overlap, and what is recorded can be done again."""

import random

import numpy as np

from models.kernels.tape import Memory, Tape


def test_arrays_that_are_held_never_overlap() -> None:
    chosen, memory, held = random.Random(0), Memory(), []
    for _ in range(2000):
        if held and chosen.random() < 0.5:
            memory.release(held.pop(chosen.randrange(len(held))))
            continue
        kind = chosen.choice([np.uint8, np.int16, np.int32])
        array = memory.empty((chosen.randrange(1, 5), chosen.randrange(1, 300)), kind)
        assert not any(np.shares_memory(array, other) for other in held)
        memory.hold(array)
        held.append(array)


def test_buffers_are_used_again_once_all_views_of_them_are_released() -> None:
    memory = Memory()
    first = memory.empty((10, 4), np.int16)
    view = first.transpose(1, 0)[:2]
    memory.hold(first)
    memory.hold(view)
    memory.release(first)
    assert not np.shares_memory(memory.empty((5,), np.uint8), first)
    memory.release(view)
    assert np.shares_memory(memory.empty((40,), np.int16), first)
    smaller = memory.empty((3,), np.uint8)  # of the two buffers, the one that is large enough and no larger
    assert not np.shares_memory(smaller, first)


def test_foreign_arrays_are_left_alone() -> None:
    memory, foreign = Memory(), np.zeros(4)
    memory.hold(foreign)
    memory.release(foreign)
    memory.release(foreign)
    assert not np.shares_memory(memory.empty((4,), float), foreign)


def test_what_is_recorded_is_done_again() -> None:
    for memory, in_c in ((Memory(), True), (None, True), (Memory(), False)):
        tape, given = Tape(memory, in_c=in_c), np.arange(24).reshape(1, 2, 3, 4)
        words = tape.channels_last(given, np.int64)  # another order
        shorts = tape.channels_last(given, np.int16)  # and another kind
        total = tape.compute(lambda arrays: arrays[0] + arrays[1], [words, shorts])
        again = tape.replay()
        assert np.array_equal(total, 2 * given.transpose(0, 2, 3, 1))
        given[...] = given[..., ::-1].copy()
        again()
        assert np.array_equal(total, 2 * given.transpose(0, 2, 3, 1))
        assert np.shares_memory(tape.channels_last(words.transpose(0, 3, 1, 2), np.int64), words)  # nothing to copy
