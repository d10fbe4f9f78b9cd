"""Columns and metrics of a case that suit a question about customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from kpilab.core.case import Change
from kpilab.questions import customers


def test_a_case_without_customers_lets_nothing_be_asked(asked):
    assert customers.rows(asked) is None
    assert customers.segments(asked) == customers.ways(asked) == customers.keys(asked) == ()
    assert customers.spends(asked) == {}
    assert customers.amount_column(asked) is None


def test_a_campaign_ends_as_the_current_period_begins_or_when_the_log_says(asked):
    start = asked.current.first
    plain = customers.peaks(replace(asked, changes=()))
    assert [p.days for p in plain] == [7, 14, 28]
    assert {(start - p.last).days for p in plain} == {1}
    near = Change(date=date.fromordinal(start.toordinal() - 5), text="sale ended")
    far = Change(date=date.fromordinal(start.toordinal() - 50), text="office moved")
    both = customers.peaks(replace(asked, changes=(near, far)))
    assert {(start - p.last).days for p in both} == {1, 5}
