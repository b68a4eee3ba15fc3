"""The bench of views: ours beside the packages that are installed, in one record and one table."""

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
import torch

from models.progress import Progress
from models.selfsup.views.recipes import RECIPES
from reports.commands.benches.selfsup import ViewsBench
from reports.selfsup.benches import view_peers, views_bench
from reports.selfsup.benches.bench_tables import views_table
from reports.selfsup.benches.views_bench import ONE_ORDER, OWN_ORDER, bench_views

PACKAGES = {view_peers.TORCHVISION: "torchvision", view_peers.LIGHTLY: "lightly", view_peers.KORNIA: "kornia"}


def stand_in(calls: list[Any]) -> Callable[..., dict[str, Any]]:
    """In place of all packages, one that counts its calls."""
    return lambda images, recipe: {"package": lambda: calls.append((images.shape, recipe))}


def test_all_contenders_take_turns_on_the_same_images(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(views_bench, "peers", stand_in(calls))
    result = bench_views(images=4, side=8, rounds=3, device="cpu")
    assert calls == [((4, 3, 8, 8), RECIPES["cifar"])] * 6  # warmed up and timed in each round
    assert [row["case"] for row in result["rows"]] == [OWN_ORDER, ONE_ORDER, "package"]
    times = {row["case"]: row["milliseconds"] for row in result["rows"]}
    for row in result["rows"]:
        assert row["ratio_to_own_order"] == pytest.approx(row["milliseconds"] / times[OWN_ORDER])
        assert row["ratio_to_one_order"] == pytest.approx(row["milliseconds"] / times[ONE_ORDER])
    table = views_table(result)
    assert table.title == "Both views of 4 images of 8 x 8 pixels"
    assert [row[0] for row in table.rows] == [OWN_ORDER, ONE_ORDER, "package"]


def test_the_options_reach_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views_bench, "peers", stand_in([]))
    options = ViewsBench(images=3, side=8, rounds=1, device="cpu", seed=4)
    result, tables = options.run(Progress(quiet=True))
    assert (result["images"], result["side"], result["rounds"]) == (3, 8, 1)
    assert tables == [views_table(result)]


def test_impossible_settings_are_refused() -> None:
    for changes, name in (({"images": 0}, "images"), ({"side": 3}, "side"), ({"rounds": 0}, "rounds")):
        with pytest.raises(ValueError, match=f"^{name} is"):
            bench_views(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(PACKAGES))
def test_packages_make_both_views_of_all_images(name: str) -> None:
    if importlib.util.find_spec(PACKAGES[name]) is None:
        pytest.skip(f"{PACKAGES[name]} is not installed")
    images = torch.randint(0, 256, (5, 3, 16, 16), dtype=torch.uint8)
    views = view_peers.peers(images, RECIPES["cifar"])[name]()
    assert len(views) == 2
    for view in views:
        assert view.shape == (5, 3, 16, 16)
    assert PACKAGES[name] in view_peers.peer_versions()
