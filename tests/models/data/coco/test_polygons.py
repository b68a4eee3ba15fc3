"""Masks of polygons beside a plain test of each pixel's centre, and beside pycocotools where it is installed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.data.coco.polygons import polygon_mask

corners = st.lists(st.tuples(st.integers(-8, 40), st.integers(-8, 40)), min_size=3, max_size=8)


def winding_is_odd(x: float, y: float, polygon: list[tuple[float, float]]) -> bool:
    """Counts the edges that a ray to the left meets."""
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y1 <= y) != (y2 <= y) and (x2 - x1) * (y - y1) / (y2 - y1) + x1 <= x:
            odd = not odd
    return odd


@given(corners)
def test_pixels_are_those_whose_centres_lie_inside(polygon: list[tuple[int, int]]) -> None:
    scaled = [(x / 4 + 0.01, y / 4 + 0.02) for x, y in polygon]
    expected = [[winding_is_odd(x + 0.5, y + 0.5, scaled) for x in range(8)] for y in range(7)]
    assert polygon_mask([[value for corner in scaled for value in corner]], 7, 8).tolist() == expected


def test_rectangles_on_the_grid_of_pixels_are_exact_and_unite() -> None:
    mask = polygon_mask([[1, 1, 3, 1, 3, 4, 1, 4], [2, 0, 6, 0, 6, 2, 2, 2]], 5, 6)
    expected = np.zeros((5, 6), dtype=bool)
    expected[1:4, 1:3] = True
    expected[0:2, 2:6] = True
    assert (mask == expected).all()


def test_polygons_agree_with_pycocotools_but_at_the_outline() -> None:
    peer = pytest.importorskip("pycocotools.mask")
    angle = np.linspace(0, 2 * np.pi, 9)[:-1]
    polygon = (np.stack((50 + 30 * np.cos(angle), 40 + 25 * np.sin(angle)), 1)).flatten().tolist()
    theirs = peer.decode(peer.merge(peer.frPyObjects([polygon], 80, 100))).astype(bool)
    assert (theirs != polygon_mask([polygon], 80, 100)).sum() < 0.01 * theirs.sum()
