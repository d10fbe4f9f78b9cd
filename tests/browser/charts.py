"""What the tests of charts look at: every kind of result, as findings of a review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd

from kpilab.core.finding import Review, StepReport
from kpilab.core.result import Result
from tests.laws.catalogue import ENTRIES
from tests.laws.given import AS_IT_IS, Given
from tests.report import reviews

NO_RESULT = {"open_case", "review", "write_worksheet", "read_worksheet"}
CHECK = (Path(__file__).parent / "check.js").read_text("utf-8")
NAMES = [n for n in ENTRIES if n not in NO_RESULT]


@cache
def result(name: str) -> Result:
    """A small result of a public function."""
    made = ENTRIES[name].call(Given(ENTRIES[name].tables, AS_IT_IS, Path(mkdtemp())))
    assert isinstance(made, Result)
    return made


def shown(results: Mapping[str, Result], lang: str) -> Review:
    """A review whose findings are the results, told by their headlines."""
    found = tuple(
        reviews.finding(f"root_cause.{name}", statement=r.headline, evidence=(r,))
        for name, r in results.items()
    )
    return replace(reviews.nothing(lang), steps=(StepReport("root_cause", found),))


def chinese(folder: Path) -> Path:
    """A case of eight KPIs whose columns, values and labels are Chinese."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    days = pd.date_range("2026-01-01", "2026-06-30")
    rows = pd.MultiIndex.from_product([days, ["华东", "华南", "西南"]], names=["日期", "地区"])
    table = rows.to_frame(index=False)
    fallen = (table["地区"] == "华南") & (table["日期"] >= "2026-04-01")
    table["访客"] = rng.poisson(400, len(table))
    table["订单"] = rng.binomial(table["访客"], np.where(fallen, 0.10, 0.16))
    table["金额"] = (table["订单"] * rng.uniform(90, 110, len(table))).round(2)
    for k in range(8):
        table[f"动作{k}"] = rng.poisson(30 + 5 * k, len(table))
    table.to_csv(folder / "日报.csv", index=False)
    kpis = "".join(
        f'  动作{k}: {{table: 日报, measure: sum("动作{k}"), owner: 小组{k}}}\n' for k in range(8)
    )
    asked = "".join(f"  - {{metric: 动作{k}, target: {(30 + 5 * k) * 270}}}\n" for k in range(8))
    (folder / "case.yml").write_text(
        "kpilab: 1\ntitle: 门店复盘\nlanguage: zh\n"
        "periods: {baseline: ['2026-01-01', '2026-03-31'], current: ['2026-04-01', '2026-06-30']}\n"
        "tables: {日报: {kind: facts, source: 日报.csv, time: 日期, dimensions: [地区]}}\n"
        "metrics:\n"
        '  销售额: {table: 日报, measure: sum("金额"), owner: 店长}\n'
        '  访客数: {table: 日报, measure: sum("访客"), owner: 市场}\n'
        '  下单率: {table: 日报, numerator: sum("订单"), denominator: sum("访客"), owner: 运营}\n'
        '  客单价: {table: 日报, numerator: sum("金额"), denominator: sum("订单"), owner: 运营}\n'
        f"{kpis}goal: {{metric: 销售额, formula: 访客数 * 下单率 * 客单价, target: 1800000}}\n"
        f"kpis:\n{asked}",
        "utf-8",
    )
    return folder


def series(spec: Any) -> Iterator[tuple[str, set[str], set[str]]]:
    """Field, declared values and values in the data, of each encoding of a spec that declares
    some."""
    rows = [row for held in spec.get("datasets", {}).values() for row in held]

    def walk(part: Any) -> Iterator[tuple[str, set[str], set[str]]]:
        if isinstance(part, list):
            for one in part:
                yield from walk(one)
        elif isinstance(part, dict):
            scale = part.get("scale")
            domain = scale.get("domain") if isinstance(scale, dict) else None
            if isinstance(domain, list) and all(isinstance(v, str) for v in domain):
                field = part["field"]
                yield field, set(domain), {str(r[field]) for r in rows if field in r}
            for one in part.values():
                yield from walk(one)

    yield from walk({k: v for k, v in spec.items() if k != "datasets"})
