"""Days without rows where rows are expected: named; days off and chance are none."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from kpilab.case.days import paused
from kpilab.cli import app
from kpilab.cli.first import written
from kpilab.core.values import Period
from kpilab.errors import BadInput


def days(first: str, last: str, freq: str = "D", gone: tuple[tuple[str, str], ...] = ()):
    every = pd.date_range(first, last, freq=freq)
    lost = [d for a, b in gone for d in pd.date_range(a, b)]
    return [d.date() for d in every if d not in lost]


@pytest.mark.parametrize(
    ("freq", "gone", "found"),
    [
        ("D", (("2025-06-02", "2025-08-05"),), [(date(2025, 6, 2), date(2025, 8, 5))]),
        ("B", (("2025-06-02", "2025-06-06"),), [(date(2025, 6, 2), date(2025, 6, 6))]),
        ("D", (("2025-12-25", "2025-12-25"),), [(date(2025, 12, 25), date(2025, 12, 25))]),
        ("W-MON", (("2025-06-02", "2025-06-20"),), [(date(2025, 6, 2), date(2025, 6, 16))]),
        ("MS", (("2025-06-01", "2025-07-01"),), [(date(2025, 6, 1), date(2025, 7, 31))]),
        ("ME", (("2025-06-30", "2025-06-30"),), [(date(2025, 6, 1), date(2025, 6, 30))]),
        ("D", (), []), ("B", (), []), ("MS", (), []), ("QS", (), []),
    ],
)  # fmt: skip
def test_runs_without_rows(freq, gone, found):
    last = "2025-12-31" if freq in "DB" else "2026-12-31"
    got = paused(days("2025-01-01", last, freq, gone))
    assert got == [Period(*run) for run in found]


def test_days_that_chance_leaves_empty_are_no_run():
    rng, every = np.random.default_rng(3), days("2025-01-01", "2025-12-31")
    for rate in (1, 2, 3):
        held = [d for d, n in zip(every, rng.poisson(rate, len(every)), strict=True) if n]
        assert paused(held) == []


def test_init_and_check_name_them(tmp_path):
    held = pd.to_datetime(days("2025-03-03", "2025-12-28", gone=(("2025-06-02", "2025-08-05"),)))
    pd.DataFrame({"date": held, "revenue": 100.25}).to_csv(tmp_path / "sales.csv", index=False)
    for command in (["init", "--yes"], ["check"]):
        said = CliRunner().invoke(app, [*command, str(tmp_path)])
        assert said.exit_code == 0
        assert "no rows on 65 days" in " ".join(said.output.split()), command
        assert "2 Jun 2025 – 5 Aug 2025" in " ".join(said.output.split())


def test_a_month_called_by_its_first_day_is_whole(tmp_path):
    months = pd.DataFrame({"month": pd.date_range("2024-01-01", "2025-12-01", freq="MS")})
    months.assign(revenue=100.25).to_csv(tmp_path / "sales.csv", index=False)
    case = written(tmp_path).case
    assert case.current == Period(date(2025, 10, 1), date(2025, 12, 31))


def test_the_last_of_all_days_is_far_from_the_others(tmp_path):
    held = [*map(str, days("2025-11-03", "2025-12-28")), "9999-12-31"]
    pd.DataFrame({"date": held, "revenue": 100.25}).to_csv(tmp_path / "sales.csv", index=False)
    assert written(tmp_path).case.current.last == date(2025, 12, 28)


def test_counts_that_never_stand_in_one_row_are_no_steps(tmp_path):
    frame = pd.DataFrame({"date": days("2025-11-03", "2025-12-28")})
    frame["visits"] = [9 if k % 2 else None for k in range(56)]
    frame["calls"] = [None if k % 2 else 3 for k in range(56)]
    frame.assign(revenue=range(56)).to_csv(tmp_path / "sales.csv", index=False)
    assert written(tmp_path).draft.goal == "revenue"


def test_days_at_the_end_of_the_calendar_are_refused_in_words(tmp_path):
    held = [f"9999-12-{k:02d}" for k in range(1, 32)]
    pd.DataFrame({"date": held, "revenue": 100.25}).to_csv(tmp_path / "sales.csv", index=False)
    with pytest.raises(BadInput, match="9999-12-31"):
        written(tmp_path)
