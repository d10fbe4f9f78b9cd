"""Files as people send them: read as a person would read them, or refused with row and mend."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest

from kpilab.engine.connect import connect
from kpilab.engine.door.files import opened
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import Reading, Unpivot
from kpilab.errors import BadInput


def read(path: Path | str, **keys) -> tuple[dict[str, list], dict[str, dict]]:
    """Columns of a file, and the notes on it by key."""
    found = opened(connect(), path, "t", Reading(**keys))
    frame = found.table.to_pyarrow().to_pydict()
    return frame, {note.key.removeprefix("door."): dict(note.values) for note in found.notes}


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def column(folder: Path, values: list[str], separator: str = ";", **keys) -> tuple[list, dict]:
    """How values in a column of their own are read."""
    rows = "\n".join(f'x{k}{separator}"{v}"' for k, v in enumerate(values))
    frame, notes = read(written(folder, f"name{separator}v\n{rows}\n"), **keys)
    return frame["v"], notes


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (["1.234,56", "12,50", "0,99"], [1234.56, 12.5, 0.99]),
        (["1,234.56", "12.50", "1,234,567.00"], [1234.56, 12.5, 1234567]),
        (["1 234,5", "1\u202f234\u202f567,25", "3,75"], [1234.5, 1234567.25, 3.75]),
        (["1'234.50", "2'000'000.00"], [1234.5, 2000000]),
        (["12,34,567.50", "1,00,000.25"], [1234567.5, 100000.25]),
        (["1,234", "950", "12,345,678"], [1234, 950, 12345678]),
        (["1.234", "950", "12.345.678"], [1234, 950, 12345678]),
        (["¥1,200", "¥950"], [1200, 950]),
        (["$1,200.50", "-$3.25", "$-4.75"], [1200.5, -3.25, -4.75]),
        (["€ 1.200,50", "€ 3,25"], [1200.5, 3.25]),
        (["1.200,50 €", "3,25 €"], [1200.5, 3.25]),
        (["CHF 12.50", "CHF 1'000.75"], [12.5, 1000.75]),
        (["R$ 1.200,50", "R$ 3,25"], [1200.5, 3.25]),
        (["1 200,50 zł", "3,25 zł"], [1200.5, 3.25]),
        (["HK$12.5", "HK$1,000.25"], [12.5, 1000.25]),
        (["12.50元", "1,000.75元"], [12.5, 1000.75]),
        (["1.5万", "2亿", "300"], [15000, 2e8, 300]),
        (["1 234", "12 345 678", "999"], [1234, 12345678, 999]),
        (["1.2k", "3.4k", "900"], [1200, 3400, 900]),
        (["$1.2M", "$900K", "$350.50"], [1.2e6, 9e5, 350.5]),
        (["3千万", "1.5万", "2百万"], [3e7, 15000, 2e6]),
        (["10 pcs", "1 pc"], [10, 1]),
        (["$ (1,200.00)", "$ 350.00", "$ -"], [-1200, 350, None]),
        (["(1,200)", "950"], [-1200, 950]),
        (["(1,200.75)", "(0.5)", "3.25"], [-1200.75, -0.5, 3.25]),
        (["−12.5", "3.25", "-1.75"], [-12.5, 3.25, -1.75]),
        (["12.5-", "3.25"], [-12.5, 3.25]),
        (["12 %", "7.5 %", "0 %"], [0.12, 0.075, 0]),
        (["35 kg", "12 kg", "0"], [35, 12, 0]),
        (["120 ms", "35.5 ms"], [120, 35.5]),
        (["18,5 °C", "-3,25 °C"], [18.5, -3.25]),
        (["1.5E-3", "2.5e4"], [0.0015, 25000]),
        (["5.0", "", "7.25"], [5, None, 7.25]),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(tmp_path, values, right):
    assert column(tmp_path, values)[0] == pytest.approx(right)


@pytest.mark.parametrize("sign", ["N/A", "-", "--", "null", "#DIV/0!", "NaN", "k.A.", "无", "—"])
def test_a_sign_for_none_among_numbers_is_missing_and_counted(tmp_path, sign):
    values, notes = column(tmp_path, ["1.5", sign, "2.5", "3.5", sign])
    assert values == [1.5, None, 2.5, 3.5, None]
    assert notes["nothing"]["rows"] == 2
    assert notes["nothing"]["first"] == (3, 6)


@pytest.mark.parametrize(
    "values",
    [
        ["007", "010", "7"], ["A-1001", "A-1002"], ["c12", "c13"], ["Store 1", "Store 2"],
        ["2025-001", "2025-002"], ["1.2.3", "10.0.1"], ["12:30", "09:15"], ["10-19", "20-29"],
        ["138 0013 8000", "139 1234 5678"], ["12345678901234567890", "12345678901234567891"],
        ["Q1", "Q2"], ["A-0", *map(str, range(1001, 1030))],
        ["N/A", "north"], ["#12", "#13"], ["M", "L", "42"],
    ],
)  # fmt: skip
def test_names_made_of_digits_stay_as_they_are(tmp_path, values):
    assert column(tmp_path, values)[0] == values


def test_amounts_in_several_units_stay_text_and_are_named(tmp_path):
    values, notes = column(tmp_path, ["35 kg", "200 g", "1.5 kg"])
    assert values[0] == "35 kg"
    assert notes["units"]["units"] == ("g", "kg")


def test_a_late_text_in_a_column_of_numbers_is_named_with_its_row(tmp_path):
    rows = "".join(f"{k},{k}.5\n" for k in range(30_000))
    path = written(tmp_path, f"k,v\n{rows}30000,about 7\n30001,7.25\n")
    frame, notes = read(path)
    assert frame["v"][-2:] == [None, 7.25]
    assert (notes["unread_numbers"]["rows"], notes["unread_numbers"]["first"]) == (1, (30_002,))
    assert notes["unread_numbers"]["values"] == ("about 7",)


def test_thousands_or_decimals_are_asked_for_where_no_value_tells(tmp_path):
    with pytest.raises(BadInput, match=r"two ways: .*1[.]234") as told:
        column(tmp_path, ["1.234", "5.678"])
    assert told.value.where == "table 't', key 'decimal'"
    assert column(tmp_path, ["1.234", "5.678"], decimal=",")[0] == [1234, 5678]
    assert column(tmp_path, ["1.234", "5.678"], decimal=".")[0] == [1.234, 5.678]
    # The rest of the file tells: its other column has decimal commas.
    path = written(tmp_path, "a;v\n1,5;1.234\n2,75;5.678\n")
    assert read(path)[0] == {"a": [1.5, 2.75], "v": [1234, 5678]}


@pytest.mark.parametrize(
    ("values", "right"),
    [
        (["03.11.2025", "28.12.2025"], [date(2025, 11, 3), date(2025, 12, 28)]),
        (["3.1.25", "28.12.25"], [date(2025, 1, 3), date(2025, 12, 28)]),
        (["13/11/2025", "03/12/2025"], [date(2025, 11, 13), date(2025, 12, 3)]),
        (["11/13/2025", "12/03/2025"], [date(2025, 11, 13), date(2025, 12, 3)]),
        (["11/13/25", "12/3/25"], [date(2025, 11, 13), date(2025, 12, 3)]),
        (["2025年11月03日", "2025年1月3日"], [date(2025, 11, 3), date(2025, 1, 3)]),
        (["2025/11/3", "2025/12/28"], [date(2025, 11, 3), date(2025, 12, 28)]),
        (["2025-11", "2025-12"], [date(2025, 11, 1), date(2025, 12, 1)]),
        (["11/2025", "12/2025"], [date(2025, 11, 1), date(2025, 12, 1)]),
        (["2025年11月", "2025年12月"], [date(2025, 11, 1), date(2025, 12, 1)]),
        (["03-Nov-2025", "28-Dec-2025"], [date(2025, 11, 3), date(2025, 12, 28)]),
        (["03-NOV-25", "28-DEC-25"], [date(2025, 11, 3), date(2025, 12, 28)]),
        (["November 3, 2025", "March 28, 2025"], [date(2025, 11, 3), date(2025, 3, 28)]),
        (["Nov 2025", "Dec 2025"], [date(2025, 11, 1), date(2025, 12, 1)]),
        (["3. März 2025", "28. Dezember 2025"], [date(2025, 3, 3), date(2025, 12, 28)]),
        (["3 févr. 2025", "28 août 2025"], [date(2025, 2, 3), date(2025, 8, 28)]),
        (["3 de enero de 2025", "28 de agosto de 2025"], [date(2025, 1, 3), date(2025, 8, 28)]),
        (["Mon, 3 Nov 2025", "Tue, 4 Nov 2025"], [date(2025, 11, 3), date(2025, 11, 4)]),
        (["3rd Nov 2025", "21st Nov 2025"], [date(2025, 11, 3), date(2025, 11, 21)]),
        (["2025-11-03", "28.12.2025"], [date(2025, 11, 3), date(2025, 12, 28)]),
        (["03/11/2025 09:30", "28/11/2025 17:05"],
         [datetime(2025, 11, 3, 9, 30), datetime(2025, 11, 28, 17, 5)]),
        (["11/28/2025 3:05 PM", "11/03/2025 11:30 am"],
         [datetime(2025, 11, 28, 15, 5), datetime(2025, 11, 3, 11, 30)]),
        (["2025年11月3日 09:30", "2025年11月4日 17:05:10"],
         [datetime(2025, 11, 3, 9, 30), datetime(2025, 11, 4, 17, 5, 10)]),
        (["2025/11/3 下午3:05", "2025/11/4 上午9:30"],
         [datetime(2025, 11, 3, 15, 5), datetime(2025, 11, 4, 9, 30)]),
        (["20251103T093000", "20251104T170510"],
         [datetime(2025, 11, 3, 9, 30), datetime(2025, 11, 4, 17, 5, 10)]),
        (["2025-11-03T09:30:00.250Z", "2025-11-04T17:05:10.500Z"],
         [datetime(2025, 11, 3, 9, 30, 0, 250_000), datetime(2025, 11, 4, 17, 5, 10, 500_000)]),
        (["Wed Dec 06 10:00:00 GMT 2023", "Thu Dec 07 09:30:00 GMT 2023"],
         [datetime(2023, 12, 6, 10), datetime(2023, 12, 7, 9, 30)]),
        (["2025-W45", "2025-W01", "2026-W1"],
         [date(2025, 11, 3), date(2024, 12, 30), date(2025, 12, 29)]),
        (["2025Q3", "2025Q4", "2026Q1"], [date(2025, 7, 1), date(2025, 10, 1), date(2026, 1, 1)]),
        (["Q3 2025", "Q2 2025"], [date(2025, 7, 1), date(2025, 4, 1)]),
        (["2025. 11. 3.", "2025. 12. 28."], [date(2025, 11, 3), date(2025, 12, 28)]),
        (["2025. nov. 3.", "2025. dec. 28."], [date(2025, 11, 3), date(2025, 12, 28)]),
        (["2025-11-03 周一", "2025-11-04 周二"], [date(2025, 11, 3), date(2025, 11, 4)]),
        (["2025年11月3日 9時30分", "2025年11月4日 10時05分"],
         [datetime(2025, 11, 3, 9, 30), datetime(2025, 11, 4, 10, 5)]),
        (["2025-11-03T09:30:00.123456789", "2025-11-03T09:31:00.987654321"],
         [datetime(2025, 11, 3, 9, 30, 0, 123456), datetime(2025, 11, 3, 9, 31, 0, 987654)]),
        (["03.11.2025, 09:30", "28.11.2025, 17:05"],
         [datetime(2025, 11, 3, 9, 30), datetime(2025, 11, 28, 17, 5)]),
    ],
)  # fmt: skip
def test_times_as_people_write_them(tmp_path, values, right):
    assert column(tmp_path, values)[0] == right


@pytest.mark.parametrize("sep", ["/", "-"])
def test_the_order_of_day_and_month_is_decided_by_the_whole_column_or_asked_for(tmp_path, sep):
    days = pd.date_range("2025-11-01", "2025-12-28")
    low = [d for d in days if d.day <= 12]
    for form in (f"%d{sep}%m{sep}%Y", f"%m{sep}%d{sep}%Y"):
        values, notes = column(tmp_path, [d.strftime(form) for d in days])
        assert values == [d.date() for d in days]
        assert notes["order"]["format"] == form
        values, notes = column(tmp_path, [d.strftime(form) for d in low])
        assert values == [d.date() for d in low]
    months = pd.date_range("2024-01-01", "2025-12-01", freq="MS")
    values, _ = column(tmp_path, [d.strftime(f"%m{sep}%d{sep}%Y") for d in months])
    assert values == [d.date() for d in months]
    either = [f"01{sep}02{sep}2025", f"03{sep}02{sep}2025", f"05{sep}07{sep}2025"]
    with pytest.raises(BadInput, match="2 ways") as told:
        column(tmp_path, either)
    assert told.value.where == "table 't', key 'format'"
    assert f'"%d{sep}%m{sep}%Y"' in told.value.hint
    right, _ = column(tmp_path, either, format={"v": f"%m{sep}%d{sep}%Y"})
    assert right[2] == datetime(2025, 5, 7)


def test_a_day_that_does_not_exist_is_left_out_and_named(tmp_path):
    for bad in ("31.11.2025", "unknown", "Total"):
        values, notes = column(tmp_path, [f"{k:02d}.12.2025" for k in range(10, 31)] + [bad])
        assert values[-1] is None
        assert notes["unread_times"]["first"] == (23,)
        assert notes["unread_times"]["values"] == (bad,)


def test_one_offset_is_the_clock_of_the_file_several_need_the_zone_of_the_case(tmp_path):
    east = ["2025-11-03T00:30:00+08:00", "2025-11-04T00:30:00+08:00"]
    values, notes = column(tmp_path, east)
    assert values[0] == datetime(2025, 11, 3, 0, 30)
    assert notes["offset"]["offsets"] == ("+08:00",)
    assert column(tmp_path, east, zone="UTC")[0][0] == datetime(2025, 11, 2, 16, 30)
    summer = ["2025-10-25 12:00+02:00", "2025-10-27 12:00+01:00"]
    assert column(tmp_path, summer)[0] == [datetime(2025, 10, 25, 12), datetime(2025, 10, 27, 12)]
    mixed = ["2025-11-03T09:30:00Z", "2025-11-03T00:30:00+08:00"]
    with pytest.raises(BadInput, match="several offsets") as told:
        column(tmp_path, mixed)
    assert "timezone" in told.value.where
    right = [datetime(2025, 11, 3, 17, 30), datetime(2025, 11, 3, 0, 30)]
    assert column(tmp_path, mixed, zone="Asia/Shanghai")[0] == right


TEXTS = {
    "gb18030": "日期,门店,销售额\n2025-11-03,北京旗舰店,12.5\n2025-11-04,上海店,7.25\n",
    "utf-16": "day,store,amount\n2025-11-03,Łódź,12.5\n2025-11-04,Zürich,7.25\n",
    "utf-16-le": "day,store,amount\n2025-11-03,Łódź,12.5\n2025-11-04,Zürich,7.25\n",
    "utf-8-sig": "day,store,amount\n2025-11-03,Łódź,12.5\n2025-11-04,上海,7.25\n",
    "cp1252": "day,store,amount\n2025-11-03,Zürich – Süd,12.5\n2025-11-04,Besançon,7.25\n",
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_are_recognised(tmp_path, encoding, end):
    text = TEXTS[encoding]
    frame, _ = read(written(tmp_path, text.replace("\n", end), encoding))
    names = text.partition("\n")[0].split(",")
    assert list(frame) == names
    assert frame[names[0]] == [date(2025, 11, 3), date(2025, 11, 4)]
    assert frame[names[1]][0] == text.split("\n")[1].split(",")[1]
    assert frame[names[2]] == [12.5, 7.25]


@pytest.mark.parametrize("encoding", ["cp1251", "big5", "shift_jis", "cp1250", "cp437"])
def test_an_encoding_that_cannot_be_told_is_asked_for(tmp_path, encoding):
    word = {"cp1251": "Москва", "big5": "臺北門市銷售", "shift_jis": "とうきょう店",
            "cp1250": "Łódź", "cp437": "Münchner Straße"}[encoding]  # fmt: skip
    path = written(tmp_path, f"day,store,n\n2025-11-03,{word},1\n", encoding)
    with pytest.raises(BadInput, match="several encodings") as told:
        read(path)
    assert told.value.where == "table 't', key 'encoding'"
    assert read(path, encoding=encoding)[0]["store"] == [word]


def test_another_encoding_late_in_a_file_is_recognised(tmp_path):
    rows = "".join(f"{k},plain\n" for k in range(40_000))
    frame, _ = read(written(tmp_path, f"k,store\n{rows}40000,北京\n40001,上海店\n", "gb18030"))
    assert frame["store"][-2:] == ["北京", "上海店"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("title", ["", "Sales report\n", "Report;of,2025\nmade by us\n\n"])
def test_separators_and_rows_above_the_names(tmp_path, separator, title):
    rows = [["day", "store", "n"], *([f"2025-11-{k:02d}", "N", str(k)] for k in range(1, 29))]
    text = title + "\n".join(separator.join(row) for row in rows) + "\n"
    frame, notes = read(written(tmp_path, text))
    assert list(frame) == ["day", "store", "n"]
    assert sum(frame["n"]) == 406
    assert "no_header" not in notes


def test_a_file_without_names_is_noticed_and_can_be_told(tmp_path):
    path = written(tmp_path, "2025-11-03,North,40\n2025-11-04,South,41\n")
    frame, notes = read(path)
    assert frame["column2"] == [40, 41]
    assert notes["no_header"]["columns"] == ("column0", "column1", "column2")
    frame, notes = read(path, header=1)
    assert list(frame) == ["2025-11-03", "North", "40"]
    years = written(tmp_path, "store,2023,2024,2025\nNorth,1,2,3\nSouth,4,5,6\n")
    assert list(read(years)[0]) == ["store", "2023", "2024", "2025"]


def test_rows_of_another_width_are_left_out_and_named(tmp_path):
    rows = [f"{k},{k}" for k in range(100)]
    rows[7], rows[40] = "7,7,extra", "40"
    frame, _ = read(written(tmp_path, "k,v\n" + "\n".join(rows) + "\n"))
    assert len(frame["k"]) == 98
    found = opened(connect(), tmp_path / "t.csv", "t", Reading())
    said = {note.values["reason"]: note.values["first"] for note in found.notes}
    assert said == {"more": (9,), "fewer": (42,)}
    ragged = [row + ",x" if k % 5 == 0 else row for k, row in enumerate(rows)]
    with pytest.raises(BadInput, match="do not have 2 cells; row 2"):
        read(written(tmp_path, "k,v\n" + "\n".join(ragged) + "\n"))


def test_packed_files_and_wrong_endings(tmp_path):
    text = "day,n\n2025-11-03,1\n2025-11-04,2\n"
    with gzip.open(tmp_path / "t.csv.gz", "wt") as file:
        file.write(text)
    assert read(tmp_path / "t.csv.gz")[0]["n"] == [1, 2]
    with gzip.open(tmp_path / "t.json.gz", "wt") as file:
        file.write('{"day": "03.11.2025", "n": "1,5"}\n{"day": "28.11.2025", "n": "2,25"}\n')
    assert read(tmp_path / "t.json.gz")[0] == {
        "day": [date(2025, 11, 3), date(2025, 11, 28)], "n": [1.5, 2.25]}  # fmt: skip
    assert read(written(tmp_path, text, name="t.xlsx"))[0]["n"] == [1, 2]
    bad = {"t.xls": (b"\xd0\xcf\x11\xe0", "old kind"), "a.csv": (b"<html>", "web page"),
           "b.csv": (b"", "empty")}  # fmt: skip
    for name, (start, said) in bad.items():
        (tmp_path / name).write_bytes(start)
        with pytest.raises(BadInput, match=said):
            read(tmp_path / name)


def test_json_that_holds_its_rows_or_objects_in_them(tmp_path):
    path = written(tmp_path, '{"ok": true, "data": [{"n": 1}, {"n": 2, "late": 5}]}', name="t.json")
    assert read(path)[0] == {"n": [1, 2], "late": [None, 5]}
    path = written(tmp_path, '{"n": 1}\n{"n": "x"}\n', name="t.jsonl")
    assert read(path)[0] == {"n": ["1", "x"]}
    path = written(tmp_path, '{"n": 1, "who": {"age": 5, "at": {"city": "B"}}}\n', name="t.json")
    assert read(path)[0] == {"n": [1], "who_age": [5], "who_at_city": ["B"]}


def test_months_across_become_rows(tmp_path):
    path = written(tmp_path, "store;2025-11;2025-12\nNorth;1.200,50;7,25\nSouth;;12,00\n")
    unpivot = Unpivot(("2025-*",), "month", "amount")
    frame, _ = read(path, unpivot=unpivot)
    assert frame["month"] == [date(2025, 11, 1), date(2025, 12, 1), date(2025, 12, 1)]
    assert frame["amount"] == [1200.5, 7.25, 12]
    with pytest.raises(BadInput, match=r"no column of t.csv is called 2024"):
        read(path, unpivot=Unpivot(("2024-*",), "month", "amount"))


def test_files_of_one_pattern_are_put_together_by_name(tmp_path):
    written(tmp_path, "day,n\n03.11.2025,1\n13.11.2025,2\n", name="s-1.csv")
    written(tmp_path, "n;day;channel\n3;2025-12-01;web\n", name="s-2.csv")
    written(tmp_path, "日期,day,n\n北京,2026-01-01,4\n", "gb18030", name="s-3.csv")
    frame, notes = read(tmp_path / "s-*.csv")
    assert sorted(zip(frame["day"], frame["n"], strict=True)) == [
        (date(2025, 11, 3), 1), (date(2025, 11, 13), 2), (date(2025, 12, 1), 3),
        (date(2026, 1, 1), 4)]  # fmt: skip
    assert sorted(c for c in frame["channel"] if c) == ["web"]
    assert notes["absent"]["table"] == "t"


@pytest.mark.parametrize("end", ["csv", "xlsx"])
def test_a_column_that_is_empty_in_one_file_is_what_the_others_say(tmp_path, end):
    held = {"day": ["2025-11-03"] * 3, "n": [1.5, 2.0, 3.0], "store": list("abc")}
    full = pd.DataFrame(held | {"at": ["2025-11-03 10:00"] * 3, "none": [None] * 3})
    for name, frame in (("1", full.assign(n=None, at=None)), ("2", full.assign(store=None))):
        save = frame.to_csv if end == "csv" else frame.to_excel
        save(tmp_path / f"{name}.{end}", index=False)
    found = opened(connect(), tmp_path / f"*.{end}", "t", Reading())
    kinds = {c: str(kind) for c, kind in found.table.schema().items()}
    said = {"n": "float64", "store": "string", "at": "timestamp(6)", "none": "float64"}
    assert kinds == {"day": "date", **said}
    assert found.table.agg(n=found.table.n.sum()).to_pandas()["n"].tolist() == [6.5]
    assert not found.notes


def test_a_column_that_was_renamed_is_noticed(tmp_path):
    written(tmp_path, "day,n,revenue\n2025-11-03,1,5.5\n", name="s-1.csv")
    written(tmp_path, "day,n,sales\n2025-12-03,1,6.5\n", name="s-2.csv")
    _, notes = read(tmp_path / "s-*.csv")
    assert {notes["absent"]["column"], notes["absent"]["other"]} == {"revenue", "sales"}
    written(tmp_path, "sku,label\n1,a\n", name="s-3.csv")
    with pytest.raises(BadInput, match=r"not one table.*sku, label"):
        read(tmp_path / "s-*.csv")


def test_rows_are_numbered_in_their_own_file(tmp_path):
    written(tmp_path, "day,n\n" + "2025-11-03,1.5\n" * 20_000, name="s-1.csv")
    late = "2025-11-03,1.5\n" * 20_000 + "2025-11-03,oops\n"
    written(tmp_path, f"day,n\n{late}", name="s-2.csv")
    _, notes = read(tmp_path / "s-*.csv")
    assert notes["unread_numbers"]["first"] == ("s-2.csv: 20002",)


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("t.csv", {"sheet": "Data"}, "`sheet` changes nothing"),
        ("t.parquet", {"header": 2}, "`header` changes nothing"),
        ("t.parquet", {"encoding": "gb18030"}, "`encoding` changes nothing"),
        ("t.csv", {"encoding": "klingon"}, "no encoding"),
        ("t.csv", {"format": {"when": "%d"}}, "no column named 'when'"),
        ("t.csv", {"format": {"day": "%d/%m/%Y"}}, "no value of column 'day'"),
        ("t.csv", {"decimal": ","}, "`decimal` changes nothing"),
    ],
)
def test_a_key_that_changes_nothing_is_refused(tmp_path, name, keys, said):
    frame = pd.DataFrame({"day": ["2025-11-03"], "n": [1]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(BadInput, match=said):
        read(tmp_path / name, **keys)


def test_texts_lose_the_blanks_around_them_and_it_is_said(tmp_path):
    values, notes = column(tmp_path, ["North ", " South", "North", "\u3000West"])
    assert values == ["North", "South", "North", "West"]
    assert (notes["trimmed"]["rows"], notes["trimmed"]["first"]) == (3, (2, 3, 5))


def test_rows_are_not_read_again_for_blanks_around_names_that_were_all_seen(tmp_path, monkeypatch):
    pd.DataFrame({"city": ["a", "b"] * 50, "n": range(100)}).to_parquet(tmp_path / "t.parquet")
    asked: list[str] = []
    plain = Raw.all
    monkeypatch.setattr(Raw, "all", lambda raw, query: asked.append(query) or plain(raw, query))
    read(tmp_path / "t.parquet")
    assert asked
    assert not any(" LIKE " in query for query in asked)


def test_a_first_row_with_one_odd_cell_is_no_row_of_names(tmp_path):
    rows = "".join(f"2025-11-{k:02d},{k},{k}.5,{1000 + k}\n" for k in range(2, 29))
    frame, _ = read(written(tmp_path, f"day,n,amount,sku\n2025-11-01,1,1.5,A-0\n{rows}"))
    assert list(frame) == ["day", "n", "amount", "sku"]
    assert frame["n"][0] == 1


def test_one_name_in_several_spellings_is_named_with_its_rows(tmp_path):
    names = ["North", "north", "Ｓouth", "South", "NORTH", "North", "South"]
    _, notes = column(tmp_path, names)
    assert notes["spellings"]["values"] == ("North = north = NORTH", "South = Ｓouth")
    assert notes["spellings"]["first"] == (3, 4, 6)
    assert "spellings" not in column(tmp_path, ["North", "South"])[1]


@pytest.mark.parametrize("name", ["Total", "合计", "Gesamt", "TOTAL:", "North Total", "All"])
def test_rows_that_sum_up_the_others_are_left_out_if_they_do(tmp_path, name):
    days = [f"2025-11-{k:02d}" for k in range(1, 29)]
    rows = [f"{day},{store},{k + 1},{k + 2.5}\n" for day in days
            for k, store in enumerate(("N", "S"))]  # fmt: skip
    sums = [f"{day},{name},3,6.0\n" for day in days]
    frame, notes = read(written(tmp_path, "day,store,n,amount\n" + "".join(rows + sums)))
    assert sum(frame["n"]) == 84
    assert (notes["sums"]["rows"], notes["sums"]["first"]) == (28, (58,))
    apart = [f"{day},{name},7,1.0\n" for day in days]
    frame, notes = read(written(tmp_path, "day,store,n,amount\n" + "".join(rows + apart)))
    assert sum(frame["n"]) == 84 + 196
    assert ("totals" in notes) == (name not in ("North Total", "All"))


def test_rows_without_a_time_are_counted(tmp_path):
    path = written(tmp_path, "day,n\n2025-11-03,1\n,2\n2025-11-05,3\n,4\n")
    _, notes = read(path, time=frozenset({"day"}), times=frozenset({"day"}))
    assert (notes["no_time"]["rows"], notes["no_time"]["first"]) == (2, (3, 5))


def test_errors_of_formulas_are_missing_and_counted(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["day", "n"], [date(2025, 11, 3), 1.5], [date(2025, 11, 4), "#DIV/0!"],
                [date(2025, 11, 5), 2.5]):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    frame, notes = read(tmp_path / "t.xlsx")
    assert frame["n"] == [1.5, None, 2.5]
    assert notes["nothing"]["first"] == (3,)


@pytest.mark.parametrize("far", [0, 60_000])
def test_line_ends_of_several_kinds(tmp_path, far):
    text = "k,v\r\n" + "1,1.5\r\n" * far + "2,2.5\n" * 10 + "3,3.5\r\n"
    frame, notes = read(written(tmp_path, text))
    assert len(frame["k"]) == far + 11
    assert not notes


def test_columns_parted_by_blanks(tmp_path):
    frame, _ = read(written(tmp_path, '  day   n  name\n2025-11-03  40 "a b"\n 2025-11-04 7 c\n'))
    assert frame == {"day": [date(2025, 11, 3), date(2025, 11, 4)], "n": [40, 7],
                     "name": ["a b", "c"]}  # fmt: skip


def test_a_column_with_gaps_at_its_beginning_keeps_its_name(tmp_path):
    rows = "".join(f"{y},{y - 1950}.5,,,\n" if y < 1960 else f"{y},1.5,2.5,3.5,4.5\n"
                   for y in range(1955, 1990))  # fmt: skip
    frame, notes = read(written(tmp_path, "year,a,b,c,d\n" + rows))
    assert list(frame) == ["year", "a", "b", "c", "d"]
    assert not notes


@pytest.mark.parametrize(
    "written",
    ["{0:%d} {0:%B}, {0:%Y}", "{0:%Y-%b-%d}", "{0:%Y-%m-%d}T00:00:00+08:00[Asia/Shanghai]",
     "{0:%Y}년 {0:%m}월 {0:%d}일", "{0:%d} / {0:%m} / {0:%Y}", "{0:%Y_%m_%d}", "{0:%Y–%m–%d}"],
)  # fmt: skip
def test_further_ways_to_write_a_day(tmp_path, written):
    days = pd.date_range("2025-11-20", periods=20)
    values, _ = column(tmp_path, [written.format(day) for day in days])
    assert [str(v)[:10] for v in values] == [str(day.date()) for day in days]


@pytest.mark.parametrize(
    ("values", "right"),
    [(["１２．５", "３，４００．２５"], [12.5, 3400.25]), (["٣٫٥", "١٢٫٢٥"], [3.5, 12.25]),
     (['="12.50"', '="3.25"'], [12.5, 3.25])],
)  # fmt: skip
def test_digits_of_other_scripts_and_cells_guarded_against_a_work_sheet(tmp_path, values, right):
    rows = "\n".join(f"x{k};{v}" for k, v in enumerate(values * 9))
    assert read(written(tmp_path, f"name;v\n{rows}"))[0]["v"] == right * 9


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json", ".xlsx"])
def test_signs_of_other_scripts_in_texts_stay_as_they_are(tmp_path, ending):
    wide = str.maketrans("0123456789-,", "０１２３４５６７８９－，")
    days = pd.date_range("2025-09-01", periods=40)
    made = pd.DataFrame({"日期": [f"{d:%Y-%m-%d}".translate(wide) for d in days],
                         "备注": [f"好，贵：型号{'１２'[k % 2]}" for k in range(40)],
                         "金额": [f"{2000000 + k:,}".translate(wide) for k in range(40)],
                         })  # fmt: skip
    path = tmp_path / f"t{ending}"
    if ending == ".json":
        made.to_json(path, orient="records", force_ascii=False)
    else:
        kind = {".csv": "to_csv", ".parquet": "to_parquet", ".xlsx": "to_excel"}[ending]
        getattr(made, kind)(path, index=False)
    frame, _ = read(path)
    assert frame["备注"] == list(made["备注"])
    assert frame["金额"] == list(range(2000000, 2000040))
    assert [str(d)[:10] for d in frame["日期"]] == [str(d.date()) for d in days]


def test_a_guarded_name_keeps_its_zeros(tmp_path):
    frame, _ = read(written(tmp_path, 'sku,n\n="007",1\n="012",2\n'), texts=frozenset({"sku"}))
    assert frame["sku"] == ["007", "012"]


@pytest.mark.parametrize("name", ["n", "s0", "t0", "v", "f", "h", "day", "rowid", "nr", "k"])
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json", ".xlsx"])
def test_a_column_may_have_any_name(tmp_path, name, ending):
    days = [f"2025-11-{k + 1:02d}" for k in range(24)]
    frame = pd.DataFrame({"on": days, name: ["a", "b", "c"] * 8, "orders": range(24)})
    writer = {".csv": "to_csv", ".parquet": "to_parquet", ".xlsx": "to_excel"}.get(ending)
    for k, rows in enumerate((frame[:14], frame[12:])):
        path = tmp_path / f"t-{k}{ending}"
        if writer is None:
            rows.to_json(path, orient="records")
        else:
            getattr(rows, writer)(path, index=False)
    frame, notes = read(tmp_path / f"t-*{ending}")
    own = "rowid_1" if name == "rowid" else name
    assert sorted(frame[own]) == ["a"] * 8 + ["b"] * 8 + ["c"] * 8
    assert notes["doubled"]["rows"] == 2


def test_a_list_in_an_object_of_an_object_and_values_that_say_their_type(tmp_path):
    rows = '[{"on": {"$date": "2025-11-03T00:00:00Z"}, "paid": {"$numberDecimal": "12.50"}},'
    rows += ' {"on": {"$date": "2025-11-04T00:00:00Z"}, "paid": {"$numberDecimal": "3.25"}}]'
    text = f'{{"status": "ok", "result": {{"page": 1, "items": {rows}}}}}'
    frame, _ = read(written(tmp_path, text, name="t.json"))
    assert frame["paid"] == [12.5, 3.25]
    assert [v.day for v in frame["on"]] == [3, 4]


@pytest.mark.parametrize("sign", ["^", "~"])
def test_signs_that_part_columns(tmp_path, sign):
    text = f"on{sign}n\n" + "".join(f"2025-11-{k:02d}{sign}{k}.5\n" for k in range(1, 20))
    assert read(written(tmp_path, text))[0]["n"] == [k + 0.5 for k in range(1, 20)]


@pytest.mark.parametrize("code", ["hex", "idna", "unicode_escape", "utf-16", "zip", "no such"])
def test_an_encoding_that_is_none_of_this_text_is_refused(tmp_path, code):
    with pytest.raises(BadInput, match="encoding"):
        read(written(tmp_path, "on,n\n2025-11-03,1\n2025-11-04,2\n"), encoding=code)


def test_the_sign_of_number_0_in_a_cell_breaks_nothing(tmp_path):
    rows = "".join(f"2025-11-{k:02d},{k},a\n" for k in range(1, 25))
    frame, notes = read(written(tmp_path, f"on,n,s\n{rows}2025-11-25,\0,b\0c\n"))
    assert frame["n"][:3] == [1, 2, 3]
    assert frame["n"][-1] is None
    assert notes["unread_numbers"]["rows"] == 1
