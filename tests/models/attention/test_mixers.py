"""What all token mixers have in common."""

import pytest
import torch

from models.attention.mixers import MIXERS, token_mixer
from tests.support.attention import random_maps

SIZES = [(1, 1), (1, 50), (7, 7), (8, 15), (17, 3)]


@pytest.mark.parametrize("name", MIXERS)
def test_maps_of_any_size_keep_their_shape_and_have_gradients(name: str) -> None:
    module = token_mixer(name, 16, head_dim=4, length=10).double()
    for size in SIZES:
        maps = random_maps(16, size)
        module.zero_grad()
        mixed = module(maps)
        assert mixed.shape == maps.shape
        (mixed**2).sum().backward()
        gradients = [maps.grad, *(parameter.grad for parameter in module.parameters())]
        assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", MIXERS)
def test_images_do_not_see_each_other(name: str) -> None:
    module = token_mixer(name, 16, head_dim=4, length=10, swap=True).double()
    for size in SIZES:
        maps = random_maps(16, size, batch=3).detach()
        alone = torch.cat([module(image[None]) for image in maps])
        torch.testing.assert_close(module(maps), alone, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", MIXERS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_finite_in_half_precision(name: str, dtype: torch.dtype) -> None:
    module = token_mixer(name, 16, head_dim=4, length=10).to(dtype)
    for size in SIZES:
        mixed = module((100 * random_maps(16, size)).detach().to(dtype))
        assert mixed.dtype == dtype
        assert mixed.isfinite().all()


@pytest.mark.parametrize("name", MIXERS)
def test_layout_of_the_maps_does_not_matter(name: str) -> None:
    module = token_mixer(name, 16, head_dim=4, length=10).double()
    maps = random_maps(16, (9, 8)).detach()
    torch.testing.assert_close(module(maps.to(memory_format=torch.channels_last)), module(maps))


@pytest.mark.parametrize("name", MIXERS)
def test_loads_through_the_meta_device(name: str) -> None:
    trained = token_mixer(name, 16, head_dim=4, length=10)
    with torch.device("meta"):
        module = token_mixer(name, 16, head_dim=4, length=10)
    module.load_state_dict(trained.state_dict(), assign=True)
    maps = random_maps(16, (9, 8)).detach().float()
    assert torch.equal(module(maps), trained(maps))


@pytest.mark.parametrize(
    ("name", "dim", "options", "message"),
    [
        ("swin", 8, {}, "token mixer is 'swin'; allowed are lsa, global, window, grid, cswin, sra, pooling, depthwise"),
        ("lsa", 8, {"heads": 2}, "option of a token mixer is 'heads'; allowed are head_dim, length, swap"),
        ("lsa", 0, {}, "dim is 0; allowed is an integer of at least 1"),
        ("lsa", 48, {}, "head_dim is 32; allowed is a divisor of the 48 channels"),
        ("cswin", 48, {}, "head_dim is 32; allowed is a divisor of the 48 channels"),
        ("sra", 32, {"reduction": 0}, "reduction is 0; allowed is an integer of at least 1"),
        ("pooling", 8, {"kernel": 4}, "kernel is 4; allowed is an odd number"),
        ("window", 32, {"window": -1}, "window is -1; allowed is an integer of at least 1"),
        ("lsa", 32, {"position_bias": None}, "position_bias is None; allowed are True and False"),
    ],
)
def test_bad_input_is_named(name: str, dim: int, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        token_mixer(name, dim, **options)
