"""`kpilab init`: what is asked, and what options say."""

from __future__ import annotations

import pandas as pd
import pytest
from typer.testing import CliRunner

from kpilab.case.read import open_case
from kpilab.cli import app
from kpilab.cli.wishes import asked, wishes
from kpilab.core.values import Period

PLAIN = wishes(None, (), None, (None, None), None)


def sales(folder, offsets=("+08:00",)):
    """Orders at 00:30 on the clock of Shanghai, 56 days; the day before in UTC."""
    days = pd.date_range("2025-11-03", periods=56)
    written = [f"{d:%Y-%m-%d} 00:30:00{offsets[k % len(offsets)]}" for k, d in enumerate(days)]
    frame = pd.DataFrame({"paid_at": written, "revenue": [100.25 + k for k in range(56)]})
    frame.to_csv(folder / "sales.csv", index=False)
    return folder


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.mark.parametrize(
    ("zone", "last"), [("Asia/Shanghai", "2025-12-28"), ("Europe/Berlin", "2025-12-27")]
)
def test_a_zone_says_whose_days_are_meant(tmp_path, zone, last):
    told = run("init", sales(tmp_path), "--timezone", zone)
    assert told.exit_code == 0, told.output
    case = open_case(tmp_path)
    assert (case.timezone, str(case.current.last)) == (zone, last)
    assert run("check", tmp_path).exit_code == 0


def test_several_offsets_are_refused_until_a_zone_is_given(tmp_path):
    sales(tmp_path, ("+08:00", "-05:00"))
    told = run("init", tmp_path)
    assert told.exit_code == 2
    assert "--timezone" in " ".join(told.stderr.split())
    assert run("init", tmp_path, "--timezone", "Asia/Shanghai").exit_code == 0


def test_a_zone_that_is_none_is_refused_with_the_nearest(tmp_path):
    told = run("init", sales(tmp_path), "--timezone", "Asia/Shangai")
    assert (told.exit_code, "Asia/Shanghai" in told.stderr) == (2, True)


def test_who_sits_there_is_asked_for_the_zone_goal_kpis_and_owner(tmp_path, monkeypatch):
    answers = iter(["Asia/Shanghai", "sales.revenue", "revenue=9000", "Ann"])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    found = asked(sales(tmp_path), PLAIN)
    assert (found.timezone, found.goal) == ("Asia/Shanghai", "sales.revenue")
    assert (found.kpis, found.owner) == ({"revenue": 9000.0}, "Ann")


def test_days_without_a_zone_ask_for_none(tmp_path, monkeypatch):
    sales(tmp_path, ("",))
    answers = iter(["sales.revenue", ""])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    assert asked(tmp_path, PLAIN).timezone is None


def test_periods_of_the_options_are_those_of_the_case(tmp_path):
    days = ["--current", "2025-12-15..2025-12-28", "--baseline", "2025-12-01..2025-12-14"]
    assert run("init", sales(tmp_path), *days).exit_code == 0
    case = open_case(tmp_path)
    assert (str(case.current), case.baseline.days) == ("2025-12-15..2025-12-28", 14)
    assert isinstance(case.baseline, Period)
