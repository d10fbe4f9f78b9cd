"""What was only bought early is missing after the peak, among those who bought."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput, Period
from kpilab.analysis.customers.pull_forward import Sought, sought
from kpilab.customers import pull_forward

PEAK = Period(date(2026, 3, 2), date(2026, 3, 15))
ASKED = {"customer": "who", "amount": "amount", "peak": PEAK}


def orders(seed: int, extra: int = 0, pulled: float = 0.0, fall: float = 0.0) -> pd.DataFrame:
    """2,000 customers of a year, 40 orders a day; in the peak `extra` more, a part of which is
    taken from the same customers in the fortnight after; or all buy less then."""
    noise = np.random.default_rng(seed)
    days = pd.date_range("2025-03-03", "2026-03-29")
    counts = noise.poisson(40, len(days))
    frame = pd.DataFrame(
        {"date": days.repeat(counts), "who": noise.integers(0, 2000, counts.sum())}
    )
    peak = frame["date"].between(pd.Timestamp(PEAK.first), pd.Timestamp(PEAK.last))
    after = frame["date"] > pd.Timestamp(PEAK.last)
    ahead = noise.random(len(frame)) < np.where(after, pulled, 0)
    early = frame[ahead].assign(date=pd.Timestamp(PEAK.first) + pd.Timedelta(days=5))
    more = (
        frame[peak]
        .sample(extra, random_state=seed, replace=True)
        .assign(who=noise.integers(0, 2000, extra))
    )
    gone = ahead | (after & (noise.random(len(frame)) < fall))
    frame = pd.concat([frame[~gone], early, more])
    return frame.assign(amount=noise.gamma(4, 10, len(frame)))


def test_what_is_pulled_forward_is_missing_among_the_early():
    result = pull_forward(orders(1, extra=100, pulled=0.5), **ASKED)
    assert result.pulled
    # Half of 560 orders came early, beside 100 more: 280 of 380 of the excess are missing.
    assert result.share.low < 280 / 380 < result.share.high


@pytest.mark.few(1)
@pytest.mark.parametrize("made", [{}, {"extra": 300}, {"fall": 0.5}])
def test_no_peak_a_plain_peak_or_a_fall_of_all_is_none(made):
    assert sum(pull_forward(orders(s, **made), **ASKED).pulled for s in range(6)) <= 1


def test_without_customers_peak_and_trough_are_those_of_all():
    rows = orders(1, extra=100, pulled=0.5)
    known = pull_forward(rows, **ASKED)
    alone = pull_forward(rows, **ASKED | {"customer": None})
    assert alone.pulled
    assert list(alone.table["part"]) == ["peak", "trough"]
    pd.testing.assert_frame_equal(alone.table, known.table.head(2))
    assert alone.share.value == pytest.approx(known.share.value)
    assert alone.headline.key == "pull_forward.whole"
    pull_forward(rows, **ASKED | {"customer": None}).chart("zh").to_dict()


@pytest.mark.few(1)
@pytest.mark.parametrize("made", [{}, {"extra": 300}, {"fall": 0.5}])
def test_without_customers_no_peak_or_no_trough_is_none(made):
    made = [pull_forward(orders(s, **made), **ASKED | {"customer": None}) for s in range(6)]
    assert sum(found.pulled for found in made) <= 1


def test_parts_of_the_trough_sum_to_it():
    table = pull_forward(orders(3), **ASKED).table.set_index("part")
    assert table.loc["early", "actual"] + table.loc["others", "actual"] == pytest.approx(
        table.loc["trough", "actual"]
    )


def test_a_peak_beyond_the_rows_is_refused():
    with pytest.raises(BadInput, match="no row lies in"):
        pull_forward(orders(1), **ASKED | {"peak": Period(date(2027, 1, 1), date(2027, 1, 9))})


def test_no_day_after_the_peak_is_refused():
    with pytest.raises(BadInput, match="trough is 0 days"):
        pull_forward(orders(1), **ASKED, trough=0)


def ahead(seed: int) -> pd.DataFrame:
    """Two fifths of what six weeks would have brought is bought in the week before them."""
    rows = orders(seed)
    lacks = rows["date"].between("2026-02-16", "2026-03-29")
    early = rows[lacks].sample(frac=0.4, random_state=seed)
    week = pd.date_range("2026-02-09", "2026-02-15")
    moved = early.assign(date=np.random.default_rng(seed).choice(week, len(early)))
    return pd.concat([rows.drop(index=early.index), moved])


def test_what_early_buyers_and_others_lack_is_what_the_trough_lacks():
    week = Period(date(2026, 2, 9), date(2026, 2, 15))
    for seed in range(4):
        found = pull_forward(ahead(seed), **ASKED | {"peak": week}, trough=42)
        lacks = found.table.set_index("part")["effect"]
        assert lacks["early"] + lacks["others"] == pytest.approx(lacks["trough"], rel=0.1)


def test_the_trough_may_be_longer_than_the_peak():
    week = Period(date(2026, 2, 9), date(2026, 2, 15))
    found = [pull_forward(ahead(s), **ASKED | {"peak": week}, trough=42) for s in range(6)]
    assert {f.trough for f in found} == {Period(date(2026, 2, 16), date(2026, 3, 29))}
    assert all(f.pulled and f.early < 0 for f in found)
    assert sum(f.share.low < 1 < f.share.high for f in found) >= 5


def daily(seed: int, *, days: int = 14, sold: float = 1.0, then: int = 0, left: float = 1.0):
    """A hundred a day for 470 days; a campaign ends 50 days before the last of them."""
    values = 100 * np.random.default_rng(seed).lognormal(0, 0.3, 470)
    values[420 - days : 420] *= sold
    values[420 : 420 + then] *= left
    return pd.Series(values, pd.date_range("2025-01-01", periods=470))


def clearest(values: pd.Series) -> Sought:
    end = values.index[419].date()
    begins = [values.index[420 - n].date() for n in (7, 14, 28)]
    found = sought(values, [Period(b, end) for b in begins], (14, 28, 42), "amount", 0.95)
    assert found is not None
    return found


def test_a_trough_of_six_weeks_is_found_after_a_campaign_of_two():
    found = clearest(daily(1, sold=1.8, then=42, left=0.75))
    assert found.p <= 0.01
    assert found.by_chance < found.p
    assert (found.result.peak.days, found.result.trough.days) == (14, 42)
    assert found.searched == 6


LONG, FALL = {"sold": 1.6, "days": 28}, {"then": 50, "left": 0.6}


@pytest.mark.parametrize("made", [{}, {"sold": 1.6}, {"sold": 1.6, "days": 20}, LONG, FALL])
def test_a_campaign_of_any_length_that_only_sold_more_is_none(made):
    wrong = np.mean([clearest(daily(s, **made)).p <= 0.05 for s in range(200)])
    assert wrong <= 0.05 + 3 * 0.0154  # 0.05 with its Monte Carlo error


def test_a_short_history_seeks_nothing():
    values = daily(1).iloc[300:]
    end = values.index[119].date()
    peak = Period(values.index[113].date(), end)
    assert sought(values, [peak], (14,), "amount", 0.95) is None
