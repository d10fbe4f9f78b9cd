"""Paths: neighbours, ways, and the counts process miners publish."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from kpilab import EventLog, funnel, paths
from kpilab.core.values import EVERYWHERE
from kpilab.engine.walks import END, START, walk
from kpilab.errors import BadInput


def log_of(text):
    """«ann: A B C; bob: A C» with a minute between events."""
    rows = []
    for part in text.split(";"):
        user, events = part.split(":")
        rows += [
            (user.strip(), pd.Timestamp("2026-01-01") + pd.Timedelta(minutes=k), e)
            for k, e in enumerate(events.split())
        ]
    return EventLog(pd.DataFrame(rows, columns=["user", "time", "event"]).sample(frac=1, random_state=1))


def test_ways_are_counted_from_the_start_asked_for():
    result = paths(log_of("ann: home cart pay; bob: home cart pay; cid: cart help"), start="cart", length=2)
    assert dict(zip(result.table["path"], result.table["count"], strict=True)) == {"cart → pay": 2, "cart → help": 1}
    assert result.count == 3


def test_ways_to_an_end_are_read_from_behind():
    result = paths(log_of("ann: home cart pay; bob: help cart pay"), end="pay", length=3)
    assert set(result.table["path"]) == {"home → cart → pay", "help → cart → pay"}


def test_ways_between_two_events_stop_at_the_end():
    result = paths(log_of("ann: a x b y; bob: a b; cid: a x x"), start="a", end="b", length=4)
    assert dict(zip(result.table["path"], result.table["count"], strict=True)) == {"a → x → b": 1, "a → b": 1}


def test_pooled_ways_keep_the_total():
    result = paths(log_of("ann: a b; bob: a c; cid: a d; dan: a b"), start="a", length=2, most=1)
    assert result.table["path"].tolist() == ["a → b", "…"]
    assert result.table["count"].sum() == result.count == 4


def test_totals_reconcile_with_the_funnel():
    log = log_of("ann: a b a b; bob: a c; cid: b")
    assert paths(log, start="a", by="user").users == funnel(log, ["a", "b"]).table["users"].iat[0] == 2


def test_transitions_name_entry_exit_and_loops():
    result = paths(log_of("ann: a a b; bob: b"), by="user")
    matrix = result.matrix()
    assert matrix.loc[START, "a"] == 1
    assert matrix.loc["b", END] == 2
    assert result.loops["source"].tolist() == ["a"]
    assert result.transitions.groupby("source")["probability"].sum().to_numpy() == pytest.approx(1)


def test_repeats_collapse():
    assert paths(log_of("ann: a a a b"), collapse=True).table["path"].tolist() == ["a → b"]


def test_a_pause_begins_a_new_path():
    log = log_of("ann: a b c")
    assert paths(log, gap="30s").count == 3
    assert paths(log, gap="60s").count == 1


def test_an_unknown_event_is_named_with_the_nearest():
    with pytest.raises(BadInput, match=r"no event named 'card'(.|\n)*cart"):
        paths(log_of("ann: cart pay"), start="card")


@pytest.mark.parametrize("name", ["pm_running_example", "pm_receipt", "pm_repair_example"])
def test_process_mining_counts(shared, name):
    manifest = json.loads((shared / "datasets" / "manifest.json").read_text("utf-8"))["datasets"]
    facts = next(d for d in manifest if d["file"] == f"{name}.csv")["computed_here"]
    frame = pd.read_csv(shared / "datasets" / f"{name}.csv", dtype=str)
    # The published counts keep the file's order inside one moment: microseconds say it.
    times = pd.to_datetime(frame["timestamp"], utc=True, format="ISO8601")
    frame["time"] = times.dt.tz_localize(None).astype("datetime64[us]") + pd.to_timedelta(
        frame.groupby("case_id").cumcount(), unit="us"
    )
    log = EventLog(frame, user="case_id", event="activity")
    result = paths(log, by="user", length=1)
    inner = result.transitions[(result.transitions["source"] != START) & (result.transitions["target"] != END)]
    assert (len(inner), int(inner["count"].sum())) == (facts["dfg_edges"], facts["dfg_total"])
    top = inner.head(5).sort_values(["count", "source"], ascending=[False, True])
    assert sorted(top["count"].tolist(), reverse=True) == [e[2] for e in facts["dfg_top5"]]
    rows = walk(log, by="user", where=EVERYWHERE).to_pandas()
    variants = rows.sort_values("place").groupby("unit")["event"].agg(tuple).value_counts()
    assert (len(variants), int(variants.iloc[0])) == (facts["variants"], facts["top_variant_cases"])
    starts = result.transitions[result.transitions["source"] == START]
    assert dict(zip(starts["target"], starts["count"], strict=True)) == facts["start"]
