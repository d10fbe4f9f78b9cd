"""One door: whatever holds a table, and however a value is written, the answer is the same."""

from __future__ import annotations

from datetime import date, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kpilab import BadInput, EventLog, Facts, Where
from kpilab.engine.door.tables import table
from kpilab.engine.metrics import segment

NAN, INF = float("nan"), float("inf")
NUMBERS = [1.0, NAN, INF, -INF, None, 2.0]


class Streamed:
    """A frame of another library: it hands out Arrow columns and nothing else."""

    def __init__(self, frame):
        self.columns = pa.table(frame)

    def __arrow_c_stream__(self, requested_schema=None):
        return self.columns.__arrow_c_stream__(requested_schema)


def sources(frame, folder):
    """The same table held by everything that may hold one."""
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    frame.to_parquet(folder / "t.parquet")
    frame.to_csv(folder / "t.csv", index=False, na_rep="")
    yield from (frame, arrow, Streamed(arrow), folder / "t.parquet", str(folder / "t.csv"))
    yield ibis.duckdb.connect().create_table("t", arrow)
    yield frame.convert_dtypes(dtype_backend="pyarrow")


def test_the_same_table_from_everything_that_holds_one(tmp_path):
    frame = pd.DataFrame(
        {"n": pd.array([1, 2, 3], "int32"), "x": [0.5, 1.5, 2.5], "name": ["a", "b", None]}
    )
    for source in sources(frame, tmp_path):
        found = table(source)
        assert found.schema() == ibis.schema({"n": "int64", "x": "float64", "name": "string"}), (
            type(source)
        )
        assert found.to_pandas().to_dict("list")["name"][:2] == ["a", "b"]


def test_a_number_that_is_none_is_missing_wherever_it_stands(tmp_path):
    arrow = pa.table({"x": pa.array(NUMBERS, pa.float64()), "y": pa.array(NUMBERS, pa.float32())})
    pa.parquet.write_table(arrow, tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_text("x,y\n1,1\nNaN,NaN\ninf,inf\n-inf,-inf\n,\n2,2\n")
    frame = pd.DataFrame({"x": NUMBERS, "y": np.array(NUMBERS, dtype="float32")})
    for source in (arrow, tmp_path / "t.parquet", tmp_path / "t.csv", frame, ibis.memtable(arrow)):
        rows = table(source)
        sums = rows.agg(n=rows.x.count(), x=rows.x.sum(), y=rows.y.sum()).to_pandas()
        assert sums.iloc[0].tolist() == [2, 3.0, 3.0]


def test_a_file_that_says_nothing_of_the_cells_that_are_no_numbers(tmp_path):
    """Parquet leaves NaN out of the range it states, and engines believe it."""
    pa.parquet.write_table(pa.table({"x": [1.0, NAN, 3.0]}), tmp_path / "t.parquet")
    rows = table(tmp_path / "t.parquet")
    assert rows.agg(n=rows.x.count(), x=rows.x.sum()).to_pandas().iloc[0].tolist() == [2, 4.0]


def test_whole_numbers_do_not_run_over():
    frame = pd.DataFrame(
        {"a": np.array([60_000], "int32"), "b": np.array([200], "uint8"), "d": [Decimal("1.10")]}
    )
    rows = table(frame)
    found = rows.select(product=rows.a * rows.a * rows.b, d=rows.d).to_pandas()
    assert found["product"].tolist() == [60_000**2 * 200]
    assert found["d"].tolist() == [Decimal("1.10")]


def test_a_table_that_is_canonical_is_left_as_it_is():
    rows = ibis.duckdb.connect().create_table(
        "t", schema={"n": "int64", "day": "date", "name": "string"}
    )
    assert table(rows) is rows


DAYS = pd.date_range("2026-03-01 06:00", periods=3, freq="12h")
WALL = [str(t) for t in DAYS]


@pytest.mark.parametrize(
    "times",
    [
        DAYS, DAYS.astype("datetime64[s]"), WALL, list(DAYS.to_pydatetime()),
        DAYS.tz_localize("Asia/Shanghai"),
        DAYS.tz_localize(timezone(timedelta(hours=8))),
        list(DAYS.tz_localize("Asia/Shanghai").to_pydatetime()),
        [f"{t}+08:00" for t in WALL], pd.PeriodIndex(DAYS, freq="h"), pd.Categorical(WALL),
    ],
    ids=["ns", "s", "text", "objects", "zone", "offset", "objects with zone", "text with offset",
        "period", "category"],
)  # fmt: skip
def test_times_of_every_type_are_local_times(times):
    log = EventLog(pd.DataFrame({"user": 1, "time": times, "event": "a"}))
    assert [str(t) for t in log.table.time.to_pandas()] == WALL


def test_times_are_read_in_the_zone_that_is_asked_for(tmp_path):
    utc = pd.DataFrame(
        {"user": 1, "time": DAYS.tz_localize("Asia/Shanghai").tz_convert("UTC"), "event": "a"}
    )
    utc.to_parquet(tmp_path / "t.parquet")
    con = ibis.duckdb.connect()
    con.raw_sql("SET TimeZone = 'UTC'")
    for source in (utc, tmp_path / "t.parquet", con.create_table("t", utc)):
        log = EventLog(source, timezone="Asia/Shanghai")
        assert [str(t) for t in log.table.time.to_pandas()] == WALL
        assert (
            next(str(t) for t in EventLog(source).table.time.to_pandas()) == "2026-02-28 22:00:00"
        )


def test_a_parquet_file_is_read_in_the_zone_it_was_written_in(tmp_path):
    frame = pd.DataFrame({"user": 1, "time": DAYS.tz_localize("Asia/Shanghai"), "event": "a"})
    frame.to_parquet(tmp_path / "t.parquet")
    assert [str(t) for t in EventLog(tmp_path / "t.parquet").table.time.to_pandas()] == WALL


def test_texts_with_an_offset_are_read_alike_in_a_file_and_a_frame(tmp_path):
    frame = pd.DataFrame({"user": 1, "time": [f"{t}+08:00" for t in WALL], "event": "a"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    for source in (frame, tmp_path / "t.csv"):
        assert [str(t) for t in EventLog(source).table.time.to_pandas()] == WALL


def test_a_text_that_is_no_time_is_named_with_its_row():
    with pytest.raises(BadInput, match=r"'soon' is no time\n.*column 'time', row 2"):
        EventLog(pd.DataFrame({"user": 1, "time": ["2026-01-01", "soon"], "event": "a"}))


def test_times_in_several_zones_are_refused():
    times = {"time": DAYS.tz_localize("UTC"), "recorded": DAYS.tz_localize("Asia/Shanghai")}
    with pytest.raises(BadInput, match="several zones: 'time' in UTC, 'recorded' in Asia/Shanghai"):
        EventLog(pd.DataFrame({"user": 1, "event": "a", **times}))
    assert (
        EventLog(pd.DataFrame({"user": 1, "event": "a", **times}), timezone="UTC").timezone == "UTC"
    )


def test_names_that_differ_in_case_alone_do_not_hide_each_other():
    frame = pd.DataFrame({"Date": ["x"], "date": ["2026-01-01"], "Revenue": [1], "revenue": [2]})
    assert Facts(frame).table.columns == ("Date [1]", "date", "Revenue [1]", "revenue [2]")


def test_names_of_ours_are_refused():
    with pytest.raises(BadInput, match="begins with 'kpilab_'"):
        Facts(pd.DataFrame({"date": ["2026-01-01"], "Kpilab_day": [1]}))


def test_a_column_of_several_kinds_is_text():
    frame = pd.DataFrame({"id": [1001, "A-12", None, 5.0], "none": [None] * 4})
    found = table(frame).to_pandas()
    assert found["id"].tolist()[:2] == ["1001", "A-12"]
    assert found["id"].tolist()[3] == "5"
    assert found["none"].isna().all()


def test_text_laid_out_as_views_is_text():
    """As Polars hands it out."""
    views = pa.table({"app": pa.array(["a", None, "b"], pa.string_view()), "n": [1, 2, 3]})
    assert table(Streamed(views)).schema() == ibis.schema({"app": "string", "n": "int64"})


def test_frames_of_polars():
    polars = pytest.importorskip("polars")
    frame = pd.DataFrame({"n": [1.0, NAN, 2.0], "app": ["a", None, "b"], "time": DAYS})
    for given in (polars.from_pandas(frame), polars.from_pandas(frame).lazy()):
        found = table(given)
        assert found.agg(n=found.n.sum(), apps=found.app.count()).to_pandas().iloc[0].tolist() == [
            3.0,
            2,
        ]


KEPT = {
    "decimals with a gap": ([Decimal("1.10"), None], [Decimal("1.10"), None]),
    "ids of a database": ([UUID(int=1), UUID(int=2)], [str(UUID(int=1)), str(UUID(int=2))]),
    "bands of pandas.cut": (pd.cut([1, 9], [0, 5, 10]), ["(0, 5]", "(5, 10]"]),
    "days beside texts": ([date(2026, 1, 5), "unknown"], ["2026-01-05", "unknown"]),
    "half numbers": (np.array([0.5, 1.5], "float16"), [0.5, 1.5]),
    "sparse": (pd.arrays.SparseArray([0.0, 1.5]), [0.0, 1.5]),
}


@pytest.mark.parametrize("name", KEPT)
def test_values_of_python_and_pandas_come_in(name):
    given, right = KEPT[name]
    found = table(pd.DataFrame({"x": given})).to_pandas()["x"].astype(object)
    assert found.where(found.notna(), None).tolist() == right


def test_what_is_no_table_is_refused():
    with pytest.raises(BadInput, match="list is no table"):
        table([1, 2])
    with pytest.raises(BadInput, match="there is no column"):
        table(pd.DataFrame())
    with pytest.raises(BadInput, match="a column has no name"):
        table(pd.DataFrame({"": [1]}))
    for odd in ([object(), object()], [2**70, 1], [1j, 2j]):
        with pytest.raises(BadInput, match="column 'x' holds what no table holds"):
            table(pd.DataFrame({"x": odd}))
    with pytest.raises(BadInput, match="a text cannot be written"):
        table(pd.DataFrame({"x": pd.Series(["a\udc80"], dtype=object)}))


COLUMNS = {
    "truth": (
        pd.array([True, False, None], "boolean"),
        [(True,), ("true",), (1,), ("True",)],
        [(False,)],
    ),
    "whole": (
        pd.array([5, 6, None], "Int64"),
        [(5,), (5.0,), ("5",), ("5.0",), (np.int64(5),)],
        [("6", "x")],
    ),
    "broken": ([5.0, 6.5, None], [(5,), (5.0,), ("5",), (Decimal("5.0"),)], [(6.5,)]),
    "text": (["5", "x", None], [(5,), (5.0,), ("5",)], [("x",)]),
    "day": (
        [date(2026, 1, 5), date(2026, 1, 6), None],
        [("2026-01-05",), (date(2026, 1, 5),)],
        [("2026-01-06",)],
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_filter_compares_as_the_column_does(name):
    values, first, second = COLUMNS[name]
    facts = Facts(pd.DataFrame({"date": "2026-01-01", "d": values, "row": [0, 1, 2]}))

    def rows(**where):
        return sorted(segment(facts, Where(**where)).row.to_pandas())

    assert [rows(values={"d": v}) for v in first] == [[0]] * len(first)
    assert [rows(values={"d": v}) for v in second] == [[1]] * len(second)
    for missing in ((None,), ("(missing)",), (NAN,), ("",)):
        assert rows(values={"d": missing}) == [2]
        assert rows(without={"d": missing}) == [0, 1]
    assert rows(values={"d": (*first[0], None)}) == [0, 2]
    assert rows(without={"d": first[0]}) == [1, 2]
    assert rows(values={"d": "no such"}) == []


def test_a_column_that_holds_nothing_comes_in_from_memory():
    rows = pd.DataFrame({"n": [1, 2], "none": pd.Series([None, None], dtype=object)})
    assert table(ibis.memtable(rows)).execute()["none"].isna().all()


def test_a_file_is_refused_rather_than_read_in_part(tmp_path):
    rows = "".join(f"2026-01-{k:02d},{k}.5\n" for k in range(1, 29))
    (tmp_path / "t.csv").write_text(f"day,n\n{rows}2026-01-29,about 7\n")
    with pytest.raises(BadInput, match="about 7") as told:
        table(tmp_path / "t.csv")
    assert told.value.where == "table 'table', column 'n', row 30"
    (tmp_path / "t.csv").write_text(f"day,n\n{rows}2026-01-29,7,8\n")
    with pytest.raises(BadInput, match="7,8"):
        table(tmp_path / "t.csv")
