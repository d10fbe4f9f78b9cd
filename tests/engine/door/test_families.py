"""Files that are one table: their days in one order or each in its own, rows that two of them hold
once, names that they write in several ways."""

from __future__ import annotations

import pandas as pd
import pytest

from kpilab.case.look import look
from kpilab.cli.first import written
from kpilab.engine.connect import connect
from kpilab.engine.door.files import opened
from kpilab.engine.door.reading import Reading
from kpilab.errors import BadInput

DAYS = pd.date_range("2025-11-01", "2025-12-31")


def sales(first, last, form=None, store="North"):
    days = DAYS[(first <= DAYS) & (last >= DAYS)]
    frame = pd.DataFrame({"day": days, "store": store, "orders": 20})
    frame["revenue"] = 100.25 + 3 * days.dayofyear
    return frame if form is None else frame.assign(day=days.strftime(form))


def kept(frame, path):
    writers = {".csv": "to_csv", ".xlsx": "to_excel", ".parquet": "to_parquet", ".json": "to_json"}
    more = (
        {"orient": "records", "date_format": "iso"} if path.suffix == ".json" else {"index": False}
    )
    getattr(frame, writers[path.suffix])(path, **more)
    return path


def read(folder, pattern, **keys):
    found = opened(connect(), folder / pattern, "sales", Reading(**keys))
    return found, {n.key.removeprefix("door."): n.values for n in found.notes}


def right(found, *frames):
    frame = found.table.to_pandas()
    every = pd.concat(frames)
    days = pd.to_datetime(frame["day"])
    assert sorted(days.dt.strftime("%m-%d")) == sorted(every["day"].dt.strftime("%m-%d"))
    assert frame["revenue"].sum() == pytest.approx(every["revenue"].sum())


NOV, DEC = sales("2025-11-01", "2025-11-30"), sales("2025-12-01", "2025-12-31")


@pytest.mark.parametrize(
    ("first", "second"),
    [("%d/%m/%Y", "%m/%d/%Y"), ("%m/%d/%Y", "%d/%m/%Y"), ("%m-%d-%y", "%d-%m-%y"),
     ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")],
)  # fmt: skip
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".json"])
def test_each_file_has_its_own_order_of_day_and_month(tmp_path, first, second, ending):
    kept(sales("2025-11-01", "2025-11-30", first), tmp_path / f"s-1{ending}")
    kept(sales("2025-12-01", "2025-12-31", second), tmp_path / f"s-2{ending}")
    found, notes = read(tmp_path, f"s-*{ending}")
    right(found, NOV, DEC)
    assert {f.partition(" (")[0] for f in notes["orders"]["files"]} == {
        f"s-{k}{ending}" for k in (1, 2)
    }


def test_a_part_of_a_month_that_runs_on_tells_its_order(tmp_path):
    kept(sales("2025-11-01", "2025-11-30", "%d/%m/%Y"), tmp_path / "s-1.csv")
    kept(sales("2025-12-01", "2025-12-12", "%m/%d/%Y"), tmp_path / "s-2.csv")
    right(read(tmp_path, "s-*.csv")[0], NOV, DEC[:12])


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_file_that_does_not_tell_is_read_as_the_others(tmp_path, ending):
    kept(sales("2025-11-01", "2025-11-30", "%m/%d/%Y"), tmp_path / f"s-1{ending}")
    kept(sales("2025-12-01", "2025-12-02", "%m/%d/%Y"), tmp_path / f"s-2{ending}")
    found, notes = read(tmp_path, f"s-*{ending}")
    right(found, NOV, DEC[:2])
    assert notes["order"]["first"] == "month"


def test_a_file_that_does_not_tell_beside_files_that_differ_is_asked_for(tmp_path):
    kept(sales("2025-11-01", "2025-11-30", "%m/%d/%Y"), tmp_path / "s-0.csv")
    kept(sales("2025-12-01", "2025-12-31", "%d/%m/%Y"), tmp_path / "s-1.csv")
    kept(sales("2025-12-01", "2025-12-02", "%d/%m/%Y"), tmp_path / "s-2.csv")
    with pytest.raises(BadInput, match=r"s-2\.csv does not tell its own"):
        read(tmp_path, "s-*.csv")


def test_two_orders_in_one_file_are_refused_with_rows(tmp_path):
    both = [
        sales("2025-11-01", "2025-11-30", "%d/%m/%Y"),
        sales("2025-12-01", "2025-12-31", "%m/%d/%Y"),
    ]
    kept(pd.concat(both), tmp_path / "s.csv")
    with pytest.raises(BadInput, match=r"two orders: .*row .*row"):
        read(tmp_path, "s.csv")


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet", ".json"])
def test_rows_of_days_that_two_exports_hold_count_once(tmp_path, ending):
    kept(sales("2025-11-01", "2025-11-30"), tmp_path / f"s-2025-11{ending}")
    kept(sales("2025-11-24", "2025-12-31"), tmp_path / f"s-2025-12{ending}")
    found, notes = read(tmp_path, f"s-*{ending}")
    right(found, NOV, DEC)
    said = notes["doubled"]
    assert (said["rows"], said["files"]) == (7, (f"s-2025-11{ending}", f"s-2025-12{ending}"))
    assert said["apart"] is None
    assert len(said["first"]) == 5
    assert all(str(row).startswith("s-2025-12") for row in said["first"])
    assert sum(found.daily.values()) == 7


def test_rows_that_changed_between_two_exports_are_said(tmp_path):
    later = sales("2025-11-24", "2025-12-31")
    later.loc[[0, 1], "revenue"] += 1.0
    kept(sales("2025-11-01", "2025-11-30"), tmp_path / "s-2025-11.csv")
    kept(later, tmp_path / "s-2025-12.csv")
    _, notes = read(tmp_path, "s-*.csv")
    # Five of seven are alike; two stand in each file as it has them.
    assert (notes["doubled"]["rows"], notes["doubled"]["apart"]) == (5, 4)


def test_a_file_that_lies_there_twice_counts_once(tmp_path):
    for name in ("s-1.csv", "s-2.csv", "s-3.csv"):
        kept(NOV, tmp_path / name)
    right(read(tmp_path, "s-*.csv")[0], NOV)


def test_equal_rows_of_one_file_stay_as_often_as_it_holds_them(tmp_path):
    lines = pd.concat([DEC.head(9), DEC.head(3)])
    kept(lines, tmp_path / "s-1.csv")
    kept(pd.concat([lines, DEC[9:]]), tmp_path / "s-2.csv")
    right(read(tmp_path, "s-*.csv")[0], lines, DEC[9:])


ALIKE = [
    NOV.assign(revenue=9.99)[["day", "revenue"]],
    NOV.assign(revenue=NOV.index % 2)[["store", "revenue"]],
]


@pytest.mark.parametrize("frame", ALIKE)
def test_files_of_other_things_that_are_alike_stay_whole(tmp_path, frame):
    kept(frame, tmp_path / "machine1.csv")
    kept(frame, tmp_path / "machine2.csv")
    found, notes = read(tmp_path, "machine*.csv")
    assert found.table.count().execute() == 60
    assert "doubled" not in notes


@pytest.mark.parametrize(
    ("first", "second"), [(".csv", ".xlsx"), (".csv", ".parquet"), (".xlsx", ".json")]
)
def test_files_of_one_table_may_have_several_endings(tmp_path, first, second):
    kept(NOV, tmp_path / f"sales-2025-11{first}")
    kept(DEC, tmp_path / f"sales-2025-12{second}")
    (tmp_path / "sales-notes.md").write_text("none")
    case = written(tmp_path).case
    assert case.tables["sales"].table.count().execute() == 61


def test_a_table_saved_in_two_ways_counts_once_and_that_is_said(tmp_path):
    for ending in (".csv", ".xlsx"):
        kept(pd.concat([NOV, DEC]), tmp_path / f"sales{ending}")
    case = written(tmp_path).case
    assert case.tables["sales"].table.count().execute() == 61
    assert [i.rows for i in case.issues if i.statement.key == "door.doubled"] == [61]


def test_tables_of_one_name_that_differ_are_two(tmp_path):
    kept(NOV, tmp_path / "sales.csv")
    kept(pd.DataFrame({"at": DAYS, "page": "x", "clicks": 5}), tmp_path / "sales.json")
    assert len(look(tmp_path)[0]) == 2


def test_names_that_two_files_write_in_two_ways_are_noted(tmp_path):
    kept(NOV, tmp_path / "s-1.csv")
    kept(sales("2025-12-01", "2025-12-31", store="NORTH"), tmp_path / "s-2.xlsx")
    _, notes = read(tmp_path, "s-*.*")
    assert notes["spellings"]["rows"] == 30


def test_a_file_without_names_has_those_of_the_others(tmp_path):
    kept(NOV, tmp_path / "s-1.csv")
    DEC.to_csv(tmp_path / "s-2.csv", index=False, header=False)
    found, notes = read(tmp_path, "s-*.csv")
    right(found, NOV, DEC)
    assert notes["no_header"]["columns"] == ("day", "store", "orders", "revenue")
