"""Features of pictures as points of a plane."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from models.selfsup.embed import Embedding
from models.selfsup.planes import PlaneName, plane_of, shown_points

_MOST_GROUPS = 20
_NAMES: dict[PlaneName, tuple[str, str]] = {
    "pca": ("first principal component", "second principal component"),
    "tsne": ("t-SNE, first axis", "t-SNE, second axis"),
}
_OTHERS = "#b4b8bf"


def draw_embedding(embedding: Embedding, kind: PlaneName, title: str, seed: int = 0) -> Figure:
    """A point for each picture, in the colour of its folder; the 20 folders with most pictures have one.

    title: names the encoder. Raises ValueError for fewer than 3 pictures.
    """
    shown = shown_points(len(embedding.files), seed)
    points = plane_of(embedding.features[shown], kind, seed)
    groups = np.array(embedding.groups)[shown]
    names, counts = np.unique(groups, return_counts=True)
    coloured = sorted(names[np.argsort(-counts, kind="stable")][:_MOST_GROUPS].tolist())
    figure = plt.figure(figsize=(7.4, 5.2), layout="constrained")
    axes = figure.subplots()
    others = ~np.isin(groups, coloured)
    if others.any():
        axes.scatter(
            points[others, 0],
            points[others, 1],
            s=8,
            color=_OTHERS,
            linewidths=0,
            label=f"{len(names) - len(coloured)} others",
        )
    colours = plt.get_cmap("tab10" if len(coloured) <= 10 else "tab20").colors  # type: ignore[attr-defined]
    for name, colour in zip(coloured, colours, strict=False):
        mine = points[groups == name]
        axes.scatter(mine[:, 0], mine[:, 1], s=8, color=colour, alpha=0.8, linewidths=0, label=name or ".")
    axes.set_title(title, fontsize=10)
    axes.set(xlabel=_NAMES[kind][0], ylabel=_NAMES[kind][1], xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="datalim")
    if len(names) > 1:
        figure.legend(loc="outside right upper", fontsize=8, frameon=False, markerscale=2)
    count = len(embedding.files)
    note = f"{len(shown)} of {count} pictures" if len(shown) < count else f"{count} pictures"
    axes.annotate(note, (0, 0), (2, 2), xycoords="axes fraction", textcoords="offset points", fontsize=8)
    return figure
