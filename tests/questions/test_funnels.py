"""A declared funnel as arguments."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kpilab.engine.events.steps import Steps
from kpilab.errors import BadInput
from kpilab.questions import funnels


def test_every_option_of_a_funnel_is_passed_on(asked):
    plan = funnels.declared(asked, "main")
    assert plan.within == timedelta(hours=2)
    assert funnels.steps(plan) == Steps(plan.steps, "session", "strict", ("leave",))
    assert funnels.log(asked, plan).name == "web"
    rules = {"strict_deduplication": True, "strict_increase": True}
    assert funnels.steps(replace(plan, **rules)) == replace(funnels.steps(plan), **rules)


def test_a_funnel_needs_a_name_and_a_log(asked):
    with pytest.raises(BadInput, match="'mian'"):
        funnels.declared(asked, "mian")
    with pytest.raises(BadInput, match="holds no events"):
        funnels.log(asked, replace(asked.funnels["main"], table="work"))
