"""Exported graphs of token mixers."""

import pytest
import torch

from models.attention.mixers import MIXERS, token_mixer
from tests.support.attention import local_attention, random_maps


@pytest.mark.parametrize("size", [(9, 8), (6, 6), (2, 5), (1, 1), (7, 13)])
@pytest.mark.parametrize("name", MIXERS)
def test_an_exported_graph_gives_what_the_mixer_gives(name: str, size: tuple[int, int]) -> None:
    options = {"head_dim": 4, "length": 10, "window": 3, "stripe": 3}
    module = token_mixer(name, 16, **options).double().requires_grad_(False)
    maps = random_maps(16, size).detach()
    exported = torch.export.export(module, (maps,)).run_decompositions({})
    torch.testing.assert_close(exported.module()(maps), module(maps), rtol=1e-12, atol=1e-12)
    values = [node.meta["val"] for node in exported.graph.nodes if "val" in node.meta]
    assert max(value.ndim for value in values if isinstance(value, torch.Tensor)) <= 5


@pytest.mark.parametrize("swap", [False, True])
def test_one_exported_graph_takes_maps_of_all_sizes(swap: bool) -> None:
    module = local_attention(swap, length=10).requires_grad_(False)
    module.backend = "matmul"
    free = {axis: torch.export.Dim.DYNAMIC for axis in (0, 2, 3)}
    example = random_maps(12, (6, 8)).detach()
    exported = torch.export.export(module, (example,), dynamic_shapes=(free,)).module()
    for batch, size in ((2, (6, 8)), (3, (5, 7)), (2, (13, 4))):
        maps = random_maps(12, size, batch).detach()
        torch.testing.assert_close(exported(maps), module(maps), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("swap", "transposes"), [(False, 2), (True, 4)])
def test_operations_of_an_export_at_one_size(swap: bool, transposes: int) -> None:
    module = local_attention(swap, position_bias=False).requires_grad_(False)
    nodes = torch.export.export(module, (random_maps(12, (14, 14)).detach(),)).graph.nodes
    names = [str(node.target) for node in nodes]
    in_products = 2  # operands that matrix products take transposed: the queries, the weights
    assert sum("reshape" in name or "view" in name or "flatten" in name for name in names) == 2
    assert sum("transpose" in name or "permute" in name for name in names) == transposes + in_products
    assert max(node.meta["val"].ndim for node in nodes if "val" in node.meta) == 5
