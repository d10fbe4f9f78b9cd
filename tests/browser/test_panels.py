"""Every panel in a real browser: read aloud, in light and dark, and on a phone."""

from __future__ import annotations

import pytest

from kpilab.show.say import label
from kpilab.workbench.home import QUESTIONS
from kpilab.workbench.lab import bundled
from tests.browser.conftest import serving

pytestmark = pytest.mark.browser
PATIENCE = 240_000
PHONE, DESK = {"width": 390, "height": 900}, {"width": 1280, "height": 1000}
# What JupyterLab's dark theme tells a page.
DARK = """() => {
  const body = document.body, told = {
    "--jp-layout-color0": "#111111", "--jp-layout-color1": "#212121",
    "--jp-content-font-color1": "#ffffff", "--jp-ui-font-color1": "#ffffff"};
  body.dataset.jpThemeLight = "false";
  body.style.background = "#111111";
  for (const [name, value] of Object.entries(told)) body.style.setProperty(name, value);
}"""
ANSWERED = """() => {
  const panel = document.querySelector(".kp-panel");
  return !panel.querySelector(".kp-busy")
    && panel.querySelector(".kp-said, .kp-table, .kp-error, .kp-lacks");
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("workspace"), bundled()) as found:
        yield found


class Visit:
    """One way through the pages of a case, with what was wrong on each."""

    def __init__(self, page, lang: str) -> None:
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        self.page, self.lang, self.axe = page, lang, axe
        self.wrong: list[tuple[str, str, str]] = []

    def press(self, name: str, within: str = "body") -> None:
        said = label(f"workbench.{name}", self.lang)
        self.page.locator(within).get_by_role("button", name=said, exact=True).first.click()

    def enter(self, name: str) -> None:
        """Press the card of a question."""
        asks = label(f"workbench.{name}_asks", self.lang)
        self.page.locator(".kp-card").filter(has_text=asks).get_by_role("button").click()
        self.page.locator(".kp-panel").wait_for()

    def look(self, what: str) -> None:
        self.page.wait_for_timeout(500)  # charts are drawn after what is said about them
        for found in self.axe.run(self.page).response["violations"]:
            self.wrong += [(what, found["id"], node["html"][:120]) for node in found["nodes"]]
        self.page.set_viewport_size(PHONE)
        if self.page.evaluate("document.documentElement.scrollWidth") > PHONE["width"]:
            self.wrong.append((what, "wider than a phone", ""))
        self.page.set_viewport_size(DESK)

    def ask(self, name: str) -> None:
        """A question's first answer, and what the panel proposes next."""
        self.enter(name)
        self.press("show", ".kp-panel")
        self.page.wait_for_function(ANSWERED)
        self.look(name)
        proposed = self.page.locator(".kp-panel .jupyter-button.mod-info")
        if proposed.count():
            proposed.first.click()
            self.page.locator("b[aria-current=step]").wait_for()
            self.page.wait_for_function(ANSWERED)
            self.look(f"{name}, next")
        self.press("home")


@pytest.mark.slow
@pytest.mark.parametrize(("lang", "theme"), [("en", "light"), ("zh", "dark")])
def test_axe_has_no_complaint_about_any_panel(lang, theme, browser, address):
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{address}?lang={lang}")
    page.locator(".kp-home table").wait_for()
    if theme == "dark":
        page.evaluate(DARK)
    visit = Visit(page, lang)
    visit.look("home")
    for name in QUESTIONS:
        visit.ask(name)
    visit.enter("tree")
    visit.look("tree")
    visit.press("home")
    visit.enter("new_case")
    visit.look("new case")
    visit.press("home")
    visit.press("run_review")
    page.locator(".kp-panel .kp-verdict").wait_for()
    visit.look("review")
    context.close()
    assert visit.wrong == []
