"""Which files and columns of a folder are one table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.case.look import look
from kpilab.cli.first import written
from kpilab.errors import BadInput

DAYS = pd.date_range("2025-11-03", periods=56)


def sales() -> pd.DataFrame:
    return pd.DataFrame({"day": DAYS, "orders": 20, "revenue": 600.5 + np.arange(56)})


@pytest.mark.parametrize(
    "names",
    [
        ("sales-nov.csv", "sales-dec.csv"),
        ("November.csv", "December.csv"),
        ("ventas_noviembre.csv", "ventas_diciembre.csv"),
        ("Umsatz November 2025.csv", "Umsatz Dezember 2025.csv"),
    ],
)
def test_files_of_months_are_one_table(tmp_path, names):
    frame = sales()
    for name, month in zip(names, (11, 12), strict=True):
        frame[frame["day"].dt.month == month].to_csv(tmp_path / name, index=False)
    assert [s.rows for s in look(tmp_path)[0]] == [56]


def test_other_words_are_no_months(tmp_path):
    for name in ("data_set.csv", "data_out.csv"):
        sales().to_csv(tmp_path / name, index=False)
    assert len(look(tmp_path)[0]) == 2


def test_columns_that_differ_in_case_alone_are_one(tmp_path):
    frame = sales()
    frame[:28].to_csv(tmp_path / "sales-1.csv", index=False)
    frame[28:].rename(columns=str.upper).to_csv(tmp_path / "sales-2.csv", index=False)
    (sheet,) = look(tmp_path)[0]
    assert [(c.name, c.filled) for c in sheet.columns] == [(c, 56) for c in frame.columns]


def test_months_across_in_one_number_and_their_sum(tmp_path):
    months = [f"{y}{m:02d}" for y in (2024, 2025) for m in range(1, 13)]
    frame = pd.DataFrame([[10.5 + k] * 24 for k in range(3)], columns=months)
    frame.insert(0, "store", ["a", "b", "c"])
    frame["Total"] = frame[months].sum(axis=1)
    frame.to_csv(tmp_path / "sales.csv", index=False)
    first = written(tmp_path)
    assert first.case.metrics[first.case.goal.metric].measure == "sum(value)"
    assert [c.name for c in first.sheet.columns] == ["store", "date", "value"]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (sales().assign(day=DAYS.strftime("%Y-%j")), "'day' holds '2025-307'"),
        (sales().head(0), "has no rows"),
        (
            sales().drop(columns="day").assign(year=DAYS.year, month=DAYS.month),
            "the parts of its dates in year, month",
        ),
    ],
)
def test_a_folder_without_times_says_what_stands_there(tmp_path, frame, said):
    frame.to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(BadInput) as caught:
        written(tmp_path)
    assert said in caught.value.what


def test_amounts_that_cannot_be_read_are_told(tmp_path):
    sales().assign(revenue=[f"{k}.00 {'DR' if k % 3 else 'CR'}" for k in range(56)]).to_csv(
        tmp_path / "sales.csv", index=False
    )
    text = str([n.values for n in written(tmp_path).notes])
    assert "why_text" in text


def test_parts_of_the_business_side_by_side_are_one_amount(tmp_path):
    parts = {p: 100.25 * (k + 1) + np.arange(56) for k, p in enumerate(("North", "上海", "Ost"))}
    frame = pd.DataFrame({"day": DAYS} | parts)
    frame.to_csv(tmp_path / "sales.csv", index=False)
    first = written(tmp_path)
    assert first.case.metrics[first.case.goal.metric].measure == "sum(value)"
    assert first.case.tables["sales"].dimensions == ("part",)


def test_measures_side_by_side_are_columns_of_their_own(tmp_path):
    frame = pd.DataFrame({"day": DAYS, "revenue": 9.5, "unit cost": 3.5, "margin": 6.25})
    frame.assign(revenue=9.5 + np.arange(56)).to_csv(tmp_path / "sales.csv", index=False)
    assert written(tmp_path).draft.goal == "revenue"


def test_a_column_without_any_value_is_said_to_be_empty(tmp_path):
    sales().assign(margin=None).to_csv(tmp_path / "sales.csv", index=False)
    first = written(tmp_path)
    assert "margin" not in first.draft.metrics
    assert "why_empty" in str([n.values for n in first.notes])
