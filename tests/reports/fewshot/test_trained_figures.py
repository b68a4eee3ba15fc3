"""Figures 5.2 and 5.3 show what was measured of the networks that were trained for them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from models.progress import Progress
from reports.fewshot import trained_figures
from reports.fewshot.experiments import measure_networks
from reports.fewshot.scales import SCALES
from reports.fewshot.sets import table_data
from reports.fewshot.trained_figures import figure_5_2, figure_5_3
from reports.tables.registry import FigureSource
from tests.support.fewshot_records import made_up_moves
from tests.support.pictures import write_class_folders

SMALL = SCALES["small"]
TINY = replace(
    SMALL,
    widths={"64x4": 4},
    common=SMALL.common | {"tasks": 2, "batches": 1, "epochs": 1, "validation_episodes": 0, "test_episodes": 2},
    episodes=4,
    pairs=20,
)


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FigureSource:
    monkeypatch.setitem(SCALES, "small", TINY)
    return FigureSource(data=None, scale="small", runs=tmp_path, progress=Progress(quiet=True))
