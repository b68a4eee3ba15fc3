"""The dissertation's Figures 5.2 and 5.3, of networks that are trained for them."""

from collections.abc import Callable, Mapping
from statistics import fmean

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from models.fewshot.class_images import FewShotData
from models.fewshot.measurement import class_separation
from models.fewshot.run import load_run
from models.fewshot.run_measures import run_features
from reports.fewshot.experiments import measure_networks, run_folder
from reports.fewshot.networks import BEST_PULL, moves, pulled
from reports.fewshot.planes import COLOURS, draw_planes
from reports.fewshot.scales import SCALES, Scale
from reports.fewshot.sets import table_data
from reports.tables.registry import FigureSource

_SEED = 0
_SHOTS = ("1", "5")


def figure_5_2(source: FigureSource) -> Figure:
    """Figure 5.2: features of three test classes, meta-learned and classical, in the plane of their discriminants."""
    data, scale = _read(source)
    names = {"ProtoNet-M": "ProtoNet", "ProtoNet-C": "classical training"}
    measure_networks(names, data, scale, [_SEED], source.runs, source.progress)
    features = {}
    for name, title in names.items():
        found = run_features(load_run(run_folder(name, _SEED, source.runs)), data, "test", source.progress).features
        clustering = class_separation(found, data.split("test").counts, scale.pairs, _SEED).clustering.mean
        features[f"{title}, R_FC of test classes {clustering:.2f}"] = found
    return draw_planes(features, data, "test", _SEED)


def figure_5_3(source: FigureSource) -> Figure:
    """Figure 5.3: how far fine-tuning moves parameters, and 5.5.1's networks, whose loss hardly falls as they move.

    Distances are filter-normalised, in units of the filters at the start; those of networks of unequal size are roots
    of means over filters. R2-D2 and MetaOptNet are fine-tuned as by MAML, Reptile as by itself.
    """
    data, scale = _read(source)
    reptile = {"Reptile": "Reptile", pulled(BEST_PULL): "weight clustering"}
    whole = {"R2-D2-M": "R2-D2", "MetaOptNet-M": "MetaOptNet", "Reptile": "Reptile"}
    records = measure_networks(map(moves, (*reptile, *whole)), data, scale, [_SEED], source.runs, source.progress)
    found = {name: records[moves(name)][_SEED] for name in (*reptile, *whole)}
    figure, panels = plt.subplots(2, 2, figsize=(9, 7), layout="constrained")
    for axes, shot in zip(panels[0], _SHOTS, strict=True):
        _histogram(axes, {label: found[name][shot]["distances"] for name, label in reptile.items()})
        axes.set_title(f"{shot}-shot: distance after fine-tuning", fontsize=10)
    shown = {"mean_distance": "mean distance of a filter", "loss": "loss of the support"}
    for axes, (measured, title) in zip(panels[1], shown.items(), strict=True):
        for (name, label), colour in zip(whole.items(), COLOURS, strict=True):
            axes.plot(found[name]["1"][f"{measured}_by_step"], color=colour, label=label)
        axes.set(xlabel="steps of fine-tuning the whole network", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(f"1-shot: {title}", fontsize=10)
        axes.legend(frameon=False)
    tasks = len(found["Reptile"]["1"]["distances"])
    figure.supxlabel(f"{tasks:,} tasks of test classes of {data.name}; distances are filter-normalised", fontsize=9)
    return figure


TRAINED_FIGURES: dict[str, Callable[[FigureSource], Figure]] = {"5.2": figure_5_2, "5.3": figure_5_3}
"""The figures by number."""


def _read(source: FigureSource) -> tuple[FewShotData, Scale]:
    """The data set and the scale."""
    scale = SCALES[source.scale]
    return table_data(source.data, scale), scale


def _histogram(axes: Axes, distances: Mapping[str, list[float]]) -> None:
    edges = np.histogram_bin_edges(np.concatenate(list(distances.values())), bins=40)
    for (label, values), colour in zip(distances.items(), COLOURS, strict=False):
        axes.hist(values, bins=edges.tolist(), color=colour, alpha=0.6, label=f"{label}, mean {fmean(values):.3f}")
    axes.set(xlabel="filter-normalised distance", ylabel="tasks")
    axes.margins(y=0.3)  # room for the legend
    axes.legend(frameon=False, loc="upper right")
