"""What a log holds beside its events changes nothing: order, rows without user or time, a bot,
other events."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, funnel
from kpilab.engine.events import stream
from kpilab.events import Exclusion, Step, Steps

STEPS = ["visit", "cart", "pay"]
ASKED = {
    "ordered": (STEPS, {"within": "6h"}),
    "strict": (Steps(STEPS, mode="strict"), {}),
    "unordered": (Steps(STEPS, mode="unordered"), {"within": "1d"}),
    "excluded": (Steps(STEPS, exclude=[Exclusion("help", first=1, last=2)]), {}),
    "optional": (["visit", Step("cart", optional=True), "pay"], {}),
    "held": (["visit", Step("pay", hold=("os",))], {}),
    "reused": (Steps(["visit", "event in ('visit', 'cart')", "pay"], reuse_event=True), {}),
}


@pytest.fixture(scope="module")
def frame():
    """40 users, many ties, one user with a tenth of all events, values missing."""
    stream.prepare()
    random, n = np.random.default_rng(11), 600
    return pd.DataFrame({
        "user": np.where(random.random(n) < 0.1, "bot", random.integers(0, 40, n).astype(str)),
        "event": random.choice([*STEPS, "help"], n),
        "os": random.choice(["ios", "web", None], n),
        "time": pd.Timestamp("2026-01-01") + pd.to_timedelta(random.integers(0, 96, n), unit="h"),
    }).astype({"time": "datetime64[us]"})  # fmt: skip


@pytest.mark.few(3)
@pytest.mark.parametrize(("steps", "options"), ASKED.values(), ids=ASKED)
def test_kernel_and_expression_agree_whatever_else_the_log_holds(
    frame, steps, options, monkeypatch
):
    spoilt = pd.concat(
        [frame, frame.head(90).assign(user=None), frame.tail(90).assign(time=pd.NaT)]
    )
    whole = funnel(EventLog(spoilt.sample(frac=1, random_state=3)), steps, **options).table
    monkeypatch.setattr(stream, "ready", lambda rows: False)
    pd.testing.assert_frame_equal(
        whole, funnel(EventLog(frame), steps, **options).table, check_exact=False
    )


def test_a_duplicated_row_adds_nobody(frame):
    twice = pd.concat([frame, frame])
    assert (
        funnel(EventLog(twice), STEPS).table["users"].tolist()
        == funnel(EventLog(frame), STEPS).table["users"].tolist()
    )


def test_held_values_are_those_of_a_plain_loop(frame):
    reached = [0, 0]
    for _, mine in groupby(
        sorted(frame.itertuples(index=False), key=lambda r: r.user), key=lambda r: r.user
    ):
        rows = list(mine)
        starts = [r for r in rows if r.event == "visit"]
        ends = [r for r in rows if r.event == "pay" and isinstance(r.os, str)]
        reached[0] += bool(starts)
        reached[1] += any(
            s.os == e.os and pd.Timedelta(0) <= e.time - s.time <= pd.Timedelta("6h")
            for s in starts
            for e in ends
        )
    steps = ["visit", Step("pay", hold=("os",))]
    assert funnel(EventLog(frame), steps, within="6h").table["users"].tolist() == reached
