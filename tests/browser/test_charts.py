"""Every chart in a real browser: drawn whole, in both languages, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import kpilab
from kpilab.core.result import Result
from kpilab.report.build import write
from kpilab.samples.write import write as kpilab_write
from kpilab.show.charts import CHARTS
from kpilab.show.labels import labelled
from tests.browser.charts import CHECK, NAMES, chinese, result, series, shown

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
SIZES = (("en", 1280), ("zh", 390), ("zh", 1280), ("en", 390))
SAMPLE = 5  # of so many charts, each in one language and width, by turns: pairwise


def faults(browser, page: Path, width: int) -> list[str]:
    """What is wrong with the charts of a page at a width."""
    opened = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    opened.goto(page.as_uri())
    opened.wait_for_selector("html[data-charts=drawn]", state="attached")
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = [" | ".join(fault) for fault in opened.evaluate(CHECK)]
    opened.close()
    return found


def drawn(browser, results: Mapping[str, Result], folder: Path, lang: str, width: int) -> list[str]:
    return faults(browser, write(shown(results, lang), folder).html, width)


@pytest.mark.few(1)
@pytest.mark.parametrize("turn", range(len(SIZES)))
def test_a_sample_of_charts_is_drawn_whole(browser, tmp_path, turn):
    lang, width = SIZES[turn]
    names = NAMES[turn :: len(SIZES) * SAMPLE]
    assert drawn(browser, {n: result(n) for n in names}, tmp_path, lang, width) == []


@pytest.mark.slow  # every chart in every language at every width
@pytest.mark.parametrize(("lang", "width"), SIZES)
@pytest.mark.parametrize("start", range(0, len(NAMES), 14))
def test_every_chart_is_drawn_whole(browser, tmp_path, start, lang, width):
    results = {n: result(n) for n in NAMES[start : start + 14]}
    assert drawn(browser, results, tmp_path, lang, width) == []


@pytest.mark.slow  # every result once more
@pytest.mark.parametrize("name", NAMES)
def test_every_value_a_scale_declares_is_in_the_data(name):
    for lang in ("en", "zh"):
        for field, declared, held in series(result(name).chart(lang).to_dict()):
            # Nothing found is drawn as nothing.
            assert declared <= held or result(name).table.empty, (name, lang, field, declared)


def test_a_label_reaches_the_domain_as_well_as_the_rows():
    found = result("relate")
    names = {name: f"the {name}" for name in found.names}
    fields = list(series(labelled(found, names).chart("en").to_dict()))
    assert fields
    assert all(declared <= held for _, declared, held in fields)
    assert all("the " in " ".join(declared) for _, declared, _ in fields)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_result_has_a_chart_of_its_own(name):
    assert result(name).kind in CHARTS


@pytest.fixture(scope="module", params=["data/shop", "retail", "equipment", "activity", "zh"])
def real(request, tmp_path_factory) -> Path:
    """The reports of a real case in both languages: the bundled one, two trades, a log,
    eight KPIs in Chinese columns."""
    folder = tmp_path_factory.mktemp("real")
    case = ROOT / "data" / "shop" if request.param == "data/shop" else folder / "case"
    if request.param == "zh":
        chinese(case)
    elif request.param != "data/shop":
        kpilab_write(request.param, case)
    review = kpilab.review(kpilab.open_case(case))
    for lang in ("en", "zh"):
        write(review, folder / lang, lang)
    return folder


@pytest.mark.slow  # reviews of five cases
@pytest.mark.parametrize(("lang", "width"), SIZES)
def test_the_charts_of_a_real_report_are_drawn_whole(browser, real, lang, width):
    assert faults(browser, real / lang / "review.html", width) == []


@pytest.mark.slow  # reviews of five cases
def test_the_page_of_a_real_report_is_small(real):
    for lang in ("en", "zh"):
        assert (real / lang / "review.html").stat().st_size < 1_200_000
