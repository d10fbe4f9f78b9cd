"""Sequences: what follows an event, what does not, and which pairs count where they overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog
from kpilab.events import Pairs, sequences


def log_of(ways):
    """«{"ann": "a1 b2"}»: events and seconds."""
    rows = [(user, float(e[1:]), e[0]) for user, way in ways.items() for e in way.split()]
    frame = pd.DataFrame(rows, columns=["user", "time", "event"])
    frame["time"] = pd.Timestamp("2026-01-05") + pd.to_timedelta(frame["time"], unit="s")
    return EventLog(frame)


def followed(log, pair, **options):
    """Counted with and without overlap."""
    both = (Pairs(pair, overlapping=overlap) for overlap in (True, False))
    return [int(sequences(log, pairs, **options).table["followed"].iat[0]) for pairs in both]


def test_pairs_that_do_not_overlap_are_those_of_another_tool():
    """The example of ClickHouse's documentation: 1 3 2 1 3 2 hold two chains of 1 and 2."""
    assert followed(log_of({"ann": "a1 c2 b3 a4 c5 b6"}), ("a", "b")) == [2, 2]


@pytest.mark.parametrize(
    ("way", "pair", "options", "found"),
    [
        ("a1 a2 b3 b4", ("a", "b"), {}, [2, 1]),
        ("a1 a2 a3 a4 a5", ("a", "a"), {}, [4, 2]),
        ("a1 a2 a3 a9 a10", ("a", "a"), {"within": "2s"}, [3, 2]),
        ("a1 a2 b3 a4 b5 b6", ("a", "b"), {"at_least": "3s"}, [2, 1]),
        ("a1 a2 c3 a4 a5", ("a", "a"), {"adjacent": True}, [2, 2]),
        ("a1 a2 a3 c4 a5 a6", ("a", "a"), {"adjacent": True}, [3, 2]),
        ("b1 a1 b1", ("a", "b"), {}, [1, 1]),
        ("a1 c2", ("a", "c"), {"at_least": "5s"}, [0, 0]),
    ],
)
def test_the_next_pair_begins_behind_the_one_before(way, pair, options, found):
    assert followed(log_of({"ann": way, "bob": "b1 c2"}), pair, **options) == found


def test_users_and_waits_are_those_of_the_pairs_counted():
    log = log_of({"ann": "a0 a8 b10", "bob": "a0 b4", "cid": "a0"})
    row = sequences(log, Pairs(("a", "b"), overlapping=False)).table.iloc[0]
    assert row[["times", "followed", "users", "users_followed"]].tolist() == [4, 2, 3, 2]
    assert row["median_seconds"] == 7  # ann's pair begins with her first a


def greedy(events, pair, low, high):
    count, k = 0, 0
    while k < len(events):
        t, name = events[k]
        ends = [j for j in range(k + 1, len(events)) if events[j][1] == pair[1]]
        end = next((j for j in ends if events[j][0] - t >= low), None)
        hit = name == pair[0] and end is not None and events[end][0] - t <= high
        count, k = count + hit, (end if hit else k) + 1
    return count


@pytest.mark.parametrize("pair", [("a", "b"), ("a", "a")])
@pytest.mark.parametrize(("low", "high"), [(0, 900), (0, 4), (3, 9)])
def test_random_logs_are_counted_as_one_by_one(pair, low, high):
    random, ways = np.random.default_rng(11), {}
    for user in range(60):
        times = np.sort(random.choice(40, 12, replace=False))
        ways[f"u{user}"] = [
            (int(t), str(e)) for t, e in zip(times, random.choice(list("abc"), 12), strict=True)
        ]
    log = log_of({u: " ".join(f"{e}{t}" for t, e in way) for u, way in ways.items()})
    limits = {"within": f"{high}s"} | ({"at_least": f"{low}s"} if low else {})
    wanted = sum(greedy(way, pair, low, high) for way in ways.values())
    assert followed(log, pair, **limits)[1] == wanted


def test_two_of_one_name_at_one_moment_do_not_follow_each_other():
    rows = [("a", "x", 0), ("a", "x", 0), ("b", "x", 0), ("c", "x", 0), ("c", "x", 5)]
    frame = pd.DataFrame(rows, columns=["user", "event", "time"])
    frame["time"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame["time"], unit="min")
    for adjacent in (False, True):
        row = sequences(EventLog(frame), ("x", "x"), within="1h", adjacent=adjacent).table.iloc[0]
        assert list(row[["times", "followed", "users", "users_followed"]]) == [5, 1, 3, 1]
