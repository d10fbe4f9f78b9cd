"""Columns may be called anything: the names of our own columns are no exception."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab import EventLog, Where

NAMES = (
    "unit", "t", "mask", "level", "session", "path", "place", "event", "bucket", "day",
    "cohort", "size", "users", "age", "count", "n", "t1", "d2", "o1", "at", "went", "person",
    "step", "before", "new", "dau", "mau", "last", "since", "start", "end", "key", "source",
    "target", "value", "period", "num0", "variant", "holed", "row", "units",
)  # fmt: skip
REST = range(4, len(NAMES), 4)
ROLES = ("user", "time", "event", "app")
rng = np.random.default_rng(3)
SIZE = 400
LOG = pd.DataFrame({
    "user": rng.integers(0, 40, SIZE), "event": rng.choice(["open", "cart", "pay"], SIZE, p=[0.6,
        0.25, 0.15]),
    "time": pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, 42 * 86_400, SIZE),
        unit="s"),
    "app": rng.choice(["web", "shop", None], SIZE),
})  # fmt: skip
STEPS = ("open", "cart", "pay")
OURS = ("users", "before", "day", "cohort", "path", "bucket")


def answers(log, app):
    """What events are asked by a dimension, as plain numbers."""
    first, second = (kpilab.Period(pd.Timestamp(a).date(), pd.Timestamp(b).date()) for a, b in
                     (("2026-01-05", "2026-01-25"), ("2026-01-26", "2026-02-15")))  # fmt: skip
    touched = [kpilab.events.Breakdown(app, attribution=a) for a in ("first_touch", "step", "all")]
    change = kpilab.events.funnel_change(log, STEPS, baseline=first, current=second, breakdown=app)
    moves = kpilab.events.activity(log, by=app)
    kept, rolling = (
        kpilab.retention(log, by=app),
        kpilab.retention(log, by=app, back=kpilab.events.Return(how="rolling")),
    )
    yield from (kpilab.funnel(log, STEPS, breakdown=cut).values for cut in touched)
    yield from (change.table, moves.table, moves.lifecycle, kept.table, kept.curve, rolling.table)
    yield kpilab.paths(log, start="open", breakdown=app, ways=kpilab.events.Ways(length=3)).values
    yield kpilab.events.dropoff(log, STEPS, after=1, by=[app]).table
    yield kpilab.funnel(
        log,
        ["open", kpilab.events.Step("cart", where={app: "web"})],
        where=Where({app: ("web", None)}),
    ).table


def numbers(frame):
    return frame.select_dtypes("number").astype(float).round(9).reset_index(drop=True)


@pytest.fixture(scope="module")
def plain():
    return [numbers(f) for f in answers(EventLog(LOG), "app")]


@pytest.mark.slow
@pytest.mark.parametrize("k", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in REST)])
def test_events(plain, k):
    names = dict(zip(ROLES, (NAMES + NAMES)[k : k + 4], strict=True))
    roles = {role: names[role] for role in ROLES[:3]}
    for found, right in zip(
        answers(EventLog(LOG.rename(columns=names), **roles), names["app"]), plain, strict=True
    ):
        pd.testing.assert_frame_equal(numbers(found), right)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["step", *(pytest.param(name, marks=pytest.mark.slow) for name in OURS)]
)
def test_a_dimension_called_like_a_column_of_the_answer(plain, name):
    log = EventLog(LOG.rename(columns={"app": name}))
    for found, right in zip(answers(log, name), plain, strict=True):
        pd.testing.assert_frame_equal(numbers(found), right)
    assert {"step", "step (by)"} <= set(kpilab.funnel(EventLog(LOG.rename(columns={"app": "step"})),
        STEPS,
                                                      breakdown="step").values.columns)  # fmt: skip


def test_a_dimension_without_a_value_has_one():
    values = kpilab.funnel(
        EventLog(LOG), STEPS, breakdown=kpilab.events.Breakdown("app", attribution="all")
    ).values
    assert set(values["app"]) == {"web", "shop", "(missing)"}
    assert set(kpilab.events.activity(LOG, by="app").table["app"]) == {"web", "shop", "(missing)"}
