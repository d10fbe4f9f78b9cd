"""A dimension of a case may be called as anything: as a metric, or as a column of ours."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab import Facts, Period
from kpilab.core.case import Metric
from kpilab.engine.column import marked
from kpilab.engine.metrics import Cut, measure
from kpilab.show.say import sentence
from kpilab.workbench import ask

CASE = """kpilab: 1
title: t
periods: {baseline: [2025-11-03, 2025-11-30], current: [2025-12-01, 2025-12-28]}
tables:
  sales: {kind: facts, source: sales.csv, time: date, dimensions: [%s, channel]}
metrics:
  paid: {table: sales, measure: sum(paid)}
  visits: {table: sales, measure: sum(visits)}
  rate: {table: sales, numerator: sum(paid), denominator: sum(visits)}
  calls: {table: sales, measure: sum(calls)}
goal: {metric: paid, formula: visits * rate}
kpis: [{metric: calls}]
"""


def sales() -> pd.DataFrame:
    """Every third visit pays; in the north a fifth less from December on, where calls rise."""
    rng = np.random.default_rng(4)
    keys = [(d, s, c) for d in pd.date_range("2025-11-03", periods=56) for s in ("north", "south",
        "west")
            for c in ("app", "web")]  # fmt: skip
    rows = pd.DataFrame(keys, columns=["date", "place", "channel"])
    hit = (rows["place"] == "north") & (rows["date"] >= "2025-12-01")
    rows["visits"] = rng.poisson(400, len(rows))
    rows["paid"] = rng.binomial(rows["visits"], np.where(hit, 0.25, 0.33))
    rows["calls"] = rng.poisson(np.where(hit, 90, 50))
    return rows


def reviewed(folder, name):
    """What the review says, with the dimension under its first name;
    and where the rate's change is looked for."""
    sales().rename(columns={"place": name}).to_csv(folder / "sales.csv", index=False)
    (folder / "case.yml").write_text(CASE % name)
    case = kpilab.open_case(folder)
    found = kpilab.review(case)
    said = [f.statement for report in found.steps for f in report.findings] + [
        c.statement for c in found.causes
    ]
    splits = [
        ask.places(case, m).table.drop(columns=["where", "equivalent"]) for m in ("rate", "paid")
    ]
    return [sentence(m, "en").replace(name, "place") for m in said], splits


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return reviewed(tmp_path_factory.mktemp("plain"), "place")


@pytest.mark.slow
def test_the_place_is_found(plain):
    assert any("place = north" in text for text in plain[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["num0", "period", "bucket", "rate", "den1", "value", "num"])
def test_a_review_does_not_depend_on_the_name_of_a_dimension(plain, tmp_path, name):
    said, splits = reviewed(tmp_path, name)
    assert said == [s.replace(name, "place") for s in plain[0]]
    for found, right in zip(splits, plain[1], strict=True):
        pd.testing.assert_frame_equal(found, right)


def test_a_metric_called_as_the_dimension_it_is_cut_by():
    facts = Facts(pd.DataFrame({"date": "2025-11-03", "basket": ["a", "b"], "amount": [1.0, 2.0]}))
    days = {"all": Period(date(2025, 11, 3), date(2025, 11, 3))}
    found = measure(
        facts, [Metric("basket", "facts", measure="sum(amount)")], days, Cut(by=("basket",))
    )
    assert dict(zip(found[marked("basket")], found["basket"], strict=True)) == {"a": 1.0, "b": 2.0}


@pytest.mark.parametrize("name", ["num0", "den0", "num1", "size", "holed"])
@pytest.mark.parametrize("plain", [True, False])
def test_localise_by_a_dimension_of_any_name(name, plain):
    rng = np.random.default_rng(0)
    cube = pd.DataFrame(
        [(a, s, k) for a in "abcd" for s in "xyz" for k in range(5)], columns=[name, "shop", "ver"]
    )
    cube["was"] = rng.poisson(200, 60)
    cube["now"] = rng.poisson(cube["was"] * np.where(cube[name] == "b", 0.6, 1))
    data = cube if plain else Facts(cube.assign(date=pd.Timestamp("2026-01-05"))).table
    found = kpilab.localise(data, dimensions=[name, "shop", "ver"], measure="now", expected="was")
    assert [p.plain() for p in found.places] == [{name: "b"}]
