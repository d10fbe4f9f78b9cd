"""The way from raw tables to a saved view that a reload finds again, by mouse or from the
keyboard alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

PATIENCE = 120_000  # milliseconds; a busy machine takes its time
STOPS = 400  # of the Tab key, more than a page has
SAYS = {
    "en": {
        "write": "Check and write case.yml", "open": "Open this case", "home": "Home",
        "review": "Run the review", "there": "Look there", "whys": "The 5 Whys", "show": "Show",
        "split": "Split .* by a dimension", "mark": "Go to a mark", "records": "Records of",
        "save": "Save this view", "saved": "saved; it stands",
    },
    "zh": {
        "write": "检查并写入 case.yml", "open": "打开此案例", "home": "首页",
        "review": "开始复盘", "there": "查看该处", "whys": "五个为什么", "show": "显示",
        "split": "按维度拆分", "mark": "进入图中", "records": "的明细记录",
        "save": "保存此视图", "saved": "已保存，",
    },
}  # fmt: skip
Told = Callable[[str], None]


def press(page: Any, by: str, name: str | re.Pattern[str], within: Any = None) -> None:
    """A button, with the mouse or from the keyboard."""
    button = (within or page).get_by_role("button", name=name).first
    button.wait_for()
    if by == "mouse":
        button.click()
        return
    # A mouse waits for a card that is not ready yet; a key pressed on it is lost.
    button.click(trial=True)
    reach(page, button)
    page.keyboard.press("Enter")


def reach(page: Any, target: Any) -> None:
    """Tab until the target has focus, as somebody without a mouse does."""
    for _ in range(STOPS):
        if target.evaluate("e => e === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached from the keyboard")


def case_made(page: Any, by: str, lang: str) -> None:
    """Write the case that the page proposes, and open it."""
    press(page, by, SAYS[lang]["write"])
    press(page, by, SAYS[lang]["open"])


def verdict_read(page: Any, by: str, lang: str, tell: Told = lambda step: None) -> Any:
    """Run the review, and go to the place of its first cause; without one, to the 5 Whys.

    Returns:
        the panel of the 5 Whys, with its chart.
    """
    says, panel = SAYS[lang], page.locator(".kp-panel")
    press(page, by, says["review"])
    panel.locator(".kp-verdict").wait_for()
    panel.locator(".kp-bar").wait_for(state="detached")
    tell("verdict")
    there = panel.get_by_role("button", name=re.compile(says["there"])).count()
    if there:
        press(page, by, re.compile(says["there"]))
    else:
        press(page, by, re.compile(says["home"]))
        press(page, by, says["whys"])
        press(page, by, re.compile(f"^{says['show']}$"))
    panel.locator("h2", has_text=says["whys"]).wait_for()
    _at_rest(panel)
    tell("place" if there else "whys")
    if not panel.locator(".vega-embed").count():  # all that is in the place moved alike
        with _going_on(panel):
            press(page, by, re.compile(says["split"]), panel)
    return panel


@contextmanager
def _going_on(panel: Any) -> Generator[None]:
    """What is done inside leads on: the path grows, and the answer to its last step comes."""
    path = panel.locator(".kp-path")
    before = path.inner_text()
    yield
    deadline = time.monotonic() + PATIENCE / 1000
    while path.inner_text() == before:
        assert time.monotonic() < deadline, f"nothing came after {before!r}"
        time.sleep(0.1)
    _at_rest(panel)


def _at_rest(panel: Any) -> None:
    """Until the answer stands on the page."""
    panel.locator(".kp-said").wait_for()
    panel.locator(".kp-bar").wait_for(state="detached")


def gone_in(page: Any, by: str, lang: str, panel: Any) -> None:
    """Choose a mark of the chart: the path then leads on by a step."""
    with _going_on(panel):
        if by == "mouse":
            hand(panel).click()
        else:
            marks = panel.get_by_label(re.compile(SAYS[lang]["mark"]))
            marks.wait_for()
            reach(page, marks)
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")


def hand(panel: Any) -> Any:
    """The first mark of the chart over which the pointer is a hand."""
    panel.locator(".vega-embed .role-mark path:visible").first.wait_for()
    for mark in panel.locator(".vega-embed .role-mark path:visible").all():
        mark.hover()
        if mark.evaluate("e => getComputedStyle(e).cursor") == "pointer":
            return mark
    raise AssertionError("no mark of the chart leads on")


def kept(page: Any, by: str, lang: str, panel: Any) -> None:
    """Look at the records behind what is shown, and save the view."""
    says = SAYS[lang]
    with _going_on(panel):
        press(page, by, re.compile(says["records"]), panel)
    panel.locator(".kp-table table").wait_for()
    press(page, by, re.compile(says["save"]))
    page.get_by_text(re.compile(says["saved"])).wait_for()


def found_again(page: Any, by: str, lang: str, panel: Any) -> None:
    """What the address says stands on the page again, and the saved view on the home page."""
    assert "view=records" in page.url
    page.reload()
    panel.locator(".kp-table table").wait_for()
    assert "view=records" in page.url
    press(page, by, re.compile(SAYS[lang]["home"]))
    press(page, by, re.compile("☆ .*·"))
    panel.locator(".kp-table table").wait_for()


def walk(page: Any, by: str, lang: str, tell: Told = lambda step: None) -> None:
    """From the page on a folder of raw tables to a saved view that a reload finds again."""
    case_made(page, by, lang)
    tell("made")
    panel = verdict_read(page, by, lang, tell)
    gone_in(page, by, lang, panel)
    tell("inside")
    kept(page, by, lang, panel)
    tell("records")
    found_again(page, by, lang, panel)
    tell("again")
