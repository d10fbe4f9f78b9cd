"""The board says per owner where each metric stands, and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date
from html.parser import HTMLParser

import pytest

from kpilab.core.values import Where
from kpilab.errors import BadInput
from kpilab.track.board import page, write_board
from kpilab.track.pace import progress
from kpilab.track.records import Aim
from tests.track.conftest import daily

MIDDLE = date(2026, 4, 13)  # fourteen of twenty-eight days are over
HOSTILE = "<script>alert('x')</script>\" onload=\"y"


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_a_total_on_its_way_is_held_against_what_is_due_by_now(make):
    case = make(daily(noise=0))
    found = progress(case, case.metrics["orders"], 24000.0, today=MIDDLE)
    assert (found.until, found.elapsed, found.value) == (date(2026, 4, 12), 0.5, 14 * 800)
    assert found.due == pytest.approx(12000)
    assert found.end.value == pytest.approx(28 * 800)
    assert (found.chance, found.standing) == (0.0, "behind")


def test_the_weekly_pattern_is_counted_in_what_is_due(make):
    frame = daily(noise=0)
    weekend = [d.weekday() >= 5 for d in frame["date"]]
    frame.loc[weekend, "orders"] *= 3
    case = make(frame)
    found = progress(
        case, case.metrics["orders"], 11000.0, today=date(2026, 4, 4)
    )  # five working days are over
    assert found.due == pytest.approx(11000 * 5 / 44)


def test_a_rate_is_held_against_the_target_itself(make):
    case = make(daily())
    found = progress(case, case.metrics["rate"], 0.15, today=MIDDLE)
    assert found.due == 0.15
    assert found.end.low <= found.end.value <= found.end.high
    assert (found.standing, found.better) == ("ahead", "up")


def test_when_the_period_is_over_the_target_was_reached_or_missed(make):
    case = make(daily(noise=0))
    assert progress(case, case.metrics["orders"], 22000.0).standing == "reached"
    assert progress(case, case.metrics["orders"], 23000.0).standing == "missed"
    assert (
        progress(case, case.metrics["refunds"], 2000.0).standing == "missed"
    )  # less would be better
    assert progress(case, case.metrics["refunds"], None).standing == "unknown"


def test_without_data_nothing_is_said(make):
    case, early = make(), date(2026, 3, 20)
    found = progress(case, case.metrics["orders"], 100.0, today=early)
    assert (found.standing, found.until, found.pace) == ("unknown", None, None)
    assert "There are no data in the current period yet." in page(case, today=early)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("Ann", "Orders", "will be missed", "Due by now", "mend the form", "not done")),
        ("zh", ("Ann", "订单", "预计落空", "此时应达", "mend the form", "未完成")),
    ],
)
def test_each_owner_has_target_pace_forecast_trend_and_actions(make, store, lang, words):
    store.add_action("loop", "mend the form", owner="Ann", due=date(2026, 12, 1))
    store.add_action(
        "loop",
        "done deed",
        owner="Carl",
        aim=Aim("orders", Where({"platform": "app"}), 0.1),
    )
    store.finish(2, date(2026, 3, 30))
    text = page(make(extra=f"language: {lang}\n"), store, today=MIDDLE)
    assert all(word in text for word in words)
    assert text.count("<svg") == 3
    assert re.findall(r"<h2[^>]*>(\w+)</h2>", text) == ["Ann", "Bob", "Carl"]


def test_names_from_the_data_are_text_only(make, store):
    store.add_action("loop", HOSTILE, owner=HOSTILE)
    extra = "  - {metric: refunds, owner: '<script>alert(1)</script>', target: 3000}\n"
    text = page(make(extra=extra), store, today=MIDDLE)
    read = Tags(text)
    assert "script" not in read.tags
    assert not [name for name in read.attributes if name.startswith("on") or name == "style"]


def test_the_policy_allows_its_own_style_and_nothing_else(make):
    text = page(make(), today=MIDDLE)
    style = re.search(r"<style>(.*?)</style>", text, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert policy.startswith("default-src 'none'; style-src 'sha256-" + digest)
    assert "http" not in re.sub(r"http-equiv", "", text)


def test_it_is_written_whole_and_a_bad_place_is_named(make, tmp_path):
    path = write_board(make(), tmp_path / "out", today=MIDDLE)
    assert path.read_text("utf-8").endswith("</html>")
    assert [p.name for p in path.parent.iterdir()] == ["board.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        write_board(make(), tmp_path / "file" / "out")
