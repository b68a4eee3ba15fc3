"""Tables and figures are found by number, and nothing is loaded for those that are not asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from models.progress import Progress
from reports.attention.plans import TRAINING_TABLES as ATTENTION_TABLES
from reports.federated.plans import TRAINING_TABLES as FEDERATED_TABLES
from reports.fewshot.augmentation.plans import TRAINING_TABLES as AUGMENTED_TABLES
from reports.fewshot.training_tables import TRAINING_TABLES as FEW_SHOT_TABLES
from reports.selfsup.plans import TRAINING_TABLES as SELF_SUPERVISED_TABLES
from reports.tables.registry import (
    FigureSource,
    choose_figures,
    choose_tables,
    draw_figure,
    figure_numbers,
    published_table,
    trained_numbers,
    without_measurements,
)
from reports.wrapnet.training_tables import TRAINING_TABLES

COUNTS = {2: 14, 3: 3, 4: 13, 5: 10, 6: 12, 7: 5}
"""How many numbered tables each chapter of the dissertation has."""

ALL = [f"{chapter}.{table}" for chapter, count in COUNTS.items() for table in range(1, count + 1)]


@pytest.mark.parametrize("number", ALL)
def test_every_table_of_the_dissertation_is_there(number: str) -> None:
    table = published_table(number)
    assert table.number == number
    assert table.rows
    assert len(table.columns) > table.labels
    assert choose_tables([number]) == [number]


def test_there_are_no_others() -> None:
    for chapter, count in COUNTS.items():
        with pytest.raises(ValueError, match=f"there is no table '{chapter}.{count + 1}'"):
            published_table(f"{chapter}.{count + 1}")


def test_tables_are_named_once_and_all_are_those_that_are_trained() -> None:
    assert choose_tables(["3.1", "2.1", "3.1"]) == ["3.1", "2.1"]
    together = [number for number in FEW_SHOT_TABLES if number != "methods"]
    alone = [number for number in SELF_SUPERVISED_TABLES if number != "options7"]
    early = [*TRAINING_TABLES, *FEDERATED_TABLES, *ATTENTION_TABLES]
    assert choose_tables(["all"]) == [*early, *together, *AUGMENTED_TABLES, *alone]
    few_shot = (*FEW_SHOT_TABLES, *AUGMENTED_TABLES)
    assert trained_numbers() == [*early, *few_shot, *SELF_SUPERVISED_TABLES]
    assert choose_tables(["4"]) == list(ATTENTION_TABLES)
    assert choose_tables(["6"]) == list(AUGMENTED_TABLES)
    assert choose_tables(["7"]) == alone
    assert choose_tables(["2"]) == list(TRAINING_TABLES)
    assert choose_tables(["7.5", "5", "2", "2.1", "methods"]) == ["7.5", *together, *TRAINING_TABLES, "methods"]
    assert choose_tables(["avoidance"]) == ["avoidance"]


@pytest.mark.parametrize("numbers", [["9.9"], ["2.1", "2.15"], ["8"], [""], ["table"]])
def test_unknown_tables_are_refused_with_what_there_is(numbers: list[str]) -> None:
    listed = ", ".join(rf"{chapter}\.1 to {chapter}\.{count}" for chapter, count in COUNTS.items())
    listed += (
        ", avoidance, edges, rounding3, relay3, mixers4, claims4, theorem1, methods, claims5, pools6, claims6, rotation"
    )
    listed += ", options7, claims7"
    with pytest.raises(ValueError, match=f"there is no table '{numbers[-1]}'; allowed are {listed}$"):
        choose_tables(numbers)
    with pytest.raises(ValueError, match=f"name at least one table of {listed}, or `all`, or a chapter"):
        choose_tables([])


def test_a_line_says_where_measurements_are() -> None:
    assert without_measurements("3.2") == "Table 3.2 is not trained: `wrapmac bench memory` measures it."
    assert without_measurements("2.7") == "Table 2.7 is not trained: `wrapmac bench gemm` measures it."


def test_figures_land_in_files_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    source = FigureSource(data=None, scale="small", runs=tmp_path / "runs", progress=Progress(quiet=True))
    assert figure_numbers() == [
        "2.1",
        "2.3",
        "3.1",
        "3.2",
        "4.1",
        "4.2",
        "4.3",
        "5.1",
        "5.2",
        "5.3",
        "6.1",
        "6.2",
        "6.3",
        "7.1",
        "7.2",
        "7.3",
    ]
    assert draw_figure("2.1", tmp_path, source).read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "figure-2.1.svg").read_text()
    assert choose_figures(["5.3", "2.1", "5.3"]) == ["5.3", "2.1"]
    with pytest.raises(ValueError, match=r"there is no figure '2\.2'; allowed are 2\.1, 2\.3, 3\.1, 3\.2, 4\.1"):
        choose_figures(["2.1", "2.2"])
    with pytest.raises(ValueError, match=r"name at least one figure of 2\.1, 2\.3, 3\.1, 3\.2, 4\.1"):
        choose_figures([])


def test_a_chapter_is_loaded_for_its_own_tables_alone() -> None:
    code = (
        "import sys; from reports.tables.registry import published_table; published_table('3.1');"
        "print([name for name in ('torch', 'matplotlib', 'reports.wrapnet', 'reports.fewshot') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
