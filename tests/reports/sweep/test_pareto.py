"""The front has what no other point beats, by brute force over all pairs."""

from hypothesis import given
from hypothesis import strategies as st

from reports.sweep.pareto import Cost, is_near, pareto_front

COSTS = st.lists(st.tuples(st.integers(1, 30).map(float), st.integers(1, 30).map(float)), max_size=25)


def beats(one: Cost, other: Cost) -> bool:
    return one != other and one[0] <= other[0] and one[1] <= other[1]


@given(COSTS)
def test_the_front_is_what_no_point_beats(costs: list[Cost]) -> None:
    expected = {cost for cost in costs if not any(beats(other, cost) for other in costs)}
    front = pareto_front(costs)
    assert set(front) == expected
    assert front == sorted(expected)


@given(COSTS, st.sampled_from([0.0, 0.05, 0.5]))
def test_near_is_what_no_point_beats_by_more_than_the_margin_in_both(costs: list[Cost], margin: float) -> None:
    front = pareto_front(costs)
    for cost in costs:
        beaten = any((1 + margin) * area < cost[0] and (1 + margin) * time < cost[1] for area, time in costs)
        assert is_near(cost, front, margin) == (not beaten)


def test_all_points_of_the_front_are_near_it() -> None:
    front = pareto_front([(1, 9), (2, 5), (4, 4), (5, 4), (3, 6)])
    assert front == [(1, 9), (2, 5), (4, 4)]
    assert all(is_near(cost, front, 0) for cost in front)
