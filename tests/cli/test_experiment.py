"""`kpilab experiment`: from a file as it is found to a decision, or a refusal that says the way."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kpilab.cli import app
from tests.conftest import SHARED

PAID = {"variant": ["a", "b"], "users": [10, 10], "paid": [5, 7]}


def run(*arguments):
    return CliRunner().invoke(app, ["experiment", *map(str, arguments)])


@pytest.fixture
def keep(tmp_path):
    def kept(name="test.csv", **columns):
        pd.DataFrame(columns).to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return kept


def units(n=400):
    rng = np.random.default_rng(1)
    rows = {"user": [f"u{k}" for k in range(n)], "variant": np.resize(["a", "b"], n)}
    return rows | {"spend": rng.gamma(2, 3, n), "paid": rng.random(n) < 0.3}


def test_counts_per_variant(keep):
    file = keep(variant=["control", "new"], users=[1000, 1000], converted=[100, 150])
    said = run(file).output
    assert "Ship new: converted changes by +50.0 %" in said
    assert "+5.0 pp" in said
    assert "上线 new" in run(file, "--lang", "zh").output


def test_sums_with_their_squares_are_a_mean(keep):
    file = keep(
        variant=["control", "new"], users=[1000, 1000], revenue=[5000, 5600],
        revenue_sq=[90000, 99000],
    )  # fmt: skip
    said = run(file, "--metric", "revenue", "--level", 0.9)
    assert said.exit_code == 0
    assert "+0.6" in said.output


def test_rows_of_units_with_roles_and_segments(keep):
    file = keep(**units(), app=np.resize(["ios", "ios", "web", "web"], 400))
    said = run(file, "--guardrail", "spend:20%", "--down", "spend", "--by", "app").output
    assert "guardrail" in said
    assert "app" in said
    assert run(file, "--metric", "rate=spend/paid").exit_code == 0


def test_assignments_with_a_log(keep):
    given = units()
    start = pd.Timestamp("2026-01-05")
    who = keep("who.csv", user=given["user"], variant=given["variant"], assigned_at=start)
    log = keep(
        "log.csv", user=np.resize(given["user"], 900), event=np.resize(["see", "pay", "see"], 900),
        amount=np.arange(900.0), time=start + pd.to_timedelta(np.arange(900), "h"),
    )  # fmt: skip
    said = run(who, "--log", log, "--metric", "pay", "--metric", "revenue=sum(amount)")
    assert said.exit_code == 0
    assert "revenue" in said.output
    assert "pay" in said.output
    assert "--metric" in run(who, "--log", log).output


@pytest.mark.parametrize(
    ("columns", "options", "said"),
    [
        ({"x": [1, 2], "n": [10, 10]}, (), "name it: --arm COLUMN"),
        ({"variant": ["a", "b"], "hits": [10, 10], "done": [5, 7]}, (), "--units COLUMN"),
        (PAID, ("--control", "c"), "--control"),
        (PAID, ("--metric", "pid"), "paid"),
        (PAID, ("--split", "a"), "--split"),
    ],
)  # fmt: skip
def test_what_is_not_seen_is_asked_for(keep, columns, options, said):
    found = run(keep(**columns), *options)
    assert found.exit_code == 2
    assert said in found.output


def test_days_as_units_are_refused_with_the_right_way_named(keep):
    days = [f"2026-01-{k:02d}" for k in range(1, 15)] * 2
    arm = ["control"] * 14 + ["new"] * 14
    file = keep(date=days, variant=arm, clicks=range(700, 728), enrolled=range(100, 128))
    said = run(file, "--metric", "gross=enrolled/clicks")
    assert said.exit_code == 2
    assert "--units COLUMN" in said.output
    assert run(file, "--units", "clicks", "--metric", "enrolled").exit_code == 0


def test_a_declared_split_is_checked(keep):
    file = keep(variant=["a", "b"], users=[500, 1000], paid=[50, 100])
    assert "Invalid" in run(file).output
    assert "Invalid" not in run(file, "--split", "a=1", "--split", "b=2").output


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("ab_landing_page_aggregate.csv", ("0.190", "−0.2 pp")),
        ("ab_cookie_cats.csv", ("0.074", "−0.8 pp", "sum_gamerounds")),
    ],
)
def test_published_tests_from_their_files(name, figures):
    file = SHARED / "datasets" / name
    if not file.is_file():
        pytest.skip("the published data sets are not here")
    said = run(file)
    assert said.exit_code == 0
    assert all(text in said.output for text in figures)
