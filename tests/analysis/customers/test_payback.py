"""What a customer brought against what one cost."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput, Facts
from kpilab.customers import Entities, payback
from kpilab.data import Measured, Metric

LAST = date(2026, 6, 30)
PAID = {"web": 250, "fair": 1000, "word": 0}
COST = Metric("cost", "spend", measure="sum(cost)")
ASKED = {"customer": "who", "amount": "amount", "by": "way", "until": LAST}


def world() -> tuple[pd.DataFrame, Entities, Measured]:
    """Ten customers a month by each of three ways; each pays 10 in every month from its first. Won
    for 25 by web, for 100 by fair, for nothing by word."""
    rows, people, spent = [], [], []
    for m, day in enumerate(pd.date_range("2026-01-01", "2026-06-01", freq="MS")):
        for w, way in enumerate(("web", "fair", "word")):
            ids = np.arange(10) + 100 * m + 1000 * w
            people.append(pd.DataFrame({"id": ids, "since": day, "way": way}))
            spent.append(
                {"date": day, "way": way, "cost": {"web": 250, "fair": 1000, "word": 0}[way]}
            )
            for later in pd.date_range(day, "2026-06-01", freq="MS"):
                noise = np.where(ids % 2 == 0, 8.0, 12.0)
                rows.append(pd.DataFrame({"date": later, "who": ids, "amount": noise}))
    own = Entities(pd.concat(people), time="since")
    return pd.concat(rows), own, Measured(Facts(pd.DataFrame(spent)), COST)


def test_the_month_that_covers_the_cost_is_the_payback():
    rows, own, spent = world()
    found = payback(rows, spent, customers=own, **ASKED)
    table = found.table.set_index("way")
    assert table["customers"].tolist() == [60, 60, 60]
    assert table["cost"].to_dict() == {"fair": 100, "web": 25, "word": 0}
    # 10 a month: 30 after the third month, whose age is 2.
    assert table["payback"].to_dict() == pytest.approx(
        {"fair": np.nan, "web": 2, "word": 0}, nan_ok=True
    )
    # Half of the customers, those of January to March, are three months old: 40 so far.
    assert table.loc["web", ["age", "value", "ratio"]].tolist() == [3, 40, 1.6]
    assert table.loc["web", "ratio_low"] < 1.6 < table.loc["web", "ratio_high"]
    assert np.isnan(table.loc["word", "ratio"])
    assert "web first" in found.summary()


def test_spend_and_customers_are_those_of_the_same_months():
    rows, own, _ = world()
    frame = pd.DataFrame({"date": pd.to_datetime(["2026-03-05"]), "way": ["web"], "cost": [100.0]})
    found = payback(rows, Measured(Facts(frame), COST), customers=own, **ASKED)
    assert (found.first, found.last) == (date(2026, 3, 1), date(2026, 3, 31))
    assert found.table.set_index("way")["customers"].to_dict() == dict.fromkeys(
        ("web", "fair", "word"), 10
    )
    late = frame.assign(date=pd.Timestamp("2026-07-05"))
    with pytest.raises(BadInput, match="both spend and new customers"):
        payback(rows, Measured(Facts(late), COST), customers=own, **ASKED)
