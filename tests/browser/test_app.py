"""`kpilab app` in a real browser: from raw tables to a saved view that a reload finds again, by
mouse and by keyboard; nothing is loaded from elsewhere."""

from __future__ import annotations

import re

import pytest

from kpilab.workbench.saved import FILE
from tests.browser.conftest import serving
from tests.case.conftest import events

pytestmark = pytest.mark.browser
PATIENCE = 120_000
SAYS = {
    "en": {
        "write": "Check and write case.yml", "open": "Open this case", "whys": "The 5 Whys",
        "show": "Show", "records": "Records of", "save": "Save this view", "home": "Home",
    },
    "zh": {
        "write": "检查并写入 case.yml", "open": "打开此案例", "whys": "五个为什么",
        "show": "显示", "records": "的明细记录", "save": "保存此视图", "home": "首页",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The page on a folder of raw tables; its address."""
    workspace = tmp_path_factory.mktemp("workspace")
    (workspace / "sales").mkdir()
    events().to_csv(workspace / "sales" / "events.csv", index=False)
    with serving(workspace, "sales") as address:
        yield address, workspace / "sales"


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    yield opened
    context.close()


def press(page, by: str, name: str | re.Pattern[str]) -> None:
    """A button, with the mouse or from the keyboard."""
    button = page.get_by_role("button", name=name).first
    button.wait_for()
    if by == "mouse":
        button.click()
    else:
        # A mouse waits for a card that is not ready yet; a key pressed on it is lost.
        button.click(trial=True)
        button.press("Enter")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["mouse en", "keyboard zh", "keyboard en", "mouse zh"])
def test_from_raw_tables_to_a_saved_view(way, app, page):
    (address, folder), (by, lang) = app, way.split()
    says, outside = SAYS[lang], []
    (folder / "case.yml").unlink(missing_ok=True)
    # A view kept by the way before stands on the home page under the name of its card.
    (folder.parent / FILE).unlink(missing_ok=True)
    page.on("request", lambda r: outside.append(r.url) if not _near(r.url, address) else None)
    page.goto(f"{address}?lang={lang}")
    press(page, by, says["write"])
    press(page, by, says["open"])
    press(page, by, says["whys"])
    press(page, by, re.compile(f"^{says['show']}$"))
    panel = page.locator(".kp-panel")
    if by == "mouse":
        mark = panel.locator(".vega-embed .mark-symbol path").first
        mark.wait_for()
        mark.click()
    else:
        marks = panel.get_by_label(re.compile("Go to a mark|进入图中"))
        marks.wait_for()
        marks.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    panel.locator("b[aria-current=step]").wait_for()
    press(page, by, re.compile(says["records"]))
    panel.locator(".kp-table table").wait_for()
    press(page, by, re.compile(says["save"]))
    panel.page.get_by_text(re.compile("saved; it stands|已保存，")).wait_for()
    assert "view=records" in page.url
    page.reload()
    panel.locator(".kp-table table").wait_for()
    assert "view=records" in page.url
    press(page, by, re.compile(says["home"]))
    page.get_by_role("button", name=re.compile("☆ .*·")).first.wait_for()
    assert outside == []


def _near(url: str, address: str) -> bool:
    return url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
