"""A time written as text is one thing, in a table of rows and in a small frame."""

import pandas as pd
import pytest

from kpilab import BadInput, EventLog
from kpilab.engine.door.values import moment

FORMS = [
    ("2026-01-05", "2026-01-05 00:00:00"), ("2026-1-5", "2026-01-05 00:00:00"), ("2026/1/5",
        "2026-01-05 00:00:00"),
    ("2026年1月5日", "2026-01-05 00:00:00"), ("2026年01月05日 14:30", "2026-01-05 14:30:00"),
    ("2026年1月", "2026-01-01 00:00:00"), ("2026-01", "2026-01-01 00:00:00"), ("20260105",
        "2026-01-05 00:00:00"),
    ("2026-01-05 14:30", "2026-01-05 14:30:00"), ("2026/01/05 14:30:15", "2026-01-05 14:30:15"),
    ("2026-01-05T14:30:15.250", ("2026-01-05 "
                                "14:30:15.250000")), ("2026-01-05 9:05", "2026-01-05 09:05:00"),
    (" 2026-01-05 ", "2026-01-05 00:00:00"), ("2026-01-05 14:30 +0800", "2026-01-05 14:30:00"),
    ("2026-01-05T14:30Z", "2026-01-05 14:30:00"), ("2026-01-05T14:30:00+08", "2026-01-05 14:30:00"),
]  # fmt: skip


def of_table(texts: list[str | None]) -> list[pd.Timestamp]:
    log = EventLog(pd.DataFrame({"user": 1, "time": texts, "event": "a"}))
    return log.table.time.to_pandas().tolist()


def of_frame(texts: list[str | None]) -> list[pd.Timestamp]:
    return moment(pd.Series(texts, dtype=object), "f(x)").tolist()


@pytest.mark.parametrize("read", [of_table, of_frame])
@pytest.mark.parametrize(("text", "right"), FORMS)
def test_every_form_is_read_in_both(text, right, read):
    assert read([text]) == [pd.Timestamp(right)]


@pytest.mark.parametrize("read", [of_table, of_frame])
def test_forms_may_stand_beside_each_other_and_beside_empty_cells(read):
    found = read(["2026-01-05", "2026年1月6日", "", None, "2026/1/7 08:00"])
    assert [None if pd.isna(v) else str(v)[:13] for v in found] == [
        "2026-01-05 00", "2026-01-06 00", None, None, "2026-01-07 08",
    ]  # fmt: skip


@pytest.mark.parametrize("read", [of_table, of_frame])
@pytest.mark.parametrize(
    "text", ["05/01/2026", "yesterday", "2026-13-01", "2026", "2026-01/05", "2026-02-30"]
)
def test_other_texts_are_refused_in_both(text, read):
    with pytest.raises(BadInput, match=r"is no (day|time)"):
        read(["2026-01-05", text])


def test_texts_in_several_zones_are_refused_in_a_table():
    with pytest.raises(BadInput, match="mixes time zones"):
        of_table(["2026-03-01 09:00:00+01:00", "2026-07-01 09:00:00+02:00"])
