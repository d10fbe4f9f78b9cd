"""What users of the field ask for beside the usual test: one side, arms against each other, exact
sample ratios, clustered errors, plans of every kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.plan import plan
from kpilab.core.trial import Design, Outcome, Units
from kpilab.errors import BadInput
from kpilab.show import say
from kpilab.stats.experiments.power import Sizing
from kpilab.stats.experiments.sample_ratio import sample_ratio


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"variant": np.resize(["A", "B", "C"], 1500)})
    frame["x"] = rng.normal(10, 2, 1500) + 0.3 * (frame["variant"] == "B")
    frame["shop"] = np.arange(1500) // 3 % 60 * 3 + np.arange(1500) % 3
    frame["n"], frame["visits"] = rng.poisson(4, 1500), rng.poisson(3, 1500) + 1
    frame["paid"] = (rng.random(1500) < 0.2).astype(int)
    return frame


def read(rows, *metrics, **design):
    rows = rows[rows["variant"] != "C"]
    return experiment(Units(rows), metrics=metrics or ["x"], control="A", design=Design(**design))


@pytest.mark.parametrize(("better", "side"), [("up", "greater"), ("down", "less")])
def test_one_sided_is_the_test_of_a_gain(rows, better, side):
    b, a = (rows.loc[rows["variant"] == v, "x"] for v in "BA")
    right = stats.ttest_ind(b, a, equal_var=False, alternative=side)
    found = read(rows, Outcome("x", better=better), sides=1)
    row = found.table.iloc[0]
    assert row["p"] == pytest.approx(right.pvalue, rel=1e-6)
    ends = right.confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((ends.low, ends.high))
    assert any("one-sided" in say(note) for note in found.notes)


def test_one_side_holds_for_looks_and_is_drawn(rows):
    for boundary, looks in (("always valid", (1.0,)), ("obrien-fleming", (0.5, 1.0))):
        asked = {"boundary": boundary, "looks": looks}
        one, two = (read(rows, sides=k, **asked).table.iloc[0] for k in (1, 2))
        assert two["low"] < one["low"] < one["effect"]
        assert one["high"] == np.inf
        assert one["p"] <= two["p"]
    found = read(rows, sides=1)
    assert "inf" not in say(found.headline).lower()
    assert "Infinity" not in found.chart().to_json()


def test_a_guardrail_is_read_on_both_sides(rows):
    guard = Outcome("n", role="guardrail")
    sides = [read(rows, "x", guard, sides=k).table.set_index("metric") for k in (1, 2)]
    assert sides[0].loc["n", "p"] == sides[1].loc["n", "p"]
    assert sides[0].loc["x", "p"] == pytest.approx(sides[1].loc["x", "p"] / 2)
    with pytest.raises(BadInput, match="sides"):
        Design(sides=3)


def test_arms_are_read_against_each_other(rows):
    found = experiment(Units(rows), metrics=["x"], control="A").pairs
    assert found[["first", "second"]].to_numpy().tolist() == [["B", "C"]]
    c, b = (rows.loc[rows["variant"] == v, "x"] for v in "CB")
    right = stats.ttest_ind(c, b, equal_var=False)
    assert found["p"].iloc[0] == pytest.approx(right.pvalue)
    assert found["effect"].iloc[0] == pytest.approx(c.mean() - b.mean())


def test_few_units_are_held_against_the_split_exactly():
    for seen, share in (((3, 12), 0.5), ((30, 50), 0.5), ((9, 1), 0.9), ((10, 0), 0.5)):
        right = stats.binomtest(seen[0], sum(seen), share).pvalue
        assert sample_ratio(seen, [share, 1 - share]).p == pytest.approx(right)
    # Three arms: the multinomial law, one way after another.
    ways = [(i, j, 9 - i - j) for i in range(10) for j in range(10 - i)]
    law = stats.multinomial(9, [0.5, 0.3, 0.2])
    chance = np.array([law.pmf(w) for w in ways])
    right = chance[chance <= law.pmf((1, 3, 5)) + 1e-12].sum()
    assert sample_ratio([1, 3, 5], [0.5, 0.3, 0.2]).p == pytest.approx(right)


def test_clustered_errors_are_those_of_a_regression(rows):
    rows = rows.assign(x=rows["x"] + rows["shop"] % 7)
    found = read(rows, cluster="shop").table.iloc[0]
    two = rows[rows["variant"] != "C"]
    fit = sm.OLS(two["x"], sm.add_constant((two["variant"] == "B").astype(float)))
    right = fit.fit(cov_type="cluster", cov_kwds={"groups": two["shop"]})
    assert found["effect"] == pytest.approx(right.params["variant"])
    z = stats.norm.isf(found["p"] / 2)
    assert z == pytest.approx(abs(right.tvalues["variant"]), rel=0.03)  # t and CR1 by arm


def sized(rows, metric, effect=0.1, **asked):
    return plan(Units(rows), metric=metric, effects=[effect], simulations=0, **asked)


def test_a_plan_for_every_kind(rows):
    mean, sd = rows["n"].mean(), rows["n"].std()
    plain = sized(rows, "n").table["units"].iloc[0]
    needed = stats.norm.isf(0.025) + stats.norm.ppf(0.8)
    assert plain == pytest.approx(4 * (needed * sd / (0.1 * mean)) ** 2, rel=2e-3)
    # The spread of a count grows with it: half of the units have a tenth more variance.
    count = sized(rows, Outcome("n", kind="count")).table["units"].iloc[0]
    assert count == pytest.approx(1.05 * plain, rel=1e-3)
    ratio = sized(rows, Outcome("rate", "n", per="visits"))
    assert ratio.mean == pytest.approx(rows["n"].sum() / rows["visits"].sum())
    middle = sized(rows, Outcome("x", kind="quantile"))
    assert middle.sd == pytest.approx(np.sqrt(np.pi / 2) * 2, rel=0.15)  # of a normal median
    with pytest.raises(BadInput, match="too few for this quantile"):
        sized(rows.head(60), Outcome("x", kind="quantile", quantile=0.99))


def test_a_plan_with_clusters_split_and_guardrails(rows):
    alike = rows.assign(x=rows["shop"] * 1.0)
    assert (
        sized(alike, "x", arms=Design(cluster="shop")).table["units"].iloc[0]
        > 5 * sized(alike, "x").table["units"].iloc[0]
    )
    even, uneven = (
        sized(rows, "x", arms=Design(split=s)).table["units"].iloc[0]
        for s in ({"A": 0.5, "B": 0.5}, {"A": 0.9, "B": 0.1})
    )
    assert uneven == pytest.approx(even * 0.25 / (0.9 * 0.1), rel=0.01)
    guard = Outcome("paid", kind="proportion", role="guardrail", margin=0.05)
    guarded = sized(rows, [Outcome("x"), guard])
    assert guarded.table["guardrail"].tolist() == ["paid"]
    one = sized(rows, "x", arms=Design(sides=1)).table["units"].iloc[0]
    assert one < even


def test_a_plan_shows_power_by_units_and_what_each_week_finds(rows):
    rows = rows.assign(at=pd.Timestamp("2026-01-05") + pd.to_timedelta(np.arange(1500) % 14, "D"))
    found = plan(Units(rows, time="at"), metric="x", effects=[0.02, 0.05], simulations=0)
    for lang, said in (("en", "Smallest effect that is found"), ("zh", "每满一周可发现的最小效果")):
        drawn = found.chart(lang).to_dict(validate=False)
        assert len(drawn["vconcat"]) == 3
        assert any(said in str(part["title"]) for part in drawn["vconcat"])
    for _effect, curve in found.curve.groupby("effect"):
        assert curve["power"].is_monotonic_increasing
    near = found.curve[found.curve["effect"] == 0.02]
    at = np.interp(found.table["units"].iloc[0], near["units"], near["power"])
    assert at == pytest.approx(0.8, abs=0.02)
    assert found.weeks["smallest"].is_monotonic_decreasing
    assert found.weeks["units"].iloc[0] == pytest.approx(750)


def test_a_skewed_metric_asks_for_more_of_a_loss_than_of_a_gain(rows):
    """In a small arm that may miss the large values a gain is easier to show."""
    rng = np.random.default_rng(1)
    rows = rows.assign(x=rng.gamma(0.5, 2, len(rows)))
    uneven = Design(split={"A": 0.9, "B": 0.1})
    gain, loss = (sized(rows, "x", e, arms=uneven).table["units"].iloc[0] for e in (0.2, -0.2))
    even = [sized(rows, "x", e).table["units"].iloc[0] for e in (0.2, -0.2)]
    assert gain < 0.9 * loss
    assert even[0] == even[1]
    sizing = Sizing(1, 2, shares=(0.9, 0.1), skewness=2.8)
    assert sizing.chance(0.2, sizing.units(0.2)) == pytest.approx(0.8)
    assert sizing.smallest(sizing.units(0.2)) == pytest.approx(0.2)


@pytest.mark.parametrize("kind", ["share", "count", "mean"])
def test_units_chance_and_smallest_effect_are_one(kind):
    sizing = Sizing(0.2, 0.16, kind, (0.7, 0.3))
    units = sizing.units(0.1)
    assert sizing.chance(0.1, units) == pytest.approx(0.8)
    assert sizing.smallest(units) == pytest.approx(0.1)
