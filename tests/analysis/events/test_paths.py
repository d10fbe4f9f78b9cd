"""Paths: neighbours, ways, and the counts process miners publish."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, Where, funnel, paths
from kpilab.engine.events.walks import END, START, walk
from kpilab.errors import BadInput
from kpilab.events import Path, Ways, paths_change, step_matrix
from kpilab.stats.proportion import wilson


def log_of(text):
    """«ann: A B C; bob: A C» with a minute between events."""
    rows = []
    for part in text.split(";"):
        user, events = part.split(":")
        rows += [
            (user.strip(), pd.Timestamp("2026-01-01") + pd.Timedelta(minutes=k), e)
            for k, e in enumerate(events.split())
        ]
    return EventLog(
        pd.DataFrame(rows, columns=["user", "time", "event"]).sample(frac=1, random_state=1)
    )


def test_ways_are_counted_from_the_start_asked_for():
    result = paths(
        log_of("ann: home cart pay; bob: home cart pay; cid: cart help"),
        start="cart",
        ways=Ways(length=2),
    )
    assert dict(zip(result.table["path"], result.table["count"], strict=True)) == {
        "cart → pay": 2,
        "cart → help": 1,
    }
    assert result.count == 3


def test_ways_to_an_end_are_read_from_behind():
    result = paths(log_of("ann: home cart pay; bob: help cart pay"), end="pay", ways=Ways(length=3))
    assert set(result.table["path"]) == {"home → cart → pay", "help → cart → pay"}


def test_ways_between_two_events_stop_at_the_end():
    result = paths(
        log_of("ann: a x b y; bob: a b; cid: a x x"), start="a", end="b", ways=Ways(length=4)
    )
    assert dict(zip(result.table["path"], result.table["count"], strict=True)) == {
        "a → x → b": 1,
        "a → b": 1,
    }


def test_pooled_ways_keep_the_total():
    result = paths(
        log_of("ann: a b; bob: a c; cid: a d; dan: a b"), start="a", ways=Ways(length=2, most=1)
    )
    assert result.table["path"].tolist() == ["a → b", "…"]
    assert result.table["count"].sum() == result.count == 4


def test_totals_reconcile_with_the_funnel():
    log = log_of("ann: a b a b; bob: a c; cid: b")
    assert (
        paths(log, start="a", ways=Ways(unit="user")).users
        == funnel(log, ["a", "b"]).table["users"].iat[0]
        == 2
    )


def test_the_exits_of_a_way_reconcile_with_the_drop_off_of_the_funnel():
    log = log_of("ann: a b; bob: a; cid: a c; dan: b a; eve: a x b")
    steps = funnel(log, ["a", "b"]).table["users"]
    ways = paths(log, start="a", end="b", ways=Ways(unit="user", length=20))
    assert (
        paths(log, start="a", ways=Ways(unit="user")).users - ways.users
        == steps.iat[0] - steps.iat[1]
        == 3
    )


def test_a_breakdown_adds_up_to_the_ways():
    rows = log_of("ann: a b; bob: a c; cid: a b").table.to_pandas()
    log = EventLog(rows.assign(os=rows["user"].map({"ann": "ios", "bob": "web"})))
    result = paths(log, start="a", breakdown="os")
    assert result.values.groupby("path")["count"].sum().to_dict() == {"a → b": 2, "a → c": 1}
    assert set(result.values["os"]) == {"ios", "web", "(missing)"}


def test_ways_are_a_tree_that_parts_or_comes_together():
    result = paths(log_of("ann: a b c; bob: a b d; cid: a b c; dan: a d"), start="a")
    assert result.tree()[["depth", "way", "count"]].to_numpy().tolist() == [
        [0, "a", 4], [1, "a → b", 3], [2, "a → b → c", 2], [2, "a → b → d", 1], [1, "a → d", 1],
    ]  # fmt: skip
    assert result.tree()["share"].tolist() == pytest.approx([1, 3 / 4, 2 / 3, 1 / 3, 1 / 4])
    back = paths(log_of("ann: a d; bob: b d; cid: a d"), end="d").tree(backward=True)
    assert back[["way", "count"]].to_numpy().tolist() == [["d", 3], ["a → d", 2], ["b → d", 1]]


def test_only_whole_paths_that_hold_a_way_are_kept():
    assert paths(log_of("ann: a b; bob: a c"), ways=Ways(through="b")).table["path"].tolist() == [
        "a → b"
    ]


def sides(n, m):
    rows = [
        (f"u{side}{k}", side, e)
        for side in "xy"
        for k in range(n)
        for e in ("a", "b" if (side, k < m) == ("x", True) else "c")
    ]
    frame = pd.DataFrame(rows, columns=["user", "side", "event"])
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(
        frame.groupby("user").cumcount(), unit="min"
    )
    return EventLog(frame)


def test_two_groups_are_compared_way_by_way():
    change = paths_change(
        sides(100, 40), current=Where({"side": "x"}), baseline=Where({"side": "y"}), start="a"
    )
    row = change.table.set_index("path").loc["a → b"]
    assert (row["current"], row["baseline"], row["current_count"]) == (0.4, 0.0, 40)
    # One path per user: the variance of a share, p (1 - p) / n, and nothing from the other side.
    half = (row["high"] - row["low"]) / 2
    assert half == pytest.approx(1.972 * (0.4 * 0.6 / 99) ** 0.5, rel=0.01)
    assert row["q"] < 1e-6
    assert change.matrix("count").loc["a", "b"] == 40


def test_equal_groups_do_not_differ():
    rows = sides(50, 20).table.to_pandas().query("side == 'x'")
    log = EventLog(pd.concat([rows, rows.assign(user=rows["user"] + "z", side="z")]))
    change = paths_change(log, current=Where({"side": "x"}), baseline=Where({"side": "z"}))
    assert set(change.table["path"]) == {"a → b", "a → c"}
    assert change.table["difference"].tolist() == [0, 0]
    assert change.table["q"].tolist() == [1, 1]
    assert change.headline.key == "paths_change.same"


def test_transitions_name_entry_exit_and_loops():
    result = paths(log_of("ann: a a b; bob: b"), ways=Ways(unit="user"))
    matrix = result.matrix()
    assert matrix.loc[START, "a"] == 1
    assert matrix.loc["b", END] == 2
    assert result.loops["source"].tolist() == ["a"]
    assert result.transitions.groupby("source")["probability"].sum().to_numpy() == pytest.approx(1)


def test_repeats_collapse():
    assert paths(log_of("ann: a a a b"), ways=Ways(collapse=True)).table["path"].tolist() == [
        "a → b"
    ]


def test_a_pause_begins_a_new_path():
    log = log_of("ann: a b c")
    assert paths(log, ways=Ways(timeout="30s")).count == 3
    assert paths(log, ways=Ways(timeout="60s")).count == 1


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
    result = paths(log, ways=Ways(unit="user", length=1))
    inner = result.transitions[
        (result.transitions["source"] != START) & (result.transitions["target"] != END)
    ]
    assert (len(inner), int(inner["count"].sum())) == (facts["dfg_edges"], facts["dfg_total"])
    top = inner.head(5).sort_values(["count", "source"], ascending=[False, True])
    assert sorted(top["count"].tolist(), reverse=True) == [e[2] for e in facts["dfg_top5"]]
    rows = walk(log, Path(unit="user")).to_pandas()
    variants = rows.sort_values("place").groupby("unit")["event"].agg(tuple).value_counts()
    assert (len(variants), int(variants.iloc[0])) == (facts["variants"], facts["top_variant_cases"])
    starts = result.transitions[result.transitions["source"] == START]
    assert dict(zip(starts["target"], starts["count"], strict=True)) == facts["start"]


def visits_of(users: int, often: int, rng: np.random.Generator) -> EventLog:
    """Each user visits so often, half an hour apart and more, and goes on always or never."""
    goes, rows = rng.random(users) < 0.5, []
    for user in range(users):
        for k in range(often):
            at = pd.Timestamp("2026-01-01") + pd.Timedelta(hours=k)
            rows.append((user, at, "visit"))
            if goes[user]:
                rows.append((user, at + pd.Timedelta(minutes=1), "cart"))
    return EventLog(pd.DataFrame(rows, columns=["user", "time", "event"]))


@pytest.mark.parametrize("often", [1, 25])
def test_paths_of_one_user_count_as_one_where_they_are_all_alike(often):
    """Whoever always does the same tells once, however often: the intervals are those of users."""
    log = visits_of(60, often, np.random.default_rng(1))
    found = paths(log, start="visit")
    row = found.table.set_index("path").loc["visit → cart"]
    users = int(row["users"])
    assert row["count"] == users * often
    worth = 60 if often == 1 else 59  # of sixty users drawn, a variance has as many
    low, high = wilson(users / 60 * worth, worth)
    assert [row["low"], row["high"]] == pytest.approx([low, high])
    link = found.transitions.set_index(["source", "target"]).loc[("visit", "cart")]
    cell = step_matrix(log).table.set_index(["step", "event"]).loc[(2, "cart")]
    for other in (link, cell):
        assert [other["low"], other["high"]] == pytest.approx([low, high])
