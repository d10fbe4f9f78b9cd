"""What early buyers bring later, by stretches of unlike length."""

from __future__ import annotations

from datetime import date

import pandas as pd

from kpilab.core.table import Facts
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.followers import followers

ROWS = [  # day, who, amount; the mark is 11 January, the one before it 1 January
    ("2025-12-30", "ann", 1.0),  # in the two days before a mark: early
    ("2026-01-01", "ann", 2.0),
    ("2026-01-09", "ann", 4.0),  # early once more
    ("2026-01-10", "ann", 8.0),
    ("2026-01-11", "ann", 16.0),
    ("2026-01-20", "ann", 32.0),
    ("2026-01-21", "ann", 64.0),  # after the stretch
    ("2026-01-08", "bob", 100.0),  # three days before: not early
    ("2026-01-12", "bob", 100.0),
    ("2026-01-10", None, 1000.0),  # nobody
    ("2026-01-12", None, 1000.0),
]


def test_what_those_who_bought_before_a_mark_bring_after_it():
    frame = pd.DataFrame(ROWS, columns=["date", "who", "amount"])
    found = amounts(Facts.of(frame.assign(date=pd.to_datetime(frame["date"]))), "amount", "who")
    told = followers(found, date(2026, 1, 11), 2, 10)
    assert told.to_dict() == {-1: 2.0 + 4.0 + 8.0, 0: 16.0 + 32.0}
