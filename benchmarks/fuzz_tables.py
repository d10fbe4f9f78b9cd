"""Does any table, with any keys that say how it is read and linked, crash a case? Small files in
odd shapes are written, spoilt, and opened with keys drawn at random; some cases are reviewed.

Every outcome is a case (and a review of it) or a refusal in words.

nice -n 19 python benchmarks/fuzz_tables.py --inputs 20000 --seed 1 --reviews 0.01
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import shutil
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import kpilab
from kpilab.cli.first import written
from kpilab.errors import KpilabError

NAMES = [
    "date", "day", "Datum", "日期", "at", "store", "门店", "orders", "revenue", "Umsatz (EUR)",
    "n", "rowid", "id", "kunde id", "product", "select", 'a"b', "x'y", "a.b", "", " ", "Total",
    "year", "2025", "qty", "price", "kpilab file", "file_row_number", "status", "level", "é", "💥",
]  # fmt: skip
FORMS = [
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%y", "%d.%m.%Y %H:%M", "%Y年%m月%d日", "%b %d, %Y", "%Y%m%d",
    "%Y-%m-%dT%H:%M:%S+08:00", "%G-W%V", "%s",
]  # fmt: skip
ODD = [
    "", "N/A", "-", "∞", "NaN", "1e400", "0000-00-00", "9999-12-31", "-1", "12 %",
    "1.234,56", "(3)", "total", "合计", "=1+1", "\x00", "\ufeff", "a\nb", '"', "true", "９９",
    "2052-01-01", "0x1F", "1_0",
]  # fmt: skip
KEYS: dict[str, list[Any]] = {
    "sheet": ["*", "Sheet1", "no", ""], "header": [0, 1, 2, 99, -1], "decimal": [",", ".", ";"],
    "encoding": ["utf-8", "gb18030", "utf-16", "cp1252", "no", "idna", "hex", "zip"],
    "format": [{"date": "%d/%m/%Y"}, {"date": "%Q"}, {"no": "%Y"}, {"date": "excel"},
               {"date": "epoch_ms"}, {"orders": "%Y"}],
    "unpivot": [{"columns": "2025*", "name": "m", "value": "v"},
                {"columns": "*", "name": "a", "value": "a"},
                {"columns": ["orders", "revenue"], "name": "what", "value": "much"}],
    "expand": [{"count": "orders"}, {"count": "orders", "outcomes": ["n"]}, {"count": "store"}],
    "key": ["id", "store", ["date", "store"], "no"],
    "links": [{"store": "b"}, {"id": "a"}, {"no": "b"}],
    "columns": [{"net": "revenue * 2"}, {"net": "revenue / orders"}, {"c": "b.price"}, {"c": "net"},
                {"date": "1"}, {"c": "random()"}, {"c": "orders || store"}],
    "dimensions": [["store"], ["store", "b.product"], ["no"], ["date"], ["orders", "store"]],
    "time": ["date", "b.date", "store", "orders"],
    "valid": [{"from": "date"}, {"from": "a", "until": "date"}],
    "source": ["a.csv", "a-*.csv", "a-*.*", "*", "../a.csv", "a.xlsx", "b.json", "no.csv",
               "a.csv.gz"],
}  # fmt: skip
AMOUNTS = ["{:.2f}", "{:,.2f}", "${:.1f}", "{:.0f}"]
MEASURES = ["sum(revenue)", "sum(orders)", "count(*)", "sum(net)", "avg(b.price)", "sum(store)"]
Frame = pd.DataFrame


def frame(rng: random.Random) -> Frame:
    """A table of days, parts and numbers, its cells written in one way, some of them spoilt."""
    rows = rng.choice([0, 1, 3, 40, 60, 60, 60])
    form, days = rng.choice(FORMS), pd.date_range("2025-10-20", periods=max(rows, 1))
    cells: dict[str, list[str]] = {
        "date": [days[k].strftime(form) for k in range(rows)],
        "store": [rng.choice(["North", "north ", "South", "", "Ost"]) for _ in range(rows)],
        "orders": [str(rng.randrange(90)) for _ in range(rows)],
        "revenue": [rng.choice(AMOUNTS).format(rng.gauss(900, 300)) for _ in range(rows)],
        "id": [str(rng.choice([k, k, k, 7])) for k in range(rows)],
        "product": [f"P{k % 5}" for k in range(rows)],
    }  # fmt: skip
    found = pd.DataFrame(cells)
    for column in list(found.columns):
        if rng.random() < 0.1:
            found = found.rename(columns={column: rng.choice(NAMES)})
    for _ in range(rng.choice([0, 0, 1, 5]) if rows else 0):
        found.iat[rng.randrange(rows), rng.randrange(found.shape[1])] = rng.choice(ODD)
    return found


def kept(table: Frame, path: Path, rng: random.Random) -> None:
    """A table as a file of the kind that its name says, or of another; sometimes damaged."""
    if path.suffix == ".xlsx":
        clean = table.map(lambda v: str(v).replace("\x00", ""))
        clean.to_excel(path, index=False, header=rng.random() < 0.9, startrow=rng.choice([0, 0, 3]))
    elif path.suffix == ".json":
        table.columns = [f"{c}_{k}" for k, c in enumerate(table.columns)]
        way: Any = rng.choice(["records"] * 6 + ["columns", "split"])
        path.write_text(str(table.to_json(orient=way)))
    else:
        text = table.to_csv(index=False, sep=rng.choice(",,;\t|"), header=rng.random() < 0.9)
        code = rng.choice(["utf-8"] * 6 + ["utf-16", "gb18030", "cp1252"])
        path.write_bytes(text.encode(code, errors="replace"))
    if rng.random() < 0.03:
        held = bytearray(path.read_bytes())
        for _ in range(rng.choice([1, 9])):
            if held:
                held[rng.randrange(len(held))] = rng.randrange(256)
        path.write_bytes(held[: rng.randrange(1, len(held) + 1)] if rng.random() < 0.3 else held)


def spec(rng: random.Random) -> dict[str, Any]:
    """A case of two tables with a few keys that may fit or not."""
    first: dict[str, Any] = {
        "kind": "facts",
        "source": "a.csv",
        "time": "date",
        "dimensions": ["store"],
    }
    second: dict[str, Any] = {
        "kind": rng.choice(["facts", "entities"]),
        "source": "b.json",
        "key": "id_4",
    }
    for key in rng.sample(list(KEYS), rng.choice([0, 0, 1, 1, 2])):
        rng.choice([first, first, second])[key] = rng.choice(KEYS[key])
    if second["kind"] == "facts":
        second.setdefault("time", "date_0")
    tables = {"a": first, "b": second} if rng.random() < 0.5 else {"a": first}
    metrics: dict[str, Any] = {"m": {"table": "a", "measure": rng.choice(MEASURES)}}
    if rng.random() < 0.3:
        metrics["f"] = {"formula": rng.choice(["m * 2", "m - g", "m / m", "f"])}
    days = {"baseline": ["2025-10-20", "2025-11-02"], "current": ["2025-11-03", "2025-11-16"]}
    return {"kpilab": 1, "title": "t", "periods": days, "tables": tables,
            "metrics": metrics, "goal": {"metric": rng.choice(["m", "m", "f"])}}  # fmt: skip


def outcome(folder: Path, rng: random.Random, reviews: float) -> str:
    """What becomes of one folder: by `init` or by a case written for it."""
    for name in ("a.csv", "b.json"):
        kept(frame(rng), folder / name, rng)
    for name in rng.choice([(), (), ("a-1.csv", "a-2.csv"), ("a-1.csv", "a-2.xlsx"), ("a.xlsx",)]):
        kept(frame(rng), folder / name, rng)
    try:
        if rng.random() < 0.3:
            case, said = written(folder).case, "drafted"
        else:
            text = yaml.safe_dump(spec(rng), allow_unicode=True, sort_keys=False)
            (folder / "case.yml").write_text(text, "utf-8")
            case, said = kpilab.open_case(folder), "opened"
        if rng.random() < reviews:
            kpilab.review(case)
            said = "reviewed"
    except KpilabError as error:
        return "refused" if str(error).strip() else "refused without words"
    except Exception as error:  # noqa: BLE001  # what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        own = [f for f in traceback.extract_tb(error.__traceback__) if "/kpilab/" in f.filename]
        at = own[-1] if own else place
        return f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}: {str(error)[:120]}"
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reviews", type=float, default=0.01, help="share of the cases reviewed")
    parser.add_argument("--only", type=int, help="one input alone, its folder kept")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    told, first, start = Counter[str](), dict[str, int](), time.perf_counter()
    chosen = [asked.only] if asked.only is not None else range(asked.inputs)
    for k in chosen:
        folder = Path(tempfile.mkdtemp())
        said = outcome(folder, random.Random(f"{asked.seed} {k}"), asked.reviews)
        told[said.partition(":")[0] + ":" + said.split(":", 2)[1] if ":" in said else said] += 1
        if first.setdefault(said, k) == k and ":" in said:
            print(json.dumps({"input": k, "said": said}), flush=True)
        if asked.only is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(folder, said)
        if k % 100 == 99:
            gc.collect()
            print(k + 1, f"{time.perf_counter() - start:.0f} s", dict(told), flush=True)
    print(dict(told))


if __name__ == "__main__":
    main()
