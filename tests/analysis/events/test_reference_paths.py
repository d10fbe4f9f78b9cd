"""Numbers of another tool, reproduced: transition weights, step matrices and funnels over paths."""

from __future__ import annotations

import ast
import json
from functools import cache

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, Where, funnel, paths
from kpilab.engine.events import stream
from kpilab.engine.events.walks import END, START
from kpilab.events import Gap, Path, Point, Steps, Ways, step_matrix
from tests.conftest import DATA

CASES = DATA / "path_cases.json"
WEIGHTS = {
    "count": "count", "avg_per_path": "per_path", "proba_out": "probability",
    "share_of_total": "share",
    "time_median": "median_seconds",
}  # fmt: skip
# Recorded as the first entry of an index; the tests' names say that the event is (not) among the
# rows.
AMONG = {"rete-020": ("home", True), "rete-036": ("home", False)}


@cache
def cases(function):
    found = json.loads(CASES.read_text("utf-8"))["cases"] if CASES.exists() else []
    return [c for c in found if c["function"] in function]


def log_of(case):
    frame = pd.DataFrame(case["rows"], columns=case["columns"])
    # The peer keeps the order of rows inside one moment: microseconds say it.
    ties = pd.to_timedelta(frame.groupby(["user_id", "timestamp"]).cumcount(), unit="us")
    frame["time"] = pd.to_datetime(frame["timestamp"]).astype("datetime64[us]") + ties
    frame["user_id"] = frame["user_id"].astype(str)
    session = "session_id" if "session_id" in frame else None
    return EventLog(frame, user="user_id", session=session)


def unit(case):
    return "session" if case["kwargs"].get("path_col") == "session_id" else "user"


def way(text):
    """«A->.*->[^B]*->C» as events and gaps."""
    parts = []
    for part in text.split("->"):
        if part == ".*":
            parts.append(Gap())
        elif part.startswith("[^"):
            parts.append(Gap(without=tuple(part[2:-2].split("|"))))
        else:
            parts.append(part)
    return parts


def same(found, wanted):
    expected = pd.DataFrame(
        wanted["values"], index=wanted["index"], columns=wanted["columns"]
    ).astype(float)
    found = found.rename(columns=str)
    assert list(found.index) == list(expected.index)
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), atol=1e-9)


@pytest.mark.parametrize("case", cases(("transition_graph_data",)), ids=lambda c: c["id"])
def test_transition_weights(case):
    log, asked = log_of(case), case["kwargs"]
    wanted = case["asserts"][0][1]
    if case["id"] in AMONG:
        event, there = AMONG[case["id"]]
        result = paths(log, ways=Ways(unit=unit(case), through=way(asked["path_pattern"])))
        assert (event in result.matrix().index) is there
        return
    weight = WEIGHTS[asked["edge_weight"]]
    if "diff" in asked:
        sides = [
            paths(log, where=Where({"user_id": tuple(users)}), ways=Ways(unit=unit(case)))
            for users in asked["diff"]
        ]
        same(sides[0].matrix(weight) - sides[1].matrix(weight), wanted)
        return
    matrix = paths(log, ways=Ways(unit=unit(case))).matrix(weight)
    if (
        weight == "median_seconds"
    ):  # nanoseconds there; and 0 where a path begins or ends, which has no length here
        matrix = matrix * 1e9
        counts = paths(log, ways=Ways(unit=unit(case))).matrix()
        at_ends = counts.index.isin([START])[:, None] | counts.columns.isin([END])[None, :]
        assert matrix.to_numpy()[at_ends & (counts > 0).to_numpy()] == pytest.approx(
            np.nan, nan_ok=True
        )
        matrix = matrix.mask(at_ends & (counts > 0), 0.0)
    same(matrix, wanted)


@pytest.mark.parametrize(
    "case", cases(("step_sankey_data", "step_matrix_data")), ids=lambda c: c["id"]
)
def test_step_matrices(case):
    asked = case["kwargs"]
    anchor = asked.get("anchor", asked.get("path_pattern", START))
    if isinstance(anchor, str):
        point = way(anchor)
    else:
        rest = {k: anchor[k] for k in ("occurrence", "offset") if k in anchor}
        point = Point(way(anchor["pattern"]), **rest)
    path = Path(unit=unit(case))
    result = step_matrix(log_of(case), around=point, steps=asked["max_steps"], path=path)
    for place, wanted in case["asserts"]:
        if case["id"] in AMONG:
            event, there = AMONG[case["id"]]
            assert (event in result.matrix().index) is there
        elif isinstance(wanted, dict):
            same(result.matrix(place[0] if place else 0), wanted)
        elif place[1] == "columns":
            assert result.matrix().columns[place[2]] == wanted
        else:
            event, step = ast.literal_eval(place[2])
            assert result.matrix(int(place[0])).loc[event, step] == wanted


@pytest.mark.parametrize("case", cases(("funnel_data",)), ids=lambda c: c["id"])
def test_funnels_over_paths(case):
    stream.prepare()
    frame = pd.DataFrame(case["rows"], columns=case["columns"])
    table = funnel(
        log_of(case), Steps(case["kwargs"]["steps"], unit=unit(case)), within="36500d"
    ).table
    units = frame["user_id"].nunique()
    for (_, k, what), wanted in case["asserts"]:
        users = table["users"].iat[k]
        # There a rate has all paths below it at the first step, and is 0 after an empty step.
        below = units if what == "conversion_rate" or k == 0 else table["users"].iat[k - 1]
        assert (users if what == "unique_paths" else users / max(below, 1)) == pytest.approx(wanted)
