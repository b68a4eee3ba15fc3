"""Figure 7.3: rotation as auxiliary loss: turned images, their labels, and the predictions of the head."""

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from models.selfsup.networks import OnlineNetwork
from models.selfsup.turning import TURNS, turned
from models.selfsup.whole_network import load_network
from reports.selfsup.encoders.names import trained
from reports.selfsup.figures.tiles import RIGHT, WRONG, draw_tiles, evenly, images_of, name_row, shown_images
from reports.selfsup.figures.trained import FigureEncoders
from reports.tables.registry import FigureSource

_TITLE = "R2-D2"
_SHOWN, _CLASSIFIED = 8, 1000
_AT_ONCE = 250
_DEGREES = [f"{90 * turn}°" for turn in range(TURNS)]


def figure_7_3(source: FigureSource) -> Figure:
    """Figure 7.3: held-out images by turn, with the predictions of R2-D2's auxiliary head, and all of its answers."""
    study = FigureEncoders.read(source)
    (run,) = study.runs([trained(_TITLE, "auxiliary")])
    network, data = load_network(run), images_of(study.data)
    count = min(_CLASSIFIED, data.test_count)
    images = shown_images(data, torch.from_numpy(evenly(data.test_count, count)), "test")
    answers = torch.stack([_predicted(network, _all_turned(images, turn)) for turn in range(TURNS)])

    chosen = torch.from_numpy(evenly(count, _SHOWN))
    figure = plt.figure(figsize=(11.5, 5.2), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(7, 4)).flat
    panels = draw_tiles(left, [_all_turned(images[chosen], turn) for turn in range(TURNS)])
    for turn, line in enumerate(panels):
        name_row(line[0], f"label {turn}\n({_DEGREES[turn]})")
        for axes, answer in zip(line, answers[turn, chosen].tolist(), strict=True):
            axes.set_xlabel(_DEGREES[answer], fontsize=9, labelpad=2, color=RIGHT if answer == turn else WRONG)
    left.suptitle("turned images, with the predicted turn below", fontsize=10)
    _draw_answers(right.subplots(), answers)
    accuracy = (answers == torch.arange(TURNS)[:, None]).double().mean().item()
    right.suptitle(f"{accuracy:.1%} of turns are right (chance {1 / TURNS:.0%})", fontsize=10)
    figure.supxlabel(
        f"{_TITLE} with rotation as auxiliary loss, trained on {study.about}; {count:,} held-out images, turned "
        "anticlockwise",
        fontsize=9,
    )
    return figure


def _all_turned(images: Tensor, turn: int) -> Tensor:
    return turned(images, torch.full((len(images),), turn))


@torch.no_grad()
def _predicted(network: OnlineNetwork, images: Tensor) -> Tensor:
    """The turn that the auxiliary head tells of each image: (images,)."""
    assert network.turn_head is not None  # of a run with an auxiliary loss
    parts = [network.turn_head(network.projector(network.encoder(part))) for part in torch.split(images, _AT_ONCE)]
    return torch.cat(parts).argmax(1)


def _draw_answers(axes: Axes, answers: Tensor) -> None:
    """The share of each predicted turn, one row a label."""
    shares = torch.stack([torch.bincount(one, minlength=TURNS) / len(one) for one in answers])
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    for turn in range(TURNS):
        for answer in range(TURNS):
            share = shares[turn, answer].item()
            colour = "white" if share > 0.6 else "black"
            axes.text(answer, turn, f"{share:.0%}", ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(TURNS), _DEGREES)
    axes.set_yticks(range(TURNS), _DEGREES)
    axes.set(xlabel="predicted turn", ylabel="turn")
