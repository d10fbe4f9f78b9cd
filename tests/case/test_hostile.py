"""A case whose every text is an attack: it is computed, and no output runs,
loads or writes anything of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import ipywidgets
import pandas as pd
import pytest
from openpyxl import load_workbook

import kpilab
from kpilab.analysis.execution.audit import SamplePlan
from kpilab.analysis.execution.worksheet import read_worksheet, write_worksheet
from kpilab.errors import BadInput
from kpilab.report.build import write
from kpilab.report.workbook import safe
from kpilab.track.board import write_board
from kpilab.workbench.apps.events.paths import PATHS
from kpilab.workbench.apps.review import ReviewPanel
from kpilab.workbench.apps.rootcause.explore import EXPLORE
from kpilab.workbench.panel import Panel

SCRIPT = "<script>alert(1)</script>"
IMAGE = "</script><img src=x onerror=alert(2)>"
CITIES = (
    IMAGE,
    "=cmd|'/c calc'!A1",
    "../../outside",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "NUL",
    "a|b`*_[x](javascript:y)",
)
CASE = """\
kpilab: 1
title: "TITLE"
periods: {baseline: [2026-01-05, 2026-01-11], current: [2026-01-12, 2026-01-18]}
tables:
  events: {kind: events, source: "<b>.csv", time: at, user: user, event: event, dimensions: [city]}
metrics:
  revenue: {table: events, measure: sum(amount), label: "IMAGE", owner: "TITLE"}
  visits: {table: events, measure: count(*) filter (where event = 'TITLE'), unit: "TITLE"}
  rate:
    table: events
    numerator: sum(amount)
    denominator: count(*) filter (where event = 'TITLE')
goal: {metric: revenue, formula: visits * rate, target: 9000}
kpis: [{metric: visits, owner: "TITLE", target: 100, level: "IMAGE"}]
dashboard: [revenue, visits]
funnels: {"../TITLE": {table: events, steps: ["event = 'TITLE'", "event = '=pay()'"], within: 1d}}
changes: [{date: 2026-01-12, text: "IMAGE"}]
"""


class Page(HTMLParser):
    """Elements of a page, and the attributes that could run or load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.running: list[str] = []
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        kind = dict(attrs).get("type")
        self.scripts += tag == "script" and kind != "application/json"
        outside = [
            v
            for k, v in attrs
            if k in ("src", "href", "action") and not (v or "").startswith(("#", "data:"))
        ]
        self.running += [k for k, _ in attrs if k.startswith("on")] + [str(v) for v in outside]


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    rows = []
    for day in range(14):
        start = datetime(2026, 1, 5, 9) + timedelta(days=day)
        for user in range(90):
            city = CITIES[user % len(CITIES)]
            rows.append((start, f"{SCRIPT}{user}", SCRIPT, city, None))
            if user % 3 == 0 and not (day >= 7 and city == IMAGE):
                rows.append((start + timedelta(minutes=5), f"{SCRIPT}{user}", "=pay()", city, 10.0))
    pd.DataFrame(rows, columns=["at", "user", "event", "city", "amount"]).to_csv(
        folder / "<b>.csv", index=False
    )
    (folder / "case.yml").write_text(CASE.replace("TITLE", SCRIPT).replace("IMAGE", IMAGE), "utf-8")
    return kpilab.open_case(folder)


@pytest.fixture(scope="module")
def review(case):
    return kpilab.review(case)


@pytest.mark.few(1)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_report_is_inert_and_stays_in_its_folder(case, review, tmp_path, lang):
    out = tmp_path / "out"
    paths = write(review, out, lang)
    page = Page(paths.html.read_text("utf-8"))
    assert (page.scripts, page.running) == (2, [])
    assert not {"img", "b", "iframe", "object", "link", "base", "form"} & set(page.tags)
    text = paths.md.read_text("utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "](javascript" not in text
    cells = [c for sheet in load_workbook(paths.xlsx) for row in sheet.iter_rows() for c in row]
    assert [c.coordinate for c in cells if c.data_type == "f"] == []
    assert any(isinstance(c.value, int | float) and c.value < 0 for c in cells), (
        "negative numbers stay numbers"
    )
    assert sorted(p.name for p in out.iterdir()) == [
        "review.html",
        "review.json",
        "review.md",
        "review.xlsx",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_board_is_inert(case, tmp_path):
    write_board(case, tmp_path)
    page = Page((tmp_path / "board.html").read_text("utf-8"))
    assert page.running == []
    assert not {"img", "b", "iframe", "script"} & set(page.tags)


def texts(widget: ipywidgets.Widget) -> list[str]:
    """What all HTML widgets below this one show."""
    own = [widget.value] if isinstance(widget, ipywidgets.HTML) else []
    return own + [t for child in getattr(widget, "children", ()) for t in texts(child)]


@pytest.mark.parametrize("app", [EXPLORE, PATHS], ids=["explore", "paths"])
def test_a_panel_is_inert(case, app):
    panel = Panel(case, app)
    panel.show.click()
    panel.wait()
    panel.show_code.click()
    assert not panel.error.value
    page = Page("".join(texts(panel)))
    assert page.running == []
    assert not {"img", "script", "b"} & set(page.tags)
    panel.stop()


def test_the_review_panel_is_inert(case, review):
    panel = ReviewPanel(case)
    panel.review = review
    panel._draw()
    page = Page("".join(texts(panel)))
    assert page.running == []
    assert not {"img", "script", "b"} & set(page.tags)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "－1"])
def test_no_text_of_a_sheet_is_a_formula_and_numbers_stay_numbers(text, tmp_path):
    assert str(safe(text)).startswith("'")
    assert safe(-1.5) == -1.5
    drawn = pd.DataFrame(
        {
            "record": [f"{text}1"],
            "stratum": text,
            "day": "2026-01-05",
            "action": text,
            "quantity": -1.0,
        }
    )
    plan = SamplePlan(drawn, drawn, tolerable=0.1, risk=0.05, allowed=0, seed=1)
    written = write_worksheet(plan, tmp_path / "sheet.csv")
    raw = pd.read_csv(written, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert all(raw[c].iat[0].startswith("'") for c in ("record", "stratum", "action"))
    assert raw["quantity"].iat[0] == "-1.0"
    book = load_workbook(write_worksheet(plan, tmp_path / "sheet.xlsx"))
    assert [
        c.coordinate for row in book.active.iter_rows() for c in row if c.data_type == "f"
    ] == []
    if text.strip() == text:
        assert read_worksheet(plan, written).empty


def test_a_record_that_a_workbook_cannot_hold_is_refused_in_words(tmp_path):
    drawn = pd.DataFrame(
        {"record": ["a\x07"], "stratum": "x", "day": "2026-01-05", "action": "x", "quantity": 1.0}
    )
    plan = SamplePlan(drawn, drawn, tolerable=0.1, risk=0.05, allowed=0, seed=1)
    with pytest.raises(BadInput, match="control characters"):
        write_worksheet(plan, tmp_path / "sheet.xlsx")


@pytest.mark.parametrize(
    "source", ["https://localhost/x.csv", "s3://b/x.parquet", "events.csv\0", "file:///etc/passwd"]
)
def test_a_source_is_a_file(case, tmp_path, source):
    text = (
        Path(case.folder / "case.yml")
        .read_text("utf-8")
        .replace('"<b>.csv"', f'"{source}"'.replace("\0", "\\0"))
    )
    (tmp_path / "case.yml").write_text(text, "utf-8")
    with pytest.raises(BadInput):
        kpilab.open_case(tmp_path)


@pytest.mark.parametrize(
    "path", ["", "\0", "x" * 5_000, "../" * 50 + "etc/passwd", "/dev/null", "/proc/self/mem", "nul"]
)
def test_a_notebooks_path_is_a_case_or_refused_in_words(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput):
        kpilab.open_case(path)


@pytest.mark.parametrize("language", ["fr", "", "../en", SCRIPT])
def test_a_notebooks_language_is_one_we_speak(case, language):
    with pytest.raises(BadInput, match="language"):
        kpilab.open_case(case.folder, language=language)
