"""Where numbers stop being finite is named."""

import torch
from torch import Tensor, nn

from models.training.diagnosis import not_finite


class Logarithm(nn.Module):
    def forward(self, values: Tensor) -> Tensor:
        return values.log()


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 3), nn.ReLU(), Logarithm(), nn.Linear(3, 1))


def test_the_first_layer_whose_output_is_not_finite_is_named() -> None:
    model = network()
    assert not_finite(model, lambda: model(-torch.ones(20, 3))) == "layer 2 is the first whose output is not finite"


def test_inputs_and_parameters_are_told_apart_from_layers() -> None:
    model = network()
    assert not_finite(model, lambda: model(torch.full((1, 3), torch.nan))) == "what layer 0 takes in is not finite"
    with torch.no_grad():
        model[3].weight[0, 1] = torch.inf
    assert not_finite(model, lambda: None) == "parameter 3.weight is not finite"


def test_a_loss_that_spoils_finite_outputs_is_told_and_no_hook_stays() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    assert "arises in the loss itself" in not_finite(model, lambda: model(torch.ones(1, 3)).sum() / 0)
    assert all(not module._forward_hooks for module in model.modules())
