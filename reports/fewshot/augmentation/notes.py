"""Notes below chapter 6's tables: what the text says against its own tables, and how ours differ."""

from collections.abc import Mapping
from typing import Any

_BASELINE = "Differences are paired, to the first row of the same method, in percentage points."
_TO_CUTMIX = "Differences are paired, to query CutMix alone, in percentage points."
_LIMITED = (
    "Ours: training episodes have no more shots or queries than a pool has images. There are more than 13 tasks where "
    "13 do not use all classes."
)
_LARGE_POOLS = (
    "The caption says that accuracy grows with m and the pool. In Table 6.12, the large pool gains nothing from m = 1 "
    "to 4 with CNN-4 (70.84 to 70.71, 85.04 to 85.04), and CutMix alone loses with ResNet-12 (75.97 to 75.08, 1-shot). "
    "CutMix with m = 1 is query CutMix."
)

NOTES: Mapping[str, str] = {
    "6.1": f"{_BASELINE} Random images cost 13.6 points in the table, 1-shot. {_LIMITED}",
    "6.2": f"{_BASELINE} The prose says that query CutMix brings as much as 3%; here it is 4.0 points, 1-shot.",
    "6.3": _TO_CUTMIX,
    "6.4": f"{_BASELINE} {_LARGE_POOLS}",
    "6.5": f"{_BASELINE} The published row R2-D2 + MM, ResNet-12 (76.65, 88.57) is in neither table of pools. Ours: "
    "the medium pool with m = 4 in all rows.",
    "6.6": "Differences are paired, to LargeRot evaluated alike, in percentage points. Ours: + ens is the mean of the "
    "logits of the run's snapshots, with mirror images as further shots.",
    "6.7": "With MM, Traffic Signs falls from 83.98 to 83.59 and from 85.12 to 83.38. Differences are paired, to the "
    "learner's baseline, in percentage points. Ours: 5-shot, 1,000 tasks, ways and queries as far as classes and "
    "images go, images normalised by the training classes.",
    "6.8": f"{_BASELINE} {_LIMITED}",
    "6.9": "The text says that Meta-MaxUp takes 2 to 3 times as long; here it takes 1.6 to 2.6 times.",
    "6.10": f"{_BASELINE} The prose calls support augmentation mostly harmful. With CNN-4, all nine are above the "
    "baseline, 1-shot. Ours: a dropped channel leaves the others as they are; the published code doubles them.",
    "6.11": _TO_CUTMIX,
    "6.12": f"{_BASELINE} {_LARGE_POOLS}",
    "claims6": "The text finds a support pool of 5 almost as good as the baseline (6.3.1). It says that each mode can "
    "help, and that most augmentations of supports hurt (6.4.2).",
}
"""By the numbers of tables."""

_WITHOUT_VALIDATION = "The data has no validation classes for + val."


def note_of(number: str, results: Mapping[str, Any]) -> str:
    """What stands below a table of ours."""
    parts = [NOTES.get(number, "")]
    if number == "6.6" and not results["validation"]:
        parts.append(_WITHOUT_VALIDATION)
    return " ".join([*parts, ours(number, results)]).strip()


def ours(number: str, results: Mapping[str, Any]) -> str:
    """What our numbers are from."""
    seeds = len(results["seeds"])
    data = results["trained_on"] if number == "6.7" else results["data"]
    standard = "" if results["standard"] else ", without standard augmentation"
    source = f"Ours: scale {results['scale']}{standard}, {data}"
    if number == "6.9":
        return f"{source}, medians of steps that took turns."
    splits = " with a class split each" if results["splits_by_seed"] else ""
    several = f"{seeds} seeds{splits}" if seeds > 1 else "1 seed"
    if number == "pools6":
        return f"{source}, {several}{', means over seeds' if seeds > 1 else ''}."
    return f"{source}, {several}, mean and 1 SE over {_over(number, results)}."


def _over(number: str, results: Mapping[str, Any]) -> str:
    """What standard errors are over."""
    if len(results["seeds"]) == 1:
        return "episodes"
    if number != "6.7":
        return "seeds" if results["splits_by_seed"] else "episodes and seeds"
    same = {one["same_episodes"] for one in results["domains"]}
    if len(same) > 1:
        return "seeds, and over episodes of data sets that come with splits"
    return "episodes and seeds" if same == {True} else "seeds"
