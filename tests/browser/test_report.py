"""The report in a real browser: offline, drawn, readable, accessible."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from kpilab.report.build import write
from kpilab.report.pdf import pdf
from tests.browser.conftest import CHROMIUM
from tests.conftest import few
from tests.report import reviews
from tests.report.consistent import contradictions

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]


@pytest.fixture
def opened(browser, tmp_path):
    """Opens a review's page with the network blocked;
    returns the page and what went wrong in it."""

    def open_page(review, scheme="light", width=1280):
        wrong: list[str] = []
        page = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": 900}
        ).new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append("dialog"), dialog.dismiss()))
        page.on(
            "console",
            lambda message: wrong.append(message.text) if message.type == "error" else None,
        )

        def route(call):
            if call.request.url.startswith("file:"):
                return call.continue_()
            wrong.append(call.request.url)
            return call.abort()

        page.route("**/*", route)
        page.goto(write(review, tmp_path).html.as_uri())
        page.wait_for_selector("html[data-charts=drawn]", state="attached")
        return page, wrong

    return open_page


@pytest.mark.parametrize("name", ["story", "nothing", "hostile"])
def test_every_chart_is_drawn_with_the_network_blocked(opened, name):
    page, wrong = opened(getattr(reviews, name)())
    assert wrong == []
    assert page.locator(".chart").count() == page.locator(".chart.vega-embed svg").count() > 0


def test_every_chart_says_what_it_shows(opened):
    page, _ = opened(reviews.story())
    labels = page.locator(".chart").evaluate_all(
        "all => all.map(c => c.getAttribute('aria-label') || '')"
    )
    assert min(map(len, labels)) > 20


def test_pointing_at_a_bar_shows_its_numbers(opened):
    page, _ = opened(reviews.story())
    page.locator(".bridge .mark-rect path").nth(2).hover()
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert "−5,200" in tip.inner_text()
    assert "−6,100 to −4,300" in tip.inner_text()


def test_the_chinese_page_shows_chinese(opened):
    page, wrong = opened(reviews.story("zh"))
    assert wrong == []
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("h1").inner_text().startswith("背后有 2 个原因")
    assert "实际（日志记录）" in page.locator(".bridge svg").inner_html()


@pytest.mark.parametrize("width", few([390, 1280]))
def test_the_page_is_never_wider_than_the_screen(opened, width):
    page, _ = opened(reviews.story(), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_link_to_a_finding_leads_to_it(opened):
    page, _ = opened(reviews.story())
    page.locator("#cause-1 a", has_text="root_cause.1").click()
    assert page.evaluate("location.hash") == "#finding-root_cause.1"
    assert page.locator("[id='finding-root_cause.1']").is_visible()


@pytest.mark.parametrize("scheme", few(["light", "dark"]))
@pytest.mark.parametrize("name", few(["story", "nothing"]))
def test_axe_has_no_serious_complaint(opened, name, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, _ = opened(getattr(reviews, name)(), scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.run(page).response["violations"]
    serious = [
        (v["id"], v["nodes"][0]["html"][:120])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.fixture(scope="module")
def bundled():
    import kpilab

    return kpilab.review(kpilab.open_case(ROOT / "data" / "shop"))


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_of_the_bundled_case_is_whole_and_accessible(opened, bundled, lang):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, wrong = opened(replace(bundled, language=lang))
    assert wrong == []
    assert page.locator(".chart").count() == page.locator(".chart.vega-embed svg").count() > 5
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe.run(page).response["violations"]
    serious = [
        (v["id"], n["html"])
        for v in found
        if v["impact"] in ("serious", "critical")
        for n in v["nodes"]
    ]
    assert serious == []
    assert len(re.findall("[一-鿿]", page.locator("main").inner_text())) > (
        1000 if lang == "zh" else -1
    )


@pytest.mark.slow  # a second review
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_report_of_the_bundled_case_says_one_thing_is_small_and_prints_on_few_pages(
    bundled, tmp_path, lang
):
    assert contradictions(bundled, lang) == []
    page = write(bundled, tmp_path, lang).html
    assert page.stat().st_size < 1_200_000
    if CHROMIUM is not None:
        printed = pdf(page, tmp_path / "review.pdf").read_bytes()
        assert 1 < len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= 6


@pytest.mark.slow
def test_the_page_prints_to_pdf(tmp_path):
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    page = write(reviews.story("zh"), tmp_path).html
    assert pdf(page, tmp_path / "review.pdf").read_bytes().startswith(b"%PDF")
