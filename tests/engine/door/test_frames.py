"""The door for small frames: names do not matter, types of times do not matter,
missing is never a number."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kpilab.core.values import MISSING, fraction
from kpilab.engine.door.frames import dated, frame, known, numbers, plain, series
from kpilab.engine.door.values import count, day, label, moment, number, place, share, truth
from kpilab.errors import BadInput

DAYS = pd.date_range("2026-01-05", periods=3)
SHANGHAI = timezone(timedelta(hours=8))


def column(*values: object) -> pd.Series:
    return pd.Series(list(values), dtype=object)


@pytest.mark.parametrize("gone", [None, np.nan, np.inf, -np.inf, pd.NA, pd.NaT, Decimal("NaN")])
def test_what_is_missing_or_infinite_is_no_number(gone):
    found = number(column(1, gone, Decimal("2.5")), "f(x)")
    assert found.dtype == float
    assert found.isna().tolist() == [False, True, False]


def test_a_text_is_no_number_and_is_named_with_its_row():
    with pytest.raises(BadInput, match=r"'12' is no number \(and 1 more\)\n  where: f\(x\), row 2"):
        number(column(1, "12", "n/a"), "f(x)")


@pytest.mark.parametrize(
    "kind", ["int8", "int32", "uint64", "float32", "Int64", "int64[pyarrow]", "bool", "category"]
)
def test_every_type_of_number_becomes_a_float(kind):
    given = pd.Series([1, 0, 1], dtype="int64").astype(kind)
    assert number(given, "f(x)").tolist() == [1.0, 0.0, 1.0]


def test_counts_are_not_below_zero_and_shares_lie_in_0_to_1():
    assert count(column(0, None, 3), "f(x)").isna().sum() == 1
    with pytest.raises(BadInput, match="below zero"):
        count(column(1, -1), "f(x)")
    with pytest.raises(BadInput, match="no share"):
        share(column(0.2, 20), "f(x)")


def test_a_group_without_a_name_is_called_missing_and_whole_numbers_keep_theirs():
    assert label(pd.Series(["a", None]), "f(x)").tolist() == ["a", MISSING]
    assert label(pd.Series([1001.0, np.nan]), "f(x)").tolist() == ["1001", MISSING]


@pytest.mark.parametrize(
    "given",
    [
        DAYS,
        DAYS.tz_localize("Asia/Shanghai"),
        DAYS.to_period("D"),
        DAYS.date,
        DAYS.to_pydatetime(),
        [d.replace(tzinfo=SHANGHAI) for d in DAYS.to_pydatetime()],
        [str(d)[:10] for d in DAYS],
        [str(d)[:10].replace("-", "/") for d in DAYS],
        [f"{str(d)[:10]}T00:00:00+08:00" for d in DAYS],
        DAYS.astype("datetime64[s]"),
        pd.array(DAYS.date, dtype=pd.ArrowDtype(pa.date32())),
        pd.array(DAYS, dtype=pd.ArrowDtype(pa.timestamp("us", tz="Asia/Shanghai"))).astype(object),
    ],
)
def test_every_type_of_day_is_one_day(given):
    assert day(pd.Series(given), "f(x)").tolist() == DAYS.tolist()


def test_zones_that_change_in_summer_keep_the_time_on_the_clock():
    given = column("2026-03-01 09:00:00+01:00", "2026-07-01 09:00:00+02:00")
    assert moment(given, "f(x)").dt.hour.tolist() == [9, 9]


@pytest.mark.parametrize(
    "text", ["05/01/2026", "yesterday", "2026-13-01", "2026", "2026-01/05", "2026-01-05 25:00"]
)
def test_a_text_that_is_no_clear_day_is_refused(text):
    with pytest.raises(BadInput, match="is no day"):
        day(column("2026-01-05", text), "f(x)")


def test_places_in_an_order_may_be_plain_numbers():
    assert place(column(1, 2), "f(x)").tolist() == [1.0, 2.0]
    assert place(pd.Series(DAYS.date), "f(x)").tolist() == DAYS.tolist()


@pytest.mark.parametrize(
    "no", [False, np.bool_(False), 0, 0.0, "no", "N", "False", "0", "否", " No "]
)
@pytest.mark.parametrize("yes", [True, 1, 1.0, "yes", "Y", "TRUE", "是"])
def test_yes_and_no_in_all_spellings(yes, no):
    assert truth(column(yes, no, None, ""), "f(x)").fillna(False).tolist() == [
        True,
        False,
        False,
        False,
    ]


def test_what_is_neither_yes_nor_no_is_refused():
    with pytest.raises(BadInput, match="'maybe' is neither"):
        truth(column("yes", "maybe"), "f(x)")


TABLE = pd.DataFrame({"day": ["a", "b"], "value": DAYS[:2], "weight": [1, 2]})


@pytest.mark.parametrize(
    "data",
    [
        TABLE,
        pa.Table.from_pandas(TABLE),
        ibis.memtable(TABLE),
        TABLE.to_dict("list"),
        TABLE.set_index([[5, 5]]),
    ],
)
def test_a_users_names_never_meet_ours(data):
    found = frame(
        data,
        {"value": ("weight", number), "day": ("value", day), "weight": ("day", label)},
        "f(data)",
    )
    assert found["value"].tolist() == [1.0, 2.0]
    assert found["day"].tolist() == DAYS[:2].tolist()
    assert found["weight"].tolist() == ["a", "b"]


def test_all_absent_columns_are_named_together():
    with pytest.raises(BadInput) as error:
        frame(TABLE, {"a": ("dya", day), "b": ("wieght", number)}, "f(data)")
    assert [p.what for p in error.value.problems] == [
        "no column named 'dya'",
        "no column named 'wieght'",
    ]
    with pytest.raises(BadInput, match="occurs twice"):
        plain(pd.DataFrame([[1, 2]], columns=["a", "a"]), "f(data)")
    with pytest.raises(BadInput, match="is no table"):
        plain(3, "f(data)")  # type: ignore[arg-type]  # what is tested


def test_rows_left_out_are_counted():
    rows, notes = known(pd.DataFrame({"a": [1.0, np.nan], "b": [np.nan, 1.0]}), ["a"])
    assert len(rows) == 1
    assert notes[0].values["rows"] == 1
    assert known(rows, ["a"])[1] == ()


@pytest.mark.parametrize(
    "index",
    [
        DAYS,
        DAYS.date,
        DAYS.tz_localize("Europe/Berlin"),
        DAYS.to_period("D"),
        DAYS.strftime("%Y-%m-%d"),
    ],
)
def test_a_series_is_floats_by_day_whatever_its_index(index):
    given = pd.Series([1, np.inf, 3], index=index, name="x")[::-1]
    found = series(given, "f(kpi)")
    assert found.index.tolist() == DAYS.tolist()
    assert found.name == "x"
    assert found.isna().tolist() == [False, True, False]


def test_a_series_may_be_a_mapping_or_two_columns():
    pairs = {date(2026, 1, 5): 1, datetime(2026, 1, 6): Decimal(2)}
    assert series(pairs, "f(kpi)").tolist() == [1.0, 2.0]
    two = pa.table({"x": [1.0, 2.0], "t": [date(2026, 1, 6), date(2026, 1, 5)]})
    # a table of one series
    assert series(two, "f(kpi)").tolist() == [2.0, 1.0]  # type: ignore[arg-type]


def test_a_series_without_dates_or_with_a_day_twice_is_refused():
    for given in (pd.Series([1.0, 2.0]), [1.0, 2.0], pd.Series([1.0], index=["north"])):
        with pytest.raises(BadInput, match="no dates"):
            series(given, "f(kpi)")  # type: ignore[arg-type]  # what is tested
    with pytest.raises(BadInput, match="period 2026-01-05 occurs twice"):
        series(pd.Series([1.0, 2.0], [DAYS[0], DAYS[0]]), "f(kpi)")


def test_a_dated_table_finds_its_days_and_leaves_labels_out():
    given = pd.DataFrame({"when": DAYS.date, "x": column(3, None, 1), "note": ["a", "b", "c"]})[
        ::-1
    ]
    found = dated(given, "f(frame)")
    assert found.columns.tolist() == ["x"]
    assert found["x"].fillna(0).tolist() == [3.0, 0.0, 1.0]
    with pytest.raises(BadInput, match="is no number"):
        dated(given.assign(x=column(1, "n/a", 2)), "f(frame)")


def test_numbers_are_python_floats_and_what_is_needed_must_be_there():
    found = numbers({"a": np.int32(60_000), 7: None}, "f(values)")
    assert found["a"] == 60_000.0
    assert type(found["a"]) is float
    assert np.isnan(found["7"])
    with pytest.raises(BadInput, match="no value for '7'"):
        numbers({"a": 1, 7: np.nan}, "f(values)", ["a", "7"])
    with pytest.raises(BadInput, match="no value for 'b'"):
        numbers({"a": 1}, "f(values)", ["b"])


@pytest.mark.parametrize("value", [0, 1, 1.5, -0.1, np.nan, None, "0.9"])
def test_a_fraction_lies_between_0_and_1(value):
    with pytest.raises(BadInput, match=r"level is .*\n  where: f\(level=\)"):
        fraction(value, "f(level=)")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_path_is_a_table_as_well(suffix, tmp_path):
    rows = pd.DataFrame({"unit": ["a", "b"], "n": [1.0, 2.5]})
    path = tmp_path / f"rows.{suffix}"
    rows.to_csv(path, index=False) if suffix == "csv" else rows.to_parquet(path, index=False)
    for given in (path, str(path)):
        assert plain(given, "x")["n"].tolist() == [1.0, 2.5]
