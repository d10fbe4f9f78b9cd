"""Metrics over periods, days and segments, on a table small enough to check by eye."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.core.case import Metric
from kpilab.core.table import EventLog
from kpilab.core.values import Period, Where
from kpilab.engine import metrics
from kpilab.engine.column import marked
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, full_buckets, measure, measure_by
from kpilab.engine.run import OutOfMemory
from kpilab.errors import BadInput

# Monday to Sunday; one user a day, two on Saturday.
ROWS = [
    ("2026-01-05 09:00", "u1", "visit", "north", None),
    ("2026-01-05 09:05", "u1", "pay", "north", 10.0),
    ("2026-01-06 23:59", "u2", "visit", "south", None),
    ("2026-01-10 09:00", "u1", "visit", "north", None),
    ("2026-01-10 09:00", "u3", "visit", "south", None),
    ("2026-01-10 09:10", "u3", "pay", "south", 30.0),
    ("2026-01-12 00:00", "u4", "visit", "north", None),
]
REVENUE = Metric("revenue", "events", measure="sum(amount)")
RATE = Metric(
    "rate",
    "events",
    numerator="count(*) filter (where event = 'pay')",
    denominator="count(*) filter (where event = 'visit')",
)
DAU = Metric("dau", "events", measure="count(distinct user)", per="day")
WEEK = Period(date(2026, 1, 5), date(2026, 1, 11))
NEXT = Period(date(2026, 1, 12), date(2026, 1, 18))


@pytest.fixture
def log():
    frame = pd.DataFrame(ROWS, columns=["time", "user", "event", "region", "amount"])
    return EventLog(frame.assign(time=pd.to_datetime(frame["time"])), dimensions=("region",))


def row(table, **keys):
    for key, value in keys.items():
        table = table[table[key] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_period_has_both_its_days_and_a_ratio_its_parts(log):
    table = measure(log, [REVENUE, RATE], {"baseline": WEEK, "current": NEXT})
    week = row(table, **{PERIOD: "baseline"})
    assert (week["revenue"], week["rate"], week["rate:num"], week["rate:den"]) == (
        40.0,
        0.5,
        2.0,
        4.0,
    )
    assert (week["revenue:num"], week["revenue:den"]) == (40.0, 1.0)
    assert row(table, **{PERIOD: "current"})["rate"] == 0.0


def test_an_undefined_ratio_is_nan(log):
    day = Period(date(2026, 1, 7), date(2026, 1, 8))
    assert np.isnan(row(measure(log, [RATE], {"x": day}), **{PERIOD: "x"})["rate"])


def test_by_day_only_days_with_rows_come_back(log):
    table = measure(log, [RATE], {"x": WEEK}, Cut(grain="day"))
    assert {str(d)[:10] for d in table[BUCKET]} == {"2026-01-05", "2026-01-06", "2026-01-10"}


def test_by_week_and_month(log):
    both = {"x": Period(date(2026, 1, 5), date(2026, 1, 18))}
    weeks = measure(log, [REVENUE], both, Cut(grain="week"))
    assert {str(b)[:10] for b in weeks[BUCKET]} == {"2026-01-05", "2026-01-12"}
    assert {str(b)[:10] for b in measure(log, [REVENUE], both, Cut(grain="month"))[BUCKET]} == {
        "2026-01-01"
    }


def test_segments_sum_to_the_whole(log):
    parts = measure(log, [REVENUE, RATE], {"x": WEEK}, Cut(by=("region",)))
    assert row(parts, **{marked("region"): "north"})["rate"] == 0.5
    assert parts["revenue"].sum() == 40.0
    assert parts["rate:den"].sum() == 4.0


def test_a_filter_and_what_is_taken_out(log):
    north = measure(log, [REVENUE], {"x": WEEK}, Cut(where=Where({"region": "north"})))
    without = measure(log, [REVENUE], {"x": WEEK}, Cut(where=Where({}, {"region": "north"})))
    assert (north["revenue"].item(), without["revenue"].item()) == (10.0, 30.0)


def test_what_does_not_add_up_is_a_mean_over_full_days(log):
    # Days have 1, 1, 0, 0, 0, 2, 0 users: days without rows count as zero.
    assert measure(log, [DAU], {"x": WEEK})["dau"].item() == pytest.approx(4 / 7)


def test_metrics_of_different_grain_stand_side_by_side(log):
    table = measure(log, [DAU, REVENUE], {"baseline": WEEK, "current": NEXT})
    assert row(table, **{PERIOD: "current"})["dau"] == pytest.approx(1 / 7)
    assert row(table, **{PERIOD: "baseline"})["revenue"] == 40.0


def test_a_condition_of_the_metric_restricts_its_rows(log):
    south = Metric("south", "events", measure="sum(amount)", condition="region = 'south'")
    assert measure(log, [south, REVENUE], {"x": WEEK}).iloc[0][["south", "revenue"]].tolist() == [
        30.0,
        40.0,
    ]


def test_a_period_shorter_than_the_grain_is_refused(log):
    weekly = Metric("wau", "events", measure="count(distinct user)", per="week")
    with pytest.raises(BadInput, match="no full week"):
        measure(log, [weekly], {"x": Period(date(2026, 1, 6), date(2026, 1, 12))})


def test_order_of_rows_changes_nothing(log):
    table = log.table.to_pandas()
    other = EventLog(table.sample(frac=1, random_state=1), dimensions=("region",))
    a, b = (measure(t, [REVENUE, RATE, DAU], {"x": WEEK}) for t in (log, other))
    pd.testing.assert_frame_equal(a, b)


def test_a_name_cannot_leave_its_quotes(log):
    name = 'x", (select 1) as "y'
    table = measure(log, [Metric(name, "events", measure="sum(amount)")], {"x": WEEK})
    assert table[name].item() == 40.0


def test_full_buckets():
    january = Period(date(2026, 1, 3), date(2026, 3, 2))
    assert full_buckets(january, "month") == [date(2026, 2, 1)]
    assert full_buckets(january, "week")[0] == date(2026, 1, 5)
    assert full_buckets(january, "week")[-1] == date(2026, 2, 23)
    assert len(full_buckets(january, "day")) == 59


@pytest.mark.parametrize("cut", [Cut(), Cut("day", ("region",))])
def test_too_little_memory_for_all_metrics_asks_for_fewer_at_a_time(log, monkeypatch, cut):
    periods = {"before": WEEK, "after": NEXT}
    whole = measure(log, [REVENUE, RATE, DAU], periods, cut)
    collected = metrics.collect_text

    def scarce(rows, select, purpose, limit):
        if select.lower().count(" as ") > 2 + len(cut.by):
            raise OutOfMemory(f"{purpose}: Out of Memory Error")
        return collected(rows, select, purpose, limit)

    monkeypatch.setattr(metrics, "collect_text", scarce)
    pd.testing.assert_frame_equal(
        measure(log, [REVENUE, RATE, DAU], periods, cut), whole, check_like=True
    )


def test_dimensions_asked_for_together_are_what_each_is_alone(log):
    rows = log.table.to_pandas()
    rows["channel"] = ["web", "app"] * (len(rows) // 2) + ["web"] * (len(rows) % 2)
    rows.loc[0, "region"] = None
    rows["code"] = pd.Series([k % 3 if k % 2 else None for k in range(len(rows))], dtype="Int64")
    names = ("region", "channel", "code")
    table = EventLog(rows, dimensions=names)
    periods = {"baseline": WEEK, "current": NEXT}
    together = measure_by(table, [REVENUE, RATE, DAU], periods, names)
    for name in names:
        alone = measure(table, [REVENUE, RATE, DAU], periods, Cut("day", (name,)))
        keys = [PERIOD, BUCKET, marked(name)]
        pd.testing.assert_frame_equal(
            *(
                f.assign(**{k: f[k].astype(str) for k in keys}).sort_values(keys, ignore_index=True)
                for f in (together[name][alone.columns], alone)
            )
        )
    assert measure_by(table, [REVENUE], periods, ()) == {}


def test_a_metric_too_large_for_the_memory_says_so(log):
    log.table.get_backend().raw_sql("SET memory_limit = '1MB'")
    with pytest.raises(OutOfMemory, match="memory_limit"):
        measure(log, [Metric("many", "events", measure="count(distinct user)")], {"x": WEEK})


def test_a_dimension_may_be_called_as_a_column_of_ours(log):
    named = EventLog(
        log.table.mutate(period=log.table["event"], bucket=log.table["event"]),
        dimensions=("period",),
    )
    table = measure(named, [REVENUE], {"current": WEEK}, Cut("day", ("period", "bucket")))
    assert set(table[marked("period")]) == set(table[marked("bucket")]) == {"visit", "pay"}
    assert set(table[PERIOD]) == {"current"}
