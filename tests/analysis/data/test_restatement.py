"""Restatement tells late rows from altered ones, and both from figures that stand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.data.restatement import restatement
from kpilab.core.case import Metric
from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.errors import BadInput
from kpilab.show import say

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=27))
METRIC = Metric("amount", "sales", measure="sum(amount)")


def day(k: int) -> pd.Timestamp:
    return pd.Timestamp(FIRST) + pd.Timedelta(days=k)


def sales() -> pd.DataFrame:
    """100 sales of 10 on each of 28 days."""
    days = pd.to_timedelta(np.repeat(np.arange(28), 100), unit="D")
    return pd.DataFrame({"id": np.arange(2800), "date": pd.Timestamp(FIRST) + days, "amount": 10.0})


def asked(old: pd.DataFrame, new: pd.DataFrame, **options):
    sides = [Measured(Facts(frame, name="sales"), METRIC) for frame in (old, new)]
    return restatement(*sides, period=PERIOD, **options)


def test_figures_that_stand_are_silent():
    result = asked(sales(), sales(), key="id")
    assert set(result.table["kind"]) == {"same"}
    assert result.settled == 0
    assert result.headline.key == "restatement.same"
    assert result.table[["late", "gone", "altered"]].to_numpy().sum() == 0


def test_rows_of_the_last_days_arrived_late():
    new = sales()
    age = (day(27) - new["date"]).dt.days
    old = new[~((age == 0) & (new["id"] % 2 == 0)) & ~((age == 1) & (new["id"] % 5 == 0))]
    result = asked(old, new, key="id")
    table = result.table.set_index("age")
    assert result.settled == 2
    assert table["kind"].iloc[-2:].tolist() == ["late", "late"]
    assert table.loc[0, ["late_share", "late"]].tolist() == [0.5, 50]
    assert table.loc[0, "low"] < 0.5 < table.loc[0, "high"]
    assert result.headline.key == "restatement.late"
    assert result.total.value == pytest.approx(70 / 2730)


def test_a_settled_day_that_changes_is_a_restatement():
    new = sales()
    new.loc[new["id"].between(500, 549), "amount"] = 20.0
    new = new[~new["id"].between(700, 709)]
    result = asked(sales(), new, key="id")
    table = result.table.set_index("day")
    assert table.loc[day(5), ["kind", "altered"]].tolist() == ["restated", 50]
    assert table.loc[day(7), ["kind", "gone"]].tolist() == ["gone", 10]
    assert (table["kind"] == "same").sum() == 26
    assert result.headline.values["period"].first == day(5).date()


def test_without_a_key_days_are_compared():
    new = sales()
    new.loc[new["date"] == day(5), "amount"] = 11.0
    result = asked(sales(), new)
    assert result.table.set_index("day").loc[day(5), "share"] == pytest.approx(0.1)
    assert result.table["late"].isna().all()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_can_be_said_and_drawn(lang):
    new = sales()
    new.loc[new["date"] == day(5), "amount"] = 11.0
    result = asked(sales(), new)
    assert "2025" in say(result.headline, lang)
    assert result.chart(lang).to_dict()


def test_bad_input():
    with pytest.raises(BadInput, match="no column named 'ident'"):
        asked(sales(), sales(), key="ident")
    with pytest.raises(BadInput, match="no rows"):
        restatement(
            *[Measured(Facts(sales(), name="sales"), METRIC)] * 2,
            period=Period(dt.date(2024, 1, 1), dt.date(2024, 1, 31)),
        )
    with pytest.raises(BadInput, match="tolerance is -1"):
        asked(sales(), sales(), tolerance=-1)


def test_a_day_of_which_nothing_is_known_is_left_out_and_counted():
    new = sales()
    new.loc[new["date"] == day(3), "amount"] = np.nan
    result = asked(sales(), new)
    assert day(3) not in set(result.table["day"])
    assert set(result.table["kind"]) == {"same"}
    assert [say(note) for note in result.notes] == [
        "Days whose values are all missing, and which are left out: 1."
    ]


def test_ids_and_cells_of_other_types_are_the_same_rows():
    old = sales().assign(store=7)
    new = old.assign(id=old["id"].astype(str), store="7")
    for first, second in ((old, new), (new, old)):
        found = asked(first, second, key="id")
        assert found.headline.key == "restatement.same"
        assert found.table[["late", "gone", "altered"]].to_numpy().sum() == 0
    with pytest.raises(BadInput, match="holds '0000'"):
        asked(old, old.assign(id=old["id"].map("{:04d}".format)), key="id")
