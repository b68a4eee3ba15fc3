"""The dissertation's Figures 6.1 to 6.3, of the networks of chapter 6's tables."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from models.fewshot.class_images import FewShotData
from reports.fewshot.augmentation.cells import SHOTS
from reports.fewshot.augmentation.claims import accuracies_of
from reports.fewshot.augmentation.networks import AUGMENTED_NETWORKS, BACKBONES, MM, QUERY_CUTMIX, single, trained_with
from reports.fewshot.augmentation.paired_bars import BarPair, draw_pairs
from reports.fewshot.augmentation.scales import AUGMENTED_SCALES
from reports.fewshot.augmentation.sets import read_sets
from reports.fewshot.experiments import measure_networks, network_config
from reports.fewshot.networks import varied
from reports.fewshot.planes import COLOURS
from reports.fewshot.scales import Scale
from reports.records.experiments import Record
from reports.tables.registry import FigureSource

_SEED = 0
_METHOD, _FLIPPED_METHOD = "R2-D2, ResNet-12", "MetaOptNet, ResNet-12"
_WAYS_TO_TEST = ("shots as they are", "with mirror images as further shots")
_CURVES = {"baseline": (), "query Self-Mix": (single("Self-Mix", "query"),), "Meta-MaxUp": (MM,)}
_FLIPS = single("Horizontal Flip", "shot")
_TRAININGS = {
    "baseline": (),
    "flip shots": (_FLIPS,),
    "CutMix (Q)": (QUERY_CUTMIX,),
    "CutMix (Q)\n+ flip shots": (f"{QUERY_CUTMIX}+{_FLIPS}",),
    "Meta-MaxUp": (MM,),
}
"""What networks are trained with, by the labels of their bars."""


def figure_6_1(source: FigureSource) -> Figure:
    """Figure 6.1: accuracy on training and on held-out classes by epoch, of R2-D2 with three trainings."""
    study = _Study.read(source)
    networks = {title: trained_with(_METHOD, *what) for title, what in _CURVES.items()}
    records = study.measured(networks.values())
    figure, panels = plt.subplots(1, len(networks), figsize=(11, 4.2), sharex=True, sharey=True, layout="constrained")
    for axes, (title, name) in zip(panels, networks.items(), strict=True):
        curve = records[name]["curve"]
        training, held_out = ([100 * accuracy for accuracy in curve[kind]] for kind in ("training", "held_out"))
        for values, label, colour in zip((training, held_out), ("training", "held-out"), COLOURS, strict=False):
            axes.plot(curve["epochs"], values, color=colour, marker=".", label=f"{label} classes")
        axes.set_title(f"{title}: gap {training[-1] - held_out[-1]:.1f} points", fontsize=10)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    panels[0].set_ylabel("accuracy (%)")
    panels[0].legend(frameon=False)
    split = {"val": "validation", "test": "test"}[records[networks["baseline"]]["curve"]["split"]]
    text = f"1-shot tasks without augmentation; held-out classes are those of {split}; gaps are after the last epoch"
    _note(figure, study, _METHOD, text)
    return figure


def figure_6_2(source: FigureSource) -> Figure:
    """Figure 6.2: mirror images as further shots at test time, of MetaOptNet trained with Meta-MaxUp."""
    study = _Study.read(source)
    name = trained_with(_FLIPPED_METHOD, MM)
    records = study.measured([name, varied(name, "flip shots")])
    figure, panels = plt.subplots(1, len(SHOTS), figsize=(7.5, 4.2), layout="constrained")
    for axes, (shown, shot) in zip(panels, SHOTS.items(), strict=True):
        draw_pairs(axes, {"Meta-MaxUp": _pair(records, name, shot)}, _WAYS_TO_TEST, study.chance(name))
        axes.set_title(shown, fontsize=10)
    _explain(figure, study, _FLIPPED_METHOD)
    return figure


def figure_6_3(source: FigureSource) -> Figure:
    """Figure 6.3: the same of R2-D2 with two backbones, with and without shot augmentation in training."""
    study = _Study.read(source)
    networks = {
        backbone: {label: trained_with(f"R2-D2, {backbone}", *what) for label, what in _TRAININGS.items()}
        for backbone in BACKBONES
    }
    names = [name for by_label in networks.values() for name in by_label.values()]
    records = study.measured([*names, *(varied(name, "flip shots") for name in names)])
    figure, panels = plt.subplots(len(BACKBONES), len(SHOTS), figsize=(11, 7.5), layout="constrained")
    parts = [(backbone, shown, shot) for backbone in BACKBONES for shown, shot in SHOTS.items()]
    for letter, axes, (backbone, shown, shot) in zip("abcd", panels.flat, parts, strict=True):
        pairs = {label: _pair(records, name, shot) for label, name in networks[backbone].items()}
        draw_pairs(axes, pairs, _WAYS_TO_TEST, study.chance(names[0]))
        axes.set_title(f"({letter}) {shown}, {backbone}", fontsize=10)
    _explain(figure, study, "R2-D2, by what it was trained with")
    return figure


TRAINED_FIGURES: dict[str, Callable[[FigureSource], Figure]] = {
    "6.1": figure_6_1,
    "6.2": figure_6_2,
    "6.3": figure_6_3,
}
"""The figures by number."""


class _Study(NamedTuple):
    """What networks of a figure are trained on, with seed 0."""

    source: FigureSource
    data: FewShotData
    scale: Scale

    @classmethod
    def read(cls, source: FigureSource) -> "_Study":
        """The data set and the scale of the chapter's tables."""
        scale = AUGMENTED_SCALES[source.scale]
        return cls(source, read_sets(source.data, (), scale, [_SEED], across=False).data[_SEED], scale)

    def measured(self, names: Iterable[str]) -> dict[str, Record]:
        """The records of networks, which are trained where they are not yet."""
        records = measure_networks(
            names, self.data, self.scale, [_SEED], self.source.runs, self.source.progress, AUGMENTED_NETWORKS
        )
        return {name: by_seed[_SEED] for name, by_seed in records.items()}

    def chance(self, name: str) -> float:
        """The accuracy in percent of guessing among the ways of a network's episodes."""
        return 100 / network_config(name, _SEED, self.data, self.scale, AUGMENTED_NETWORKS).way


def _pair(records: Mapping[str, Record], name: str, shot: int) -> BarPair:
    values = accuracies_of(shot)
    return BarPair.of(values(records[name]), values(records[varied(name, "flip shots")]))


def _explain(figure: Figure, study: _Study, networks: str) -> None:
    """The legend and the note of a figure of bars."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2, frameon=False)
    episodes = f"{study.scale.episodes:,} episodes of test classes"
    _note(figure, study, networks, f"Mean and 1 SE over {episodes}; differences are paired, bars begin at chance")


def _note(figure: Figure, study: _Study, networks: str, text: str) -> None:
    figure.supxlabel(f"{networks}; {study.data.name}, scale {study.scale.name}\n{text}", fontsize=9)
