"""Which network, and which figure of it, each number of chapter 4's tables is of. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.attention.backbones.architectures import ARCHITECTURES
from models.attention.training.settings import TaskName
from reports.attention.networks.names import (
    BATCH_NORM,
    CSWIN,
    GLOBAL,
    HYBRID_NORM,
    LAST,
    NEITHER,
    NONE,
    OURS,
    POOLING,
    SRA,
    SWAP_ALONE,
    SWIN,
    THREE_STAGES,
    WIN_GRID,
    own_norm,
    variant,
    with_length,
)


@dataclass(frozen=True)
class Measure:
    """A figure of a network that learnt a task, a share of 1."""

    task: TaskName
    figure: str


ACCURACY = Measure("classify", "accuracy")
MEAN_IOU = Measure("segment", "mean_iou")
BOX, MASK = Measure("detect", "box_AP"), Measure("detect", "mask_AP")

_NORMS = {"LN": "ln", "BN-LN": "bn-ln"}
_LISTED = {one.row: variant(name, own_norm(name)) for name, one in ARCHITECTURES.items()}

MIXERS: Mapping[str, str] = {
    "depthwise": NONE,
    "global": GLOBAL,
    "LSA": OURS,
    "windows": SWIN,
    "Win/Grid": WIN_GRID,
    "CSWin": CSWIN,
    "SRA": SRA,
}
"""One network for each token mixer."""

ROWS: Mapping[str, Mapping[str, str]] = {
    "4.2": {"SRA": SRA, "Swin": SWIN, "Win/Grid": WIN_GRID, "CSWin": CSWIN, "Mobile-friendly (Ours)": OURS},
    "4.3": {"CCCC": NONE, "CCCA": LAST, "CCAA": GLOBAL, "Ours": OURS},
    "4.4": {row: name for row, name in _LISTED.items()},
    "4.5": {row: name for row, name in _LISTED.items()},
    "4.8": {
        "2, Pooling, LN": POOLING,
        "2, DWConv, LN": OURS,
        "2, DWConv, BN": BATCH_NORM,
        "2, DWConv, BN-LN": HYBRID_NORM,
        "3, DWConv, LN": THREE_STAGES,
    },
    "4.9": {"neither": NEITHER, "+ swap": SWAP_ALONE, "+ pos + swap": OURS},
    "4.11": {"Win": SWIN, "Win/Grid": WIN_GRID, "LSA (Ours)": OURS},
    "4.12": {"Full": GLOBAL, **{str(length): with_length(length) for length in (98, 49, 14, 7)}},
    "4.13": {
        f"{one.row}, {title}": variant(name, norm)  # type: ignore[arg-type]  # values of _NORMS
        for name, one in ARCHITECTURES.items()
        if one.family == "metaformer"
        for title, norm in _NORMS.items()
    },
    "mixers4": MIXERS,
}
"""The networks of the tables' rows."""

COLUMNS: Mapping[str, Mapping[str, Measure]] = {
    "4.2": {"accuracy": ACCURACY},
    "4.3": {"ImageNet accuracy": ACCURACY, "ADE20K mIoU": MEAN_IOU, "MSCOCO box mAP": BOX},
    "4.4": {"accuracy": ACCURACY},
    "4.5": {"MSCOCO box AP": BOX, "MSCOCO mask AP": MASK, "ADE20K mIoU": MEAN_IOU},
    "4.8": {"accuracy": ACCURACY},
    "4.9": {"ImageNet accuracy": ACCURACY, "MSCOCO box AP": BOX, "MSCOCO mask AP": MASK, "ADE20K mIoU": MEAN_IOU},
    "4.11": {"MSCOCO box AP": BOX, "MSCOCO mask AP": MASK, "ADE20K mIoU": MEAN_IOU},
    "4.12": {"accuracy": ACCURACY},
    "4.13": {"ImageNet accuracy": ACCURACY, "ADE20K mIoU": MEAN_IOU, "MSCOCO box mAP": BOX},
    "mixers4": {"accuracy": ACCURACY, "mIoU": MEAN_IOU},
}
"""The figures of the tables' columns."""
