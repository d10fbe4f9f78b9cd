"""The keys of case.yml that say how a file is read: each changes what is read, or is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from kpilab.case.occurring import uncounted
from kpilab.case.read import open_case
from kpilab.cli.first import scaffold
from kpilab.engine.metrics import measure
from kpilab.errors import BadInput
from kpilab.show.say import sentence

DAYS = pd.date_range("2025-11-03", periods=56)


def laid(folder: Path, source: str = "sales.csv", time: str = "day", **keys) -> Path:
    """A case with one table of facts."""
    case = {
        "kpilab": 1,
        "title": "t",
        "periods": {
            "baseline": ["2025-11-03", "2025-11-30"],
            "current": ["2025-12-01", "2025-12-28"],
        },
        "tables": {"sales": {"kind": "facts", "source": source, "time": time, **keys}},
        "metrics": {"revenue": {"table": "sales", "measure": "sum(amount)"}},
        "goal": {"metric": "revenue"},
    }
    (folder / "case.yml").write_text(yaml.safe_dump(case, allow_unicode=True), "utf-8")
    return folder


def totals(folder: Path) -> tuple[list[float], list[str]]:
    """The goal in both periods, and what reading has shown."""
    case = open_case(folder)
    frame = measure(case.tables["sales"], [case.metrics["revenue"]], dict(case.periods))
    said = [sentence(issue.statement, "en") for issue in case.issues]
    assert all(sentence(issue.statement, "zh") for issue in case.issues)
    return list(frame["revenue"]), said


def sales(form: str = "%Y-%m-%d") -> pd.DataFrame:
    return pd.DataFrame({"day": DAYS.strftime(form), "store": "N", "amount": range(1, 57)})


RIGHT = [406, 1190]


def test_a_workbook_is_read_by_sheet_and_row_of_names(tmp_path):
    with pd.ExcelWriter(tmp_path / "sales.xlsx") as book:
        pd.DataFrame({"About": ["made by us"]}).to_excel(book, sheet_name="Cover", index=False)
        sales().to_excel(book, sheet_name="Data 2025", startrow=4, index=False)
        sales().assign(amount=0).to_excel(book, sheet_name="Plan", index=False)
    assert totals(laid(tmp_path, "sales.xlsx"))[0] == RIGHT
    assert totals(laid(tmp_path, "sales.xlsx", sheet="data*", header=5))[0] == RIGHT
    assert totals(laid(tmp_path, "sales.xlsx", sheet="Plan"))[0] == [0, 0]
    with pytest.raises(BadInput, match="no sheet 'Dta 2025'") as told:
        open_case(laid(tmp_path, "sales.xlsx", sheet="Dta 2025"))
    assert told.value.where == "case.yml line 18, key tables.sales.sheet"
    assert "Data 2025" in told.value.hint


def test_workbooks_of_a_pattern_with_totals_below(tmp_path):
    for k, part in enumerate((sales()[:28], sales()[28:])):
        below = pd.DataFrame({"day": ["Total"], "store": [None], "amount": [part.amount.sum()]})
        typed = part.assign(day=pd.to_datetime(part.day))
        pd.concat([typed, below]).to_excel(tmp_path / f"sales-{k}.xlsx", index=False)
    got, said = totals(laid(tmp_path, "sales-*.xlsx"))
    assert got == RIGHT
    assert "sales-0.xlsx has a day that is no time and is left out (Total); rows 30" in said[0]


def test_encoding_decimal_and_format(tmp_path):
    rows = "\n".join(f"{d:%d/%m/%Y %H:%M};{k}.000" for k, d in enumerate(DAYS, 1))
    text = f"день;amount\n{rows}\n"
    (tmp_path / "sales.csv").write_bytes(text.encode("cp1251"))
    with pytest.raises(BadInput, match="several encodings") as told:
        open_case(laid(tmp_path, time="день"))
    assert told.value.where.endswith("key tables.sales.encoding")
    with pytest.raises(BadInput, match="two ways") as told:
        open_case(laid(tmp_path, time="день", encoding="cp1251"))
    assert 'decimal: ","' in told.value.hint
    keys = {"encoding": "cp1251", "decimal": ",", "time": "день"}
    assert totals(laid(tmp_path, **keys))[0] == [1000 * n for n in RIGHT]
    keys["format"] = {"день": "%d/%m/%Y %H:%M"}
    assert totals(laid(tmp_path, **keys))[0] == [1000 * n for n in RIGHT]


def test_months_across(tmp_path):
    (tmp_path / "sales.csv").write_text("store,2025-11-03,2025-12-01\nN,1,2\nS,3,4\n", "utf-8")
    across = {"columns": "2025-*", "name": "day", "value": "amount"}
    case = open_case(laid(tmp_path, unpivot=across, dimensions=["store"]))
    rows = case.tables["sales"].table.order_by("day", "store").to_pyarrow().to_pylist()
    assert rows[0] == {"store": "N", "day": date(2025, 11, 3), "amount": 1}
    assert len(rows) == 4
    with pytest.raises(BadInput, match="key 'name' is missing"):
        open_case(laid(tmp_path, unpivot={"columns": "2025-*", "value": "amount"}))


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("way", "numbers"),
    [
        ("yyyymmdd", [int(f"{d:%Y%m%d}") for d in DAYS]),
        ("epoch_s", [int(d.timestamp()) + 3600 for d in DAYS]),
        ("epoch_ms", [int(d.timestamp() * 1000) for d in DAYS]),
        ("excel", [(d - pd.Timestamp("1899-12-30")).days for d in DAYS]),
    ],
)
def test_times_written_as_numbers(tmp_path, way, numbers):
    sales().assign(day=numbers).to_csv(tmp_path / "sales.csv", index=False)
    got, said = totals(laid(tmp_path))
    assert got == RIGHT
    assert way in said[0]
    if way != "yyyymmdd":
        assert totals(laid(tmp_path, format={"day": way}))[0] == RIGHT
    scaffold(tmp_path, force=True)
    assert open_case(tmp_path).tables["sales"].time == "day"
    sales().assign(day=range(56)).to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(BadInput, match="not times"):
        open_case(laid(tmp_path))


def test_what_was_left_out_stands_in_the_notes_of_a_case(tmp_path):
    frame = sales().astype({"amount": "str"})
    frame.loc[5, "amount"] = "broken"
    frame.loc[6, "amount"] = "N/A"
    frame.to_csv(tmp_path / "sales.csv", index=False)
    got, said = totals(laid(tmp_path))
    assert got == [RIGHT[0] - 13, RIGHT[1]]
    assert any("of column amount in sales.csv" in text for text in said)
    assert any("rows 8" in text and "N/A" in text for text in said)


@pytest.mark.parametrize(
    ("key", "near"),
    [("shet", "sheet"), ("heder", "header"), ("decmal", "decimal"), ("formats", "format")],
)
def test_a_key_that_is_misspelt_is_refused_with_the_nearest(tmp_path, key, near):
    sales().to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(BadInput, match=f"no key named '{key}'") as told:
        open_case(laid(tmp_path, **{key: "x"}))
    assert repr(near) in told.value.hint


def test_wide_tables_and_sheets_are_found_by_the_draft(tmp_path):
    wide = pd.DataFrame([range(1, 57)], columns=DAYS.strftime("%Y-%m-%d")).assign(store="N")
    wide.to_csv(tmp_path / "wide.csv", index=False)
    case = open_case(scaffold(tmp_path))
    assert "unpivot:" in (tmp_path / "case.yml").read_text("utf-8")
    frame = measure(case.tables["wide"], [case.metrics["value"]], dict(case.periods))
    assert list(frame["value"]) == RIGHT


def test_days_with_their_weekday_are_read(tmp_path):
    sales("%A, %B %d, %Y").to_csv(tmp_path / "sales.csv", index=False, sep=";")
    assert totals(laid(tmp_path))[0] == RIGHT


@pytest.mark.parametrize("names", ["{}月", "Jan Feb Mar Apr May", "Januar Februar März April Mai"])
def test_months_across_without_a_year_are_refused_with_their_names(tmp_path, names):
    called = names.split() if " " in names else [names.format(k) for k in range(1, 6)]
    frame = pd.DataFrame([["N", 1, 2, 3, 4, 5], ["S", 6, 7, 8, 9, 10]], columns=["store", *called])
    frame.to_csv(tmp_path / "plan.csv", index=False)
    with pytest.raises(BadInput, match=f"columns {called[0]!r} to {called[-1]!r} are months of no"):
        scaffold(tmp_path)


def test_a_goal_whose_column_is_called_otherwise_later_is_no_case_in_order(tmp_path):
    frame = sales()
    frame[:28].to_csv(tmp_path / "sales-11.csv", index=False)
    frame[28:].rename(columns={"amount": "value"}).to_csv(tmp_path / "sales-12.csv", index=False)
    (problem,) = uncounted(open_case(laid(tmp_path, "sales-*.csv")))
    assert "'revenue' has no value in the current period" in problem.what
