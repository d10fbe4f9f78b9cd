"""What the apps ask of a case is asked with every option the case gives."""

from __future__ import annotations

from dataclasses import replace

from kpilab import funnel
from kpilab.questions import funnels
from kpilab.workbench import ask


def test_who_was_lost_is_told_by_the_rules_of_the_funnel(shop):
    name, plan = next(iter(shop.funnels.items()))
    strict = replace(plan, by="user", mode="strict")
    case = replace(shop, funnels={name: strict})
    found = ask.lost(case, name, plan.steps[-1], period=shop.current)
    log = funnels.log(case, strict)
    users = funnel(log, funnels.steps(strict), within=plan.within, period=shop.current).table
    assert found.went == users["users"].iat[-1]
    assert found.stopped == users["lost"].iat[-1]
