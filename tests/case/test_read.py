"""Reading a case: what is good opens, what is bad is named with line, key and mend, all at once."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from kpilab.case.read import open_case
from kpilab.core.values import Period
from kpilab.errors import BadInput
from tests.case.conftest import events


def problems(folder, **options):
    with pytest.raises(BadInput) as caught:
        open_case(folder, **options)
    for problem in caught.value.problems:
        assert problem.what
        assert problem.where
        assert problem.hint
    return caught.value.problems


def test_a_good_case_opens(make_case):
    case = open_case(make_case())
    assert (case.title, case.goal.metric, case.goal.tree.leaves) == (
        "small",
        "revenue",
        ("visits", "pay_rate", "basket"),
    )
    assert case.watched == {"revenue", "visits"}
    assert case.issues == ()


def test_the_file_itself_may_be_named(make_case):
    assert open_case(make_case() / "case.yml").title == "small"


def test_periods_can_be_overridden(make_case):
    case = open_case(make_case(), current="2026-01-15..2026-01-16", baseline="previous")
    assert case.current == Period(date(2026, 1, 15), date(2026, 1, 16))
    assert case.baseline == Period(date(2026, 1, 13), date(2026, 1, 14))


def test_dates_can_be_the_baseline(make_case):
    assert open_case(make_case(), baseline="2026-01-06..2026-01-07").baseline.days == 2


# What was broken, what the message names, which key and line it points to.
BROKEN = [
    (
        ("source: events.csv", "source: nowhere.csv"),
        "nowhere.csv",
        "line 9, key tables.events.source",
    ),
    (("user: user", "user: usr"), "usr", "line 11, key tables.events.user"),
    (("dimensions: [city]", "dimensions: [town]"), "town", "tables.events.dimensions"),
    (("title: small", "title: small\ntitel: small"), "titel", "line 3, key titel"),
    (
        ("title: small", "title: small\ntimezone: Asia/Shangai"),
        "Asia/Shanghai",
        "line 3, key timezone",
    ),
    (("    time: at", "    tme: at"), "tme", "line 10, key tables.events.tme"),
    (("2026-01-05, 2026-01-11", "2026-01-05, 2026-02-31"), "2026-02-31", "line 4"),
    (("2026-01-05, 2026-01-11", "2026-01-05, soon"), "soon", "periods.baseline"),
    (("2026-01-05, 2026-01-11", "2026-01-11, 2026-01-05"), "before it begins", "periods.baseline"),
    (
        ("2026-01-05, 2026-01-11", "2020-01-05, 2020-01-11"),
        "no rows in the baseline",
        "line 4, key periods.baseline",
    ),
    (("visits * pay_rate * basket", "visits * pay_rat * basket"), "pay_rat", "key goal.formula"),
    (("visits * pay_rate * basket", "visits *"), "ends too early", "key goal.formula"),
    (("visits * pay_rate * basket", "__import__('os')"), "not arithmetic", "key goal.formula"),
    (("visits * pay_rate * basket", "visits * revenue"), "lead back", "key goal.formula"),
    (("metric: revenue", "metric: revenu"), "revenu", "goal.metric"),
    (("dashboard: [revenue, visits]", "dashboard: [revenue, visit]"), "visit", "dashboard"),
    (
        ("table: events, measure: sum(amount)", "table: event, measure: sum(amount)"),
        "event",
        "metrics.revenue.table",
    ),
    (("sum(amount)}", "sum(amunt)}"), "amunt", "metrics.revenue.measure"),
    (("title: small", "title: small\ntitle: twice"), "stands twice", "line 3, key title"),
    (("title: small", "title: [1, 2]"), "[1, 2]", "key title"),
    (("kpilab: 1", "kpilab: 7"), "7", "line 1, key kpilab"),
    (("kind: events", "kind: evnts"), "evnts", "tables.events"),
    (("within: 1d", "within: soon"), "soon", "funnels.main.within"),
    (("within: 1d", "within: 1d, mode: sometimes"), "sometimes", "funnels.main.mode"),
    (("steps: [visit, cart, pay]", "steps: [visit]"), "visit", "funnels.main.steps"),
    (
        ("within: 1d", "within: 1d, strict_increase: 3"),
        "valid boolean",
        "funnels.main.strict_increase",
    ),
    (
        ("within: 1d", "within: 1d, mode: unordered, strict_increase: true"),
        "no step before them",
        "funnels.main.strict_increase",
    ),
    (
        ("[visit, cart, pay], within: 1d", "[visit, pay], within: 1d, strict_deduplication: true"),
        "no repeat stops a pass",
        "funnels.main.strict_deduplication",
    ),
    (("title: small\n", ""), "title", "title"),
    (("  formula: visits", " formula: visits"), "not valid YAML", "case.yml line"),
    (
        ("title: small", "title: !!python/object/apply:os.getcwd []"),
        "not valid YAML",
        "case.yml line 2",
    ),
]


@pytest.mark.parametrize(("edit", "named", "where"), BROKEN, ids=[b[0][1][:40] for b in BROKEN])
def test_what_is_wrong_is_named_with_its_place(make_case, edit, named, where):
    found = problems(make_case(edit))
    assert any(named in p.what and where in p.where for p in found), [str(p) for p in found]
    assert all("case.yml" in p.where for p in found)


EVIL = [
    "1; drop table x",
    "sum(amount); drop table events",
    "read_text('/etc/passwd')",
    "max(read_text('/etc/passwd'))",
    "getenv('HOME')",
    "max(getenv('HOME'))",
    "(select max(amount) from events)",
    "sum((select 1))",
    "count(*) from read_csv('x.csv')",
    "sum(amount) into x",
    "sum(amount) union select 1",
    "sum(amount), sum(amount)",
    "max(current_setting('secret'))",
    "sum(elsewhere.amount)",
    "glob('*')",
    "count(*) over ()",
    "amount",
    "sum(sum(amount))",
    "sum(",
    "",
]


@pytest.mark.parametrize("text", EVIL)
def test_an_expression_off_the_whitelist_is_refused(make_case, text):
    found = problems(make_case(("measure: sum(amount)", f'measure: "{text}"')))
    assert [p.where for p in found] == ["case.yml line 15, key metrics.revenue.measure"]


def test_a_circle_of_formulas_is_named(make_case):
    found = problems(make_case(extra="tree: {visits: pay_rate * 2, pay_rate: visits / 2}\n"))
    assert "pay_rate -> visits -> pay_rate" in found[0].what
    assert "key tree." in found[0].where


def test_several_problems_come_together(make_case):
    folder = make_case(
        ("title: small", "titel: small"), ("measure: sum(amount)", "measur: sum(amount)")
    )
    assert {p.where.split("key ")[1] for p in problems(folder)} >= {
        "titel",
        "title",
        "metrics.revenue.measur",
    }


def test_several_problems_of_data_come_together(make_case):
    folder = make_case(("user: user", "user: usr"), ("event: event", "event: evnt"))
    assert len(problems(folder)) == 2


def test_an_empty_table_is_a_problem(make_case):
    frame = pd.DataFrame(columns=["at", "user", "event", "city", "amount"])
    assert any("empty" in p.what for p in problems(make_case(frame=frame)))


def test_a_time_that_is_none_is_a_problem(make_case):
    frame = pd.DataFrame(
        {"at": ["a", "b"], "user": 1, "event": "visit", "city": "a", "amount": 1.0}
    )
    assert any("time" in p.what for p in problems(make_case(frame=frame)))


def test_rows_with_an_unreadable_time_are_counted(make_case, tmp_path):
    from tests.case.conftest import events

    frame = events().astype({"at": str})
    frame.loc[[3, 7], "at"] = "yesterday"
    case = open_case(make_case(frame=frame))
    assert [(i.table, i.column, i.rows) for i in case.issues] == [("events", "at", 2)]
    assert case.issues[0].statement.values["first"] == (5, 9)  # the names are row 1


def test_a_table_that_is_not_what_its_name_says(make_case):
    folder = make_case(("source: events.csv", "source: events.parquet"))
    (folder / "events.parquet").write_text("no parquet", "utf-8")
    assert any(
        "cannot be read" in p.what and "tables.events.source" in p.where for p in problems(folder)
    )


def test_an_address_is_no_source(make_case):
    found = problems(make_case(("source: events.csv", "source: https://example.org/events.csv")))
    assert any("address" in p.what for p in found)


@pytest.mark.parametrize(
    "current", ["2026-01-15", "a..b", "2026-01-16..2026-01-15", "2026-13-01..2026-13-02"]
)
def test_a_period_that_is_none(make_case, current):
    assert problems(make_case(), current=current)[0].where == "--current"


def test_no_folder():
    assert "nowhere" in problems("nowhere")[0].what


def test_no_case_in_a_folder(tmp_path):
    assert "case.yml" in problems(tmp_path)[0].what


def test_a_time_with_a_zone_is_read_in_the_days_of_the_case(make_case):
    # 17:00 in UTC is one o'clock of the next day in Shanghai; the machine's own zone plays no part.
    late = pd.DataFrame(
        {
            "at": "2026-01-05T17:00:00+00:00",
            "user": "u1",
            "event": ["visit", "pay"],
            "city": "a",
            "amount": [None, 5.0],
        }
    )
    whole = pd.concat(
        [events().assign(at=lambda f: f["at"].astype(str) + "+00:00"), late], ignore_index=True
    )
    found = {}
    for zone in ("UTC", "Asia/Shanghai"):
        table = open_case(
            make_case(("title: small", f"title: small\ntimezone: {zone}"), frame=whole)
        ).tables["events"]
        days = pd.to_datetime(
            table.table.filter(table.table["user"] == "u1")["at"].to_pandas()
        ).dt.date
        found[zone] = int((days == date(2026, 1, 6)).sum())
    assert found["Asia/Shanghai"] - found["UTC"] == 2


@pytest.mark.parametrize("column", ["city * 2", "amount + (2 - city)"])
def test_a_column_that_cannot_be_computed_is_named(make_case, column):
    with pytest.raises(BadInput, match="column 'x' cannot be computed"):
        open_case(make_case(("user: user", f"user: user\n    columns: {{x: {column}}}")))


def test_a_time_of_validity_that_is_no_column_is_refused_in_words(make_case):
    with pytest.raises(BadInput, match="no column named 'since'"):
        open_case(make_case(("user: user", "user: user\n    key: user\n    valid: {from: since}")))


def test_a_link_to_a_table_that_cannot_be_read_is_refused_for_that_reason(make_case):
    users = "\n  users: {kind: entities, source: users.csv, key: user}\nmetrics:"
    edits = ("user: user", "user: user\n    links: {user: users}\n    columns: {x: users.age}")
    with pytest.raises(BadInput, match="no file"):
        open_case(make_case(edits, ("\nmetrics:", users)))
