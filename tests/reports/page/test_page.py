"""The report page in headless Chromium: it renders, its figures show, its tables sort, and nothing overflows."""

from pathlib import Path

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

from hw.mac.design import PUBLISHED
from reports.mac.figures import FIGURES
from reports.mac.page import write_page
from reports.mac.tables import overview_table
from tests.support.reports import flow_record


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_page(flow_record(), folder)
    return folder / "index.html"


def test_it_renders_without_a_word_on_the_console(page: Path, browser: webdriver.Chrome) -> None:
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []
    assert browser.find_element(By.TAG_NAME, "h1").text == "Multiply-accumulate units with wrap-around accumulators"
    assert "<b>2</b>" in browser.find_element(By.TAG_NAME, "dl").text  # text from the report is escaped


def test_its_figures_are_visible(page: Path, browser: webdriver.Chrome) -> None:
    browser.get(page.as_uri())
    figures = browser.find_elements(By.CSS_SELECTOR, "figure svg")
    assert len(figures) == len(FIGURES)
    for figure in figures:
        assert figure.is_displayed()
        assert figure.size["width"] > 500
        assert figure.size["height"] > 100


def test_its_tables_sort_by_number(page: Path, browser: webdriver.Chrome) -> None:
    browser.get(page.as_uri())
    table = browser.find_element(By.CSS_SELECTOR, "table.sortable")

    def cycles() -> list[int]:
        cells = table.find_elements(By.CSS_SELECTOR, "tbody td:nth-child(2)")
        return [int(cell.text.replace(",", "")) for cell in cells]

    button = table.find_elements(By.CSS_SELECTOR, "th button")[1]
    button.click()
    assert cycles() == [100_000, 200_000, 300_000, 400_000, 500_000, 600_000]
    button.click()
    assert cycles() == [600_000, 500_000, 400_000, 300_000, 200_000, 100_000]


def test_a_narrow_screen_scrolls_tables_not_the_page(page: Path, browser: webdriver.Chrome) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_needs_no_other_file_and_pictures_lie_beside_it(page: Path) -> None:
    text = page.read_text()
    assert 'src="' not in text
    assert "http" not in text.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    ).replace("https://matplotlib.org", "")
    for name in FIGURES:
        with Image.open(page.with_name("figures") / f"{name}.png") as picture:
            assert picture.size[0] > 1000
            assert len(set(picture.convert("L").resize((60, 20)).get_flattened_data())) > 5  # not blank


def test_markdown_has_every_design_and_both_ratios(page: Path) -> None:
    text = page.with_name("report.md").read_text()
    for name in PUBLISHED:
        assert f"| {name} |" in text
    assert "| 3x1x32 | 732 | 500.0 | 0.56 | 0.50 | -0.06 |" in text


def test_the_overview_shows_what_failed() -> None:
    report = flow_record()
    report["designs"][1]["gate_level"]["mismatches"] = 3
    report["designs"][1]["coverage"]["wraps: up"] = 0
    report["designs"][1]["equivalent"] = False
    assert overview_table(report).rows[1] == ("3x1x32", "0.2 M", "3", "NO", "NO", "0.56", "0.50")
