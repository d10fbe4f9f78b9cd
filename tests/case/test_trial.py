"""A folder that holds an experiment and nothing else becomes a case of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from kpilab.analysis.experiments.reanalysis import reanalysis
from kpilab.case.read import open_case
from kpilab.cli.first import scaffold, told_of, written
from kpilab.errors import BadInput
from kpilab.questions.trial import trial

DAYS = pd.date_range("2026-03-02", periods=10)


def read_out(folder):
    """What the one experiment of a folder's first case shows."""
    case = open_case(scaffold(folder))
    asked = trial(case, next(iter(case.experiments.values())))
    return case, reanalysis(*asked.tables, **asked.reread)


def counts(folder, day="%Y-%m-%d", names=("date", "variant", "users", "conversions"),
           arms=("control", "new"), name="ab.csv"):  # fmt: skip
    rng = np.random.default_rng(3)
    rows = [(d.strftime(day), arm, n := int(rng.poisson(400)), int(rng.binomial(n, rate)))
            for d in DAYS for arm, rate in zip(arms, (0.10, 0.15), strict=True)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(names))
    frame.to_csv(folder / name, index=False)
    return frame


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"day": "%Y年%m月%d日", "names": ("日期", "分组", "人数", "购买人数"),
         "arms": ("对照组", "实验组"), "name": "实验.csv"},
        {"day": "%d.%m.%Y", "names": ("Datum", "Gruppe", "Besucher", "Verkäufe"),
         "arms": ("Kontrolle", "Test"), "name": "versuch.csv"},
    ],
)  # fmt: skip
def test_counts_per_arm_and_day_are_read_as_units(tmp_path, given):
    frame = counts(tmp_path, **given)
    arm, users, did = frame.columns[1:]
    case, found = read_out(tmp_path)
    sums = frame.groupby(arm)[[users, did]].sum()
    control, other = given.get("arms", ("control", "new"))
    assert found.counts == {k: int(sums.loc[k, users]) for k in (control, other)}
    rates = sums[did] / sums[users]
    assert found.base == pytest.approx(rates[control])
    assert found.effect.value == pytest.approx(rates[other] - rates[control])
    assert case.current.last == DAYS[-1].date()


def test_one_row_a_unit_needs_no_log(tmp_path):
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"uid": [f"u{k}" for k in range(800)], "group": ["A", "B"] * 400})
    frame["seen"] = pd.Timestamp("2026-03-02") + pd.to_timedelta(rng.integers(0, 9, 800), "D")
    frame["paid"] = rng.random(800) < np.where(frame["group"] == "B", 0.3, 0.2)
    frame["revenue"] = np.where(frame["paid"], 20.5, 0.0)
    frame.to_csv(tmp_path / "units.csv", index=False)
    case, found = read_out(tmp_path)
    rates = frame.groupby("group")["paid"].mean()
    assert found.effect.value == pytest.approx(rates["B"] - rates["A"])
    assert list(case.experiments["units"].guardrails) == ["revenue"]


def test_without_days_the_arms_are_what_is_compared(tmp_path):
    frame = pd.DataFrame({"arm": ["control", "new"], "visitors": [900, 950], "signups": [90, 130]})
    frame.to_csv(tmp_path / "test.csv", index=False)
    first = written(tmp_path)
    assert any("holds no days" in line for line in told_of(first, tmp_path, "en"))
    _, found = read_out_of(first)
    assert found.effect.value == pytest.approx(130 / 950 - 90 / 900)


def read_out_of(first):
    asked = trial(first.case, next(iter(first.case.experiments.values())))
    return first.case, reanalysis(*asked.tables, **asked.reread)


def test_sums_per_arm_are_left_out_and_said(tmp_path):
    counts(tmp_path).assign(revenue=30.5).to_csv(tmp_path / "ab.csv", index=False)
    lines = told_of(written(tmp_path), tmp_path, "en")
    assert any("revenue" in line and "single units" in line for line in lines)


def test_more_who_did_than_there_are_is_refused_with_the_row(tmp_path):
    path = scaffold_counts(tmp_path)
    frame = counts(tmp_path)
    frame.loc[3, "conversions"] = 999_999
    frame.to_csv(tmp_path / "ab.csv", index=False)
    with pytest.raises(BadInput, match="conversions = 999999"):
        open_case(path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("count", "peple", "no column named 'peple'"), ("count", "variant", "holds no numbers"),
     ("outcomes", ["sales"], "no column named 'sales'"), ("unit", "date", "already")],
)  # fmt: skip
def test_a_key_of_expand_that_fits_no_column_is_refused(tmp_path, key, value, said):
    path = scaffold_counts(tmp_path)
    spec = yaml.safe_load(path.read_text("utf-8"))
    spec["tables"]["ab"]["expand"][key] = value
    path.write_text(yaml.safe_dump(spec), "utf-8")
    with pytest.raises(BadInput, match=said):
        open_case(path)


@pytest.mark.parametrize("dates", ["gone", "missing"])
def test_counts_of_no_rows_are_no_units(tmp_path, dates):
    """An aggregate over no rows has no value; nothing may take it for a number."""
    path = scaffold_counts(tmp_path)
    frame = pd.read_csv(tmp_path / "ab.csv")
    frame = frame.head(0) if dates == "gone" else frame.assign(date=None)
    frame.to_csv(tmp_path / "ab.csv", index=False)
    try:
        tables = open_case(path).tables
    except BadInput:
        return
    assert all(int(t.table.count().execute()) == 0 for t in tables.values())


def scaffold_counts(folder):
    counts(folder)
    return scaffold(folder)


def test_a_group_of_customers_is_no_experiment(tmp_path):
    frame = pd.DataFrame({"day": DAYS.repeat(2), "group": ["retail", "trade"] * 10})
    frame["users"], frame["amount"] = 30, 1.5
    frame.to_csv(tmp_path / "sales.csv", index=False)
    assert open_case(scaffold(tmp_path)).experiments == {}
