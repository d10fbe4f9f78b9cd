"""The files of a review: whole, complete, harmless."""

from __future__ import annotations

import errno
import json
import math
import os
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from openpyxl import load_workbook

from kpilab.core.finding import BridgeRow
from kpilab.errors import BadInput
from kpilab.report.build import write
from kpilab.report.document import plain
from kpilab.report.page import embedded
from tests.report import reviews

TOP = [
    "case",
    "version",
    "periods",
    "goal",
    "bridge",
    "causes",
    "findings",
    "not_examined",
    "data_quality",
]
GOAL = [
    "metric",
    "baseline",
    "expected",
    "logged",
    "current",
    "change",
    "change_pct",
    "gap",
    "interval",
]
CAUSE = [
    "kind",
    "subject",
    "where",
    "except",
    "actors",
    "period",
    "effect",
    "effect_pct",
    "effect_on",
    "interval",
]
CAUSE += ["confidence", "step", "statement", "findings", "why", "action"]
FINDING = [
    "id",
    "step",
    "verdict",
    "effect",
    "interval",
    "p",
    "q",
    "strength",
    "statement",
    "table",
    "chart",
]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    return write(
        reviews.story(), tmp_path_factory.mktemp("story"), created="2026-10-01T08:00:00+00:00"
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    return write(reviews.hostile(), tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def data(story):
    return json.loads(story.json.read_text("utf-8"))


def test_all_keys_of_the_contract_are_there(data):
    assert set(TOP) <= set(data)
    assert set(GOAL) <= set(data["goal"])
    assert all(set(CAUSE) <= set(c) for c in data["causes"])
    assert all(set(FINDING) <= set(f) for f in data["findings"])
    assert all(set(r) == {"label", "cause", "amount", "interval"} for r in data["bridge"])
    assert data["not_examined"] == [{"step": "relation", "reason": "Relation: no KPI has a target"}]


def test_values_are_those_of_the_review(data):
    cause = data["causes"][1]
    assert cause["where"] == {"region": "north"}
    assert cause["except"] == {"store": "s7"}
    assert cause["actors"] == ["ann", "bob"]
    assert cause["period"] == ["2026-07-01", "2026-09-30"]
    assert cause["effect"] is None
    assert cause["interval"] is None
    assert data["causes"][0]["interval"] == [-6100.0, -4300.0]
    assert len(data["causes"][0]["why"]) == 3
    assert data["goal"]["change"] == -5000.0
    assert data["goal"]["gap"] == -7000.0


def test_the_bridge_sums_from_expected_to_logged(data):
    total = sum(row["amount"] for row in data["bridge"])
    assert math.isclose(total, data["goal"]["logged"] - data["goal"]["expected"], rel_tol=1e-9)


def test_missing_numbers_are_null(data):
    table = next(f["table"] for f in data["findings"] if f["id"] == "goal.1")
    assert table[0] == {"step": "visit", "rate": None, "users": 9}


def test_a_finding_without_a_picture_has_none(data):
    charts = {f["id"]: f["chart"] for f in data["findings"]}
    assert charts["root_cause.2"] is None
    assert charts["goal.1"]["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")


def test_equal_reviews_give_equal_bytes_but_for_the_time(story, tmp_path):
    again = write(reviews.story(), tmp_path, created="2026-10-01T08:00:00+00:00")
    assert again.json.read_bytes() == story.json.read_bytes()
    assert again.html.read_bytes() == story.html.read_bytes()
    later = write(reviews.story(), tmp_path, created="2026-10-02T08:00:00+00:00")
    old, new = json.loads(story.json.read_text("utf-8")), json.loads(later.json.read_text("utf-8"))
    assert {k for k in old if old[k] != new[k]} == {"created"}


def test_infinite_and_missing_numbers_stay_valid_json(tmp_path):
    row = BridgeRow(reviews.said("Odd: row"), float("inf"), float("nan"), None)
    review = replace(reviews.nothing(), bridge=(row,))
    text = write(review, tmp_path).json.read_text("utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text


class Page(HTMLParser):
    """Collects elements and handlers of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[dict[str, str | None]] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "script":
            self.scripts.append(dict(attrs))


def test_hostile_names_do_nothing_in_the_page(hostile):
    page = Page(hostile.html.read_text("utf-8"))
    running = [s for s in page.scripts if s.get("type") != "application/json"]
    assert len(running) == 2, "the library and the page's own script"
    assert "img" not in page.tags
    assert [a for a in page.attributes if a[0].startswith("on") or a[0] == "style"] == []


def test_nothing_in_the_page_is_loaded_from_elsewhere(story):
    page = Page(story.html.read_text("utf-8"))
    outside = [
        v for k, v in page.attributes if k in ("src", "href") and not (v or "").startswith("#")
    ]
    assert outside == []


def test_scripts_run_by_hash_alone(story):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', story.html.read_text("utf-8"))
    assert policy is not None
    assert "unsafe" not in policy[1]
    assert "default-src 'none'" in policy[1]


def test_embedded_json_cannot_end_its_element():
    text = embedded({"x": "</script><!--\u2028&"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"x": "</script><!--\u2028&"}


def test_no_cell_of_the_workbook_is_a_formula(hostile):
    book = load_workbook(hostile.xlsx)
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert [c.coordinate for c in cells if c.data_type == "f"] == []
    texts = {c.value for c in cells if isinstance(c.value, str)}
    assert {"'=cmd()", "'@SUM(A1)", "'-2+3", "'\tx", "ab"} <= texts


def test_every_table_has_a_sheet_and_the_index_names_them(story):
    book = load_workbook(story.xlsx, read_only=True)
    listed = [row[0] for row in book["Index"].iter_rows(min_row=2, values_only=True)]
    assert listed == book.sheetnames[1:]
    assert {"Goal", "goal.1", "root_cause.1", "execution.1"} <= set(listed)


def test_names_that_a_workbook_refuses_are_mended(tmp_path):
    long = "root/cause:" + "x" * 40
    steps = tuple(
        replace(s, findings=(reviews.finding(long), reviews.finding(long)))
        for s in reviews.story().steps[:1]
    )
    names = load_workbook(
        write(replace(reviews.story(), steps=steps), tmp_path).xlsx, read_only=True
    ).sheetnames
    assert len({n.lower() for n in names}) == len(names)
    assert max(map(len, names)) <= 31


def test_markdown_holds_no_html_from_names(hostile):
    text = hostile.md.read_text("utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "a\\|b" in text


def test_markdown_says_the_verdict_first(story):
    lines = [line for line in story.md.read_text("utf-8").splitlines() if line]
    assert lines[0] == "# Third quarter"
    assert lines[1].startswith(
        "**2 causes stand behind this; the largest: Unmonitored leak · Pay rate.** Paid orders fell"
    )


@pytest.mark.slow
def test_the_language_is_the_reviews_own_unless_another_is_asked_for(tmp_path):
    own = write(reviews.story("zh"), tmp_path).html.read_text("utf-8")
    assert "背后有 2 个原因" in own
    assert "支付订单下降了" in own
    assert "2 causes stand behind this" in write(
        reviews.story("zh"), tmp_path, "en"
    ).html.read_text("utf-8")


def test_an_unknown_language_is_named(tmp_path):
    with pytest.raises(BadInput, match="no language named 'fr'"):
        write(reviews.story(), tmp_path, "fr")


def test_nothing_wrong_is_said_calmly(tmp_path):
    paths = write(reviews.nothing(), tmp_path)
    assert "Nothing is wrong beyond noise." in paths.html.read_text("utf-8")
    assert json.loads(paths.json.read_text("utf-8"))["causes"] == []


def test_a_move_without_a_cause_is_not_called_fine(tmp_path):
    review = replace(reviews.story(), causes=())
    assert "nothing we examined explains it" in write(review, tmp_path).md.read_text("utf-8")


@pytest.mark.slow
def test_many_findings_stay_under_the_size_of_a_mail(tmp_path):
    paths = write(reviews.many(findings=60), tmp_path)
    assert paths.html.stat().st_size < 2_500_000
    assert "The chart is left out" in paths.html.read_text("utf-8")
    assert len(json.loads(paths.json.read_text("utf-8"))["findings"]) == 60


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BadInput, match="the review cannot be written") as error:
        write(reviews.nothing(), tmp_path / "out")
    assert "--out" in error.value.hint
    assert (tmp_path / "out").read_text() == "mine"


def test_a_full_disk_leaves_the_old_review_as_it_was(tmp_path, monkeypatch):
    paths = write(reviews.nothing(), tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    calls = []

    def full(handle):
        calls.append(handle)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInput, match="No space left"):
        write(reviews.story(), paths.json.parent)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_the_order_in_which_threads_add_up_changes_no_byte():
    parts = [0.1, 0.2, 0.3, 1e9, -1e9]
    assert sum(parts) != sum(reversed(parts))
    assert plain(0.1 + 0.2) == plain(0.3)
    assert plain(sum([0.1] * 10)) == 1.0
