"""Files after public reports of users of comparable tools: each read as the same 56 days of sales,
or refused in words."""

from __future__ import annotations

import pytest

from kpilab.engine.connect import connect
from kpilab.engine.door.files import ending, opened
from kpilab.engine.door.reading import Reading
from kpilab.errors import BadInput

TOTAL = 207_041.23  # of all rows that can be read
# Rows that cannot be, or signs for none, take their amounts with them.
PARTLY = {
    "07p-dmy-one-bad": 205_759.75,
    "07r-impossible-date": 205_759.75,
    "23-na-strings": 183_765.45,
    "27c-xlsx-error-cells": 204_489.81,
    "29g-ragged": 205_696.77,
    "29h-short-row": 205_696.77,
}
REFUSED = {
    "18c-zero-bytes": "empty",
    "32e-xls": "old kind",
    "32g-html-xls": "web page",
    "10b-tz-mixed": "several offsets",
    "31j-family-yearly-different": "not one table",
}
# Other tables: one row, none, a month's sums, an export of orders.
OTHERS = (
    "07h", "07j", "08b", "18-", "18b", "20-", "20b", "21-", "24-", "28-", "30d", "33j", "63-",
    "63b", "64-", "64c", "65-", "70-",
)  # fmt: skip


def folders(shared):
    for folder in sorted((shared / "faults" / "intake").iterdir()):
        files = [p for p in folder.iterdir() if ending(p)]
        if files and folder.name[:3] not in OTHERS:
            yield folder, files


def read(folder, files):
    source = files[0] if len(files) == 1 else folder / f"sales*{ending(files[0])}"
    return opened(connect(), source, "sales", Reading())


def test_every_file_is_read_as_the_same_sales_or_refused_in_words(shared):
    wrong = []
    for folder, files in folders(shared):
        try:
            table = read(folder, files).table
        except BadInput as error:
            if REFUSED.get(folder.name, "never") not in str(error):
                wrong.append(f"{folder.name}: {error}")
            continue
        right = PARTLY.get(folder.name, TOTAL)
        times = [c for c, kind in table.schema().items() if kind.is_temporal()]
        table = table.filter(table[times[0]].notnull()) if times else table
        numbers = [c for c, kind in table.schema().items() if kind.is_numeric()]
        sums = [float(table[c].sum().to_pandas() or 0) for c in numbers[:12]]
        if not any(abs(total - right) < 0.5 for total in sums) or folder.name in REFUSED:
            wrong.append(f"{folder.name}: {dict(zip(numbers, sums, strict=False))}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["33j-hand-late-text", "24-late-text"])
def test_a_late_sign_for_none_is_named_with_its_row(shared, name):
    folder = shared / "faults" / "intake" / name
    notes = {n.key: n.values for n in read(folder, [folder / "sales.csv"]).notes}
    assert notes["door.nothing"]["first"] == (30_237,)
