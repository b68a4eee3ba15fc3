"""The page of layouts in headless Chromium, and as Markdown: with and without energy, pictures, a sweep."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

from reports.layout.figures import figure_2_2
from reports.layout.page import write_layout_page
from reports.layout.picture import OVERVIEW, PICTURE
from tests.support.reports import layout_record

PLOT = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 200">'
    '<rect width="600" height="200"/></svg>'
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, sweep = tmp_path_factory.mktemp("layout"), tmp_path_factory.mktemp("sweep")
    for path in (OVERVIEW, f"3x1x8k2/{PICTURE}"):
        (folder / path).parent.mkdir(exist_ok=True)
        Image.new("RGB", (1400, 700), "orange").save(folder / path)
    for path in ("3x1x8k2/pareto.svg", "pareto.svg"):
        (sweep / path).parent.mkdir(exist_ok=True)
        (sweep / path).write_text(PLOT)
    write_layout_page(layout_record(), folder, sweep)
    return folder / "index.html"


def test_it_renders_and_shows_tables_paths_pictures_and_plots(page: Path, browser: webdriver.Chrome) -> None:
    browser.get(page.as_uri())
    assert browser.get_log("browser") == []
    titles = [heading.text for heading in browser.find_elements(By.CSS_SELECTOR, "h2")]
    assert [title.split(":")[0] for title in titles[:3]] == ["Table 2.11", "Table 2.12", "Table 2.13"]
    assert titles[3:] == [
        "What narrow accumulators gain",
        "Critical paths",
        "Layouts",
        "Area against cycle time",
        "How this was made",
    ]
    assert "<3x1x8k2> is slow." in browser.find_element(By.ID, "paths").text  # text from the report is escaped
    names = [figure.get_attribute("id") for figure in browser.find_elements(By.CSS_SELECTOR, "figure")]
    assert names == ["figure-2.2", "picture-all", "picture-3x1x8k2", "pareto", "3x1x8k2-pareto"]
    for picture in browser.find_elements(By.CSS_SELECTOR, "figure > svg, figure > img"):
        assert picture.size["width"] > 500
        assert picture.size["height"] > 100
    for image in browser.find_elements(By.CSS_SELECTOR, "img"):
        assert browser.execute_script("return arguments[0].naturalWidth", image) == 1400


def test_the_tiles_compare_with_the_reference(page: Path, browser: webdriver.Chrome) -> None:
    browser.get(page.as_uri())
    tiles = [tile.text.splitlines() for tile in browser.find_elements(By.CSS_SELECTOR, ".tiles li")]
    assert [tile[0] for tile in tiles] == ["6 of 6", "5 of 6", "1024.0 x", "32.0 x"]  # 2^10 and 2^5
    assert "3x1x8k4, to 8x8x32" in tiles[2][1]


def test_a_narrow_screen_scrolls_tables_not_the_page(page: Path, browser: webdriver.Chrome) -> None:
    size = {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_needs_no_other_file_and_markdown_links_those_beside_it(page: Path) -> None:
    assert 'src="' not in page.read_text().replace('src="data:image/png;base64,', "")
    text = page.with_name("report.md").read_text()
    assert "- **3x1x8k2**: <3x1x8k2> is slow." in text
    for path in (
        "figures/figure-2.2.png",
        OVERVIEW,
        f"3x1x8k2/{PICTURE}",
        "sweep/pareto.svg",
        "sweep/3x1x8k2-pareto.svg",
    ):
        assert f"]({path})" in text
        assert page.with_name("report.md").parent.joinpath(path).is_file()


def test_without_energy_pictures_and_sweep_the_rest_is_there(tmp_path: Path) -> None:
    write_layout_page(layout_record(energy=False), tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "Table 2.12" in text
    assert "Table 2.13" not in text
    assert "## Layouts" not in text
    assert len(figure_2_2(layout_record(energy=False)).axes) == 2


def test_without_the_reference_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    write_layout_page(layout_record(("4x2x12k4", "3x1x8k2")), tmp_path)
    assert "figure-2.2" not in (tmp_path / "index.html").read_text()
    assert "Table 2.11" in (tmp_path / "report.md").read_text()


def test_the_figure_has_published_bars_beside_ours_relative_to_the_reference() -> None:
    cycle, area, energy = figure_2_2(layout_record()).axes

    def totals(axes: Any) -> list[str]:
        return [text.get_text() for text in axes.texts]

    # Six published ones first: Tables 2.11 to 2.13; then ours, halved from design to design.
    assert totals(cycle) == [
        "1.00",
        "0.94",
        "0.77",
        "0.81",
        "0.77",
        "0.77",
        "1.00",
        "0.50",
        "0.25",
        "0.12",
        "0.06",
        "0.03",
    ]
    assert totals(area)[:6] == ["1.00", "0.53", "0.32", "0.33", "0.19", "0.18"]
    assert totals(area)[6:9] == ["1.00", "0.25", "0.06"]
    assert totals(energy)[:6] == ["1.00", "0.63", "0.45", "0.47", "0.27", "0.25"]
    assert totals(energy)[6:9] == ["1.00", "0.50", "0.25"]


def test_a_folder_without_plots_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no plots"):
        write_layout_page(layout_record(), tmp_path / "out", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_page_is_drawn_again_the_same_from_its_record(tmp_path: Path) -> None:
    record = json.loads(json.dumps(layout_record()))
    pages = []
    for _ in range(2):
        write_layout_page(record, tmp_path)
        pages.append((tmp_path / "index.html").read_text())
    assert pages[0] == pages[1]
