"""Rereading finds planted lost units, novelties and lucky looks, and is silent on honest tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.reanalysis import reanalysis
from kpilab.analysis.experiments.suspects import segments_of
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Decision, Design, Outcome
from kpilab.errors import BadInput
from kpilab.show import say
from kpilab.stats.experiments.sample_ratio import sample_ratio

START = pd.Timestamp("2025-03-03")


def world(seed, *, units=1200, lift=0.0, half_life=None, lost=0.0, days=14):
    """Units that come back at random; in B the chance of a `pay` is higher by `lift`,
    for good or wearing off."""
    rng = np.random.default_rng(seed)
    arrived = rng.integers(0, days, units)
    variant = rng.choice(["A", "B"], units)
    platform = rng.choice(["ios", "android", "web"], units)
    kept = ~((variant == "B") & (platform == "android") & (rng.random(units) < lost))
    unit, age = np.divmod(np.arange(units * days), days)
    day = arrived[unit] + age
    come = (rng.random(len(unit)) < 0.4) | (age == 0)
    wears = 2.0 ** (-age / half_life) if half_life else 1.0
    pays = rng.random(len(unit)) < 0.2 + lift * wears * (variant[unit] == "B")
    rows = pd.DataFrame(
        {
            "user": unit,
            "time": START + pd.to_timedelta(day * 24 + 12, "h"),
            "platform": platform[unit],
        }
    )
    rows["event"] = np.where(pays, "pay", "visit")
    rows = rows[come & kept[unit]]
    table = pd.DataFrame({"user": np.arange(units), "variant": variant, "experiment": "t1"})
    table["time"] = START + pd.to_timedelta(arrived * 24 + 9, "h")
    log = EventLog(rows, dimensions=("platform",))
    return Assignments(table[kept]), log


def read(data, **changes):
    asked = {"outcome": "event = 'pay'", "control": "A"}
    plan = {
        "experiment": "t1",
        "split": {"A": 0.5, "B": 0.5},
        "start": date(2025, 3, 3),
        "planned_days": 14,
        "decided_on": date(2025, 3, 17),
    }
    plan |= {k: changes.pop(k) for k in Decision.__slots__ if k in changes}
    return reanalysis(*data, decision=Decision(**plan), **(asked | changes))


def test_a_lasting_effect_is_fine():
    result = read(world(1, lift=0.1))
    assert result.verdict == "fine"
    assert result.effect.excludes_zero


def test_units_lost_in_one_segment_are_found_there():
    result = read(world(2, lost=0.5))
    assert result.verdict == "srm"
    assert result.where.plain() == {"platform": "android"}
    assert "android" in say(result.headline, "zh")


def lost_of_many(seed, moved=False):
    """4,000 units, of which a fifth is on a small platform; there B lost a third, or has them
    under another name."""
    who, log = world(seed, units=4000, days=4)
    rng, rows, table = np.random.default_rng(seed), log.table.to_pandas(), who.table.to_pandas()
    small = rng.permutation(4000)[:800]
    b = set(table.loc[table["variant"] == "B", "user"])
    gone = {u for u in small if u in b and rng.random() < 0.34}
    rows.loc[rows["user"].isin(small), "platform"] = "tv"
    rows.loc[rows["user"].isin(gone), "platform"] = "tv app"
    keep = gone if not moved else set()
    return (
        Assignments(table[~table["user"].isin(keep)]),
        EventLog(rows[~rows["user"].isin(keep)], dimensions=("platform",)),
    )


def test_units_lost_in_a_small_segment_are_found_where_all_together_look_fine():
    result = read(lost_of_many(2), planned_days=4, decided_on=date(2025, 3, 7))
    assert result.verdict == "srm"
    assert result.where.plain() == {"platform": "tv"}
    assert result.p == pytest.approx(result.segments["q"].iat[0])
    assert sample_ratio(list(result.counts.values()), [1, 1]).p > 0.001


def test_units_that_a_variant_gave_another_value_are_not_lost():
    result = read(lost_of_many(2, moved=True), planned_days=4, decided_on=date(2025, 3, 7))
    assert result.segments["q"].iat[0] < 0.001
    assert result.verdict == "fine"


def test_an_effect_that_wears_off_is_a_novelty():
    result = read(world(3, lift=0.4, half_life=1.4))
    assert result.verdict == "novelty"
    assert result.lasting.low < 0.05
    assert 0.7 <= result.half_life <= 2.8


@pytest.mark.slow
def test_a_lucky_look_is_not_confirmed_over_the_planned_window():
    data = world(4)
    curve = read(data).curve
    lucky = int(curve["z"].abs().iloc[2:8].idxmax())
    result = read(data, decided_on=curve["day"].iat[lucky].date(), looks=max(lucky - 1, 1))
    assert result.verdict == "peeking"
    assert result.p > 0.05


@pytest.mark.slow
def test_a_boundary_or_an_unshipped_test_is_no_peeking():
    data = world(4)
    early = {"decided_on": date(2025, 3, 8), "looks": 4}
    assert read(data, **early, boundary="alpha spending").verdict == "fine"
    assert read(data, **early, shipped=False).verdict == "fine"


@pytest.mark.slow
def test_a_strong_effect_may_stop_early():
    assert read(world(5, lift=0.35), decided_on=date(2025, 3, 10), looks=6).verdict == "fine"


@pytest.mark.slow
def test_an_event_name_is_an_outcome_too():
    data = world(6, units=300)
    pd.testing.assert_frame_equal(read(data).curve, read(data, outcome="pay").curve)


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("outcome", "boundary"),
    [
        ("event = 'pay'", "none"),
        ("event = 'pay'", "pocock"),
        (Outcome("visits", "count(*)"), "none"),
        (Outcome("visits", "count(*)"), "alpha spending"),
        (
            Outcome(
                "share of visits that pay", "count(*) filter (where event = 'pay')", per="count(*)"
            ),
            "always valid",
        ),
    ],
)
def test_an_experiment_asked_on_the_day_gives_the_same_effect_interval_and_p(outcome, boundary):
    who, log = world(8, units=400, lift=0.1)
    day = date(2025, 3, 10)
    design = Design(boundary=boundary, looks=(0.3, 0.55))
    again = read((who, log), outcome=outcome, decided_on=day, boundary=boundary, design=design)
    m = (
        outcome
        if isinstance(outcome, Outcome)
        else Outcome("o", "max(case when event = 'pay' then 1 else 0 end)")
    )
    m = replace(m, kind="mean" if isinstance(outcome, Outcome) else "proportion")
    design = replace(design, start=date(2025, 3, 3), until=day, seen_until=day)
    design = replace(design, name="t1")
    row = experiment(who, log, metrics=[m], control="A", design=design).table.iloc[0]
    seen = (again.effect.value, again.effect.low, again.effect.high, again.p_effect, again.base)
    assert seen == pytest.approx(tuple(row[["effect", "low", "high", "p", "control"]]), rel=1e-9)
    assert list(again.counts.values()) == row[["units_control", "units_treatment"]].tolist()


@pytest.mark.slow
def test_amounts_are_read_by_their_own_measure():
    who, log = world(9, units=300, lift=0.0)
    spent = log.table.mutate(amount=(log.table["event"] == "pay").cast("int64") * 7)
    result = read(
        (who, EventLog(spent, dimensions=("platform",))), outcome=Outcome("spent", "sum(amount)")
    )
    paid = read((who, log), outcome=Outcome("paid", "count(*) filter (where event = 'pay')"))
    assert result.effect.value == pytest.approx(7 * paid.effect.value)
    told = result.figures["effect"]
    part = pytest.approx(result.effect.value / result.base)
    assert (told.key, told.values["value"]) == ("rereading.part", part)
    assert say(result.headline, "en") == say(paid.headline, "en")


@pytest.mark.slow
def test_honest_tests_are_left_alone():
    verdicts = [read(world(100 + k, units=500, lift=0.1 * (k % 2))).verdict for k in range(12)]
    assert verdicts == ["fine"] * 12


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"control": "a"}, "no variant named 'a'"),
        ({"experiment": "t2"}, "has no units"),
        ({"split": {"A": 0.4, "B": 0.4, "C": 0.2}}, "'C' has no units"),
        ({"split": {"A": 0.5, "D": 0.5}}, "the split leaves out variant 'B'"),
        ({"decided_on": date(2025, 3, 1)}, "before the start"),
        ({"outcome": "amount > 3"}, "no column named 'amount'"),
    ],
)
def test_bad_input_says_what_is_wrong(changes, words):
    with pytest.raises(BadInput, match=words):
        read(world(7, units=60), **changes)


def test_units_that_never_show_up_in_the_log_are_said():
    assignments, log = world(5)
    table = assignments.table.mutate(user=assignments.table["user"] + 10**6)
    with pytest.raises(BadInput, match="holds no row of any unit"):
        read((Assignments(table), log))


def test_a_dimension_of_one_value_is_no_segment_that_is_searched():
    by = pd.DataFrame(
        {"dimension": ["os"] * 4 + ["all"] * 2, "value": [*"aabbxx"], "variant": ["A", "B"] * 3}
    )
    by["units"] = [100, 130, 100, 90, 200, 220]
    found = segments_of(by, {"A": 0.5, "B": 0.5}, "A", "B")
    assert found["dimension"].tolist() == ["os", "os"]
    assert found["q"].iat[0] == pytest.approx(2 * found["p"].iat[0])
