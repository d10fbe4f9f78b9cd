"""Control charts of a metric: quiet when usual, loud when not; fair targets; response times."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.operations.control import control
from kpilab.analysis.operations.fair_targets import fair_targets
from kpilab.analysis.operations.response import response
from kpilab.core.case import Metric
from kpilab.core.table import Facts, Incidents
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.errors import BadInput
from kpilab.stats.operations.shrink import normal
from tests.conftest import DATA

DAYS = pd.date_range("2026-03-02", periods=70, freq="D")
ALL = Period(DAYS[0].date(), DAYS[-1].date())
TOTAL = Metric("orders", "t", measure="sum(n)")
RATE = Metric("rate", "t", numerator="sum(k)", denominator="sum(n)")


def frame(rng, units=("a",), p=0.1):
    rows = []
    for unit in units:
        n = rng.poisson(1000 * np.where(DAYS.dayofweek < 5, 1, 0.6))
        rows.append(pd.DataFrame({"date": DAYS, "unit": unit, "n": n, "k": rng.binomial(n, p)}))
    return pd.concat(rows, ignore_index=True)


def test_a_fall_after_the_known_days_is_outside_and_the_weekend_is_not():
    data = frame(np.random.default_rng(1))
    data.loc[60, "n"] = 400
    known = Period(DAYS[0].date(), DAYS[49].date())
    result = control(Measured(Facts(data), TOTAL), period=ALL, known=known)
    assert result.table.loc[result.table["outside"], "day"].tolist() == [DAYS[60]]
    assert result.table["judged"].sum() == 20


def test_a_rate_per_unit():
    data = frame(np.random.default_rng(2), units=("a", "b"))
    data.loc[(data["unit"] == "b") & (data["date"] == DAYS[65]), "k"] *= 2
    result = control(Measured(Facts(data, dimensions=("unit",)), RATE), period=ALL, by=("unit",))
    out = result.table[result.table["outside"]]
    assert (out["unit"].tolist(), out["day"].tolist()) == (["b"], [DAYS[65]])


def test_few_days_are_no_chart():
    data = frame(np.random.default_rng(3)).head(8)
    with pytest.raises(BadInput, match="no series"):
        control(Measured(Facts(data), TOTAL), period=ALL)


def test_efron_and_morris():
    cases = {c["id"]: c for c in json.loads((DATA / "statistics_cases.json").read_text())["cases"]}
    case = cases["efron_morris"]
    n, hits = case["input"]["n"], np.array(case["input"]["hits"])
    rest = [
        0.346,
        0.298,
        0.276,
        0.222,
        0.273,
        0.270,
        0.263,
        0.210,
        0.269,
        0.230,
        0.264,
        0.256,
        0.303,
        0.264,
        0.226,
    ]
    rest = np.array(
        [*rest, 0.285, 0.316, 0.200]
    )  # the players' averages over the rest of the season
    grand = float((hits / n).mean())
    found = normal(hits / n, np.full(len(hits), grand * (1 - grand) / n))
    got = {
        "grand_mean": found.mean,
        "c": found.own[0],
        "sse_mle": float(((hits / n - rest) ** 2).sum()),
    }
    got["sse_js"] = float(((found.value - rest) ** 2).sum())
    for key, value in case["expected"].items():
        assert got[key] == pytest.approx(value, abs=case["tol"])


def test_a_small_store_is_drawn_further_and_targets_meet_the_aim():
    rng = np.random.default_rng(4)
    parts = []
    for k, size in enumerate([2000, 2000, 2000, 2000, 2000, 30]):
        n = rng.poisson(size, 70) + 1
        rate = 0.1 + 0.01 * k
        parts.append(
            pd.DataFrame({"date": DAYS, "unit": f"s{k}", "n": n, "k": rng.binomial(n, rate)})
        )
    table = Facts(pd.concat(parts, ignore_index=True), dimensions=("unit",))
    result = fair_targets(Measured(table, RATE), by="unit", period=ALL, aim=0.13)
    own = result.table.set_index("unit")["own"]
    assert own["s5"] == own.min()
    sizes = pd.concat(parts).groupby("unit")["n"].sum()
    target = result.table.set_index("unit")["target"]
    assert np.average(target, weights=sizes[target.index]) == pytest.approx(0.13)


def test_alarms_nobody_answered_count_as_waiting():
    at = pd.Timestamp("2026-06-01 08:00")
    answers = [at + pd.Timedelta(m, "min") for m in (5, 10, 15, 20)] + [pd.NaT, pd.NaT]
    log = pd.DataFrame({"time": at, "unit": "M1", "alarm": "jam", "responded": answers})
    log["solved"] = log["responded"] + pd.Timedelta(60, "min")
    result = response(Incidents(log), by=("unit",)).table.set_index("stage")
    assert result.loc["responded", "share"] == pytest.approx(4 / 6)
    assert result.loc["responded", "minutes"] == 20  # of those answered alone it would be 12.5
    log.loc[0, "responded"] = at - pd.Timedelta(1, "min")
    with pytest.raises(BadInput, match="before the alarm"):
        response(Incidents(log))


def test_the_days_are_dates_of_the_period():
    data = frame(np.random.default_rng(5))
    short = Period(date(2026, 3, 2), date(2026, 4, 30))
    result = control(Measured(Facts(data), TOTAL), period=short)
    assert result.table["day"].max() == pd.Timestamp("2026-04-30")


@pytest.mark.parametrize("level", [0.1, 1 / 3, 5.0])
def test_a_constant_has_no_point_outside_and_what_leaves_it_has(level):
    data = pd.DataFrame({"date": DAYS, "n": level})
    assert not control(Measured(Facts(data), TOTAL), period=ALL).table["outside"].any()
    data.loc[50:, "n"] = 2 * level
    known = Period(DAYS[0].date(), DAYS[49].date())
    result = control(Measured(Facts(data), TOTAL), period=ALL, known=known)
    assert result.table["outside"].sum() == 20
    assert result.headline.key == "control.outside"


def test_units_without_a_name_have_their_chart_target_and_times():
    data = frame(np.random.default_rng(2), units=("a", "b"))
    data = data.assign(unit=data["unit"].where(data["unit"] != "b"))
    measured = Measured(Facts(data), RATE)
    assert set(control(measured, period=ALL, by=("unit",)).table["unit"]) == {"a", "(missing)"}
    assert set(fair_targets(measured, by="unit", period=ALL).table["unit"]) == {"a", "(missing)"}
    assert set(fair_targets(measured, by="k", strata="unit", period=ALL).table["group"]) <= {
        "a",
        "(missing)",
    }
    at = pd.Timestamp("2026-03-02 08:00")
    log = pd.DataFrame(
        {"time": at, "unit": ["a", None], "alarm": "x", "responded": at, "solved": at}
    )
    assert set(response(Incidents(log), by=("unit",)).table["unit"]) == {"a", "(missing)"}
    with pytest.raises(BadInput, match="aim is nan"):
        fair_targets(measured, by="unit", period=ALL, aim=float("nan"))


def test_a_dimension_may_be_called_as_a_column_of_the_chart():
    data = frame(np.random.default_rng(1), units=("a", "b"))
    plain = control(Measured(Facts(data), TOTAL), period=ALL, by=["unit"])
    named = control(
        Measured(Facts(data.rename(columns={"unit": "day"})), TOTAL), period=ALL, by=["day"]
    )
    assert named.by == ("day (by)",)
    pd.testing.assert_frame_equal(named.table.rename(columns={"day (by)": "unit"}), plain.table)


def test_no_rows_are_no_chart():
    data = frame(np.random.default_rng(1)).head(0).astype({"date": "datetime64[us]"})
    with pytest.raises(BadInput, match="no series with 12 days"):
        control(Measured(Facts(data), RATE), period=ALL)


def ratio(x, n, days=60):
    day = pd.date_range("2026-01-05", periods=days)
    table = Facts(pd.DataFrame({"date": day, "x": x, "n": n}))
    metric = Metric("r", "facts", numerator="sum(x)", denominator="sum(n)")
    return control(Measured(table, metric), period=Period(day[0].date(), day[-1].date())).table


def test_averages_are_charted_as_individuals():
    rng = np.random.default_rng(5)
    values = rng.normal(5000, 100, 60)
    values[50] += 2000
    assert ratio(values, 100)["outside"].tolist() == [k == 50 for k in range(60)]


def test_a_rate_that_never_moved_has_a_chart():
    assert not ratio(0, 100)["outside"].any()
    assert not ratio(100, 100)["outside"].any()
    once = np.zeros(60)
    once[40] = 8
    assert ratio(once, 100)["outside"].sum() <= 1
