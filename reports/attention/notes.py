"""Notes below chapter 4's tables: where ours come from, and why some are missing."""

from collections.abc import Mapping
from typing import Any

from reports.attention.benches.speed_tables import SPEED_TABLES, latency_note
from reports.attention.cells import COLUMNS
from reports.attention.latencies import COUNTED
from reports.attention.networks.names import parts_of
from reports.attention.plans import TRAINING_TABLES

Found = Mapping[str, Any]
"""A result of `measure_tables`."""

_PHONE = "Published latencies are a phone's, which there is none of here."
_OWN = {
    "4.3": "Ours, last row: CCLL.",
    "4.4": "Parameters and multiply-adds are of the whole networks at 224 pixels; other papers' networks are as "
    "published, and so are TensorRT and CoreML.",
    "4.5": "Other networks are as published.",
    "4.7": "Global attention runs as local attention without a position bias, position tables are cut.",
    "4.10": "Ours are read from the networks that run; the first convolution of the stem is half as wide.",
    "4.11": "The third stage alone changes.",
}
_OTHER_DATA = "They are not of ImageNet, MSCOCO and ADE20K: the same comparisons on smaller data."
_DATA = {"classify": "classification", "segment": "segmentation", "detect": "detection"}


def note_of(number: str, found: Found) -> str:
    """The note below a table of ours."""
    parts = [_OWN.get(number, ""), *_latencies(number, found), _left_out(number, found), ours(number, found)]
    return " ".join(part for part in parts if part)


def ours(number: str, found: Found) -> str:
    """The origin of trained numbers: data, training and errors."""
    tasks = dict.fromkeys(task for _, task in map(parts_of, TRAINING_TABLES[number]) if task in found["tasks"])
    if not tasks:
        return ""
    described = "; ".join(f"{_DATA[task]}: {found['tasks'][task]}" for task in tasks)
    several = f"{len(found['seeds'])} seeds" if len(found["seeds"]) > 1 else "1 seed"
    errors = "mean and 1 SE over test images and seeds" if len(found["seeds"]) > 1 else "1 SE over test images"
    other = "" if found["published_data"] else f" {_OTHER_DATA}"
    return f"Ours: scale {found['scale']}, {several}, {errors}.{other} {described[0].upper()}{described[1:]}."


def _latencies(number: str, found: Found) -> list[str]:
    parts = []
    if number in SPEED_TABLES or number in ("4.4", "4.5"):
        parts.append(_PHONE)
    if number in found["latencies"]:
        parts.append(latency_note(found["latencies"][number]))
    if number in COUNTED and not found["operations"]:
        parts.append("Operations of Core ML programs need coremltools, which is not installed here.")
    return parts


def _left_out(number: str, found: Found) -> str:
    """The reasons for dashes."""
    parts = []
    measured = {measure.task for measure in COLUMNS.get(number, {}).values()}
    if "detect" in measured and not found["detects"]:
        parts.append("Detection was not tried: torchvision is not installed.")
    if found["untrained"].get(number):
        parts.append(f"Not trained at this scale: {', '.join(found['untrained'][number])}.")
    return " ".join(parts)
