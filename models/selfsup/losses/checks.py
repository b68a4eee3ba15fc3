"""Checks on what losses are given."""

from torch import Tensor


def check_two_views(name: str, views: Tensor) -> None:
    """Raises ValueError, naming the parameter, unless views are (2, images, features)."""
    if views.dim() != 3 or len(views) != 2:
        raise ValueError(f"{name} have shape {tuple(views.shape)}; needed is (2, images, features)")


def check_sides(support: Tensor, query: Tensor, first: int) -> None:
    """Raises ValueError unless support and query are (views, images, features) of at least one view each.

    first: class of the first query image; the classes of all have to be among the support's.
    """
    for name, views in (("support", support), ("query", query)):
        if views.dim() != 3 or not views.numel():
            raise ValueError(
                f"{name} has shape {tuple(views.shape)}; needed is (views, images, features), none of them 0"
            )
    if support.shape[2] != query.shape[2]:
        raise ValueError(f"support has {support.shape[2]} features and query {query.shape[2]}; they have to be as many")
    if not 0 <= first <= support.shape[1] - query.shape[1]:
        last = first + query.shape[1] - 1
        raise ValueError(f"query images are of classes {first} to {last}; support has the {support.shape[1]} from 0 on")
