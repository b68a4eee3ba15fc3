"""Figure 7.1: a task, its views, and their logits by a contrastive learner and by a meta-learner."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from models.selfsup.learners import task_problem
from models.selfsup.losses.classification import Classification
from models.selfsup.run import SelfSupRun
from models.selfsup.tasks import Tasks
from models.selfsup.whole_network import load_network
from reports.selfsup.encoders.names import trained
from reports.selfsup.figures.tiles import RIGHT, draw_tiles, images_of, name_row, shown_images
from reports.selfsup.figures.trained import SEED, FigureEncoders
from reports.tables.registry import FigureSource

_IMAGES = 8
_NOT_COMPARED = "#c9ccd1"
_CONTRASTIVE, _META = "SimCLR", "R2-D2"


def figure_7_1(source: FigureSource) -> Figure:
    """Figure 7.1: a task of real images, its support and query views, and the logits of SimCLR and R2-D2."""
    study = FigureEncoders.read(source)
    runs = study.runs([trained(title) for title in (_CONTRASTIVE, _META)])
    data = images_of(study.data)
    tasks = Tasks(recipe=runs[0].recipe, seed=SEED, batch=_IMAGES, white=data.white)
    numbers = tasks.images(data.train_count, 0)[0]
    views = tasks.task(data.train.images[numbers], numbers, 0).views
    contrastive, meta = (_problem(run, views) for run in runs)

    figure = plt.figure(figsize=(9, 8.4), layout="constrained")
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(3, 4.2)).flat
    rows = {"images,\neach a class": shown_images(data, numbers), "support views": views[0], "query views": views[1]}
    panels = draw_tiles(top, list(rows.values()))
    for line, name in zip(panels, rows, strict=True):
        name_row(line[0], name)
    for number, axes in enumerate(panels[0], 1):
        axes.set_title(str(number), fontsize=9)
    left, right = bottom.subplots(1, 2)
    _draw_logits(left, contrastive, f"(a) {_CONTRASTIVE}: views among all others")
    left.set(xlabel="support views 1 to 8, then query views", ylabel="the same")
    _draw_logits(right, meta, f"(b) {_META}: queries among support classes")
    right.set(xlabel="classes", ylabel="query views")
    figure.supxlabel(
        f"Logits of encoders trained on {study.about}. Framed: the right class; dark: large; grey: the view itself.\n"
        f"{_CONTRASTIVE}: {_right(contrastive)}; {_META}: {_right(meta)}",
        fontsize=9,
    )
    return figure


@torch.no_grad()
def _problem(run: SelfSupRun, views: Tensor) -> Classification:
    outputs = load_network(run)(views)
    return task_problem(run.config, outputs.projections, outputs.logit_scale)


def _right(problem: Classification) -> str:
    """How many queries are classified right."""
    count = len(problem.labels)
    return f"{round(problem.accuracy.item() * count)} of {count} right"


def _draw_logits(axes: Axes, problem: Classification, title: str) -> None:
    """The logits of a task, one row a query, with a frame around the right class."""
    logits = np.ma.masked_invalid(problem.logits.numpy(force=True))
    axes.set_facecolor(_NOT_COMPARED)
    shown = axes.imshow(logits, cmap="Blues", interpolation="nearest")
    for query, label in enumerate(problem.labels.tolist()):
        axes.add_patch(Rectangle((label - 0.5, query - 0.5), 1, 1, fill=False, edgecolor=RIGHT, linewidth=1.4))
    classes = logits.shape[1]
    ticks = range(0, classes, classes // _IMAGES)
    axes.set_xticks(ticks, [str(tick % _IMAGES + 1) for tick in ticks], fontsize=8)
    queries = range(0, len(logits), len(logits) // _IMAGES)
    axes.set_yticks(queries, [str(tick % _IMAGES + 1) for tick in queries], fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.figure.colorbar(shown, ax=axes, shrink=0.75)
