"""The tables of a sample world as case.yml names them: files, kinds and columns."""

from __future__ import annotations

from kpilab.samples.plan import Plan

MARKET = {
    "kind": "benchmark",
    "source": "benchmark.parquet",
    "time": "week",
    "series": "series",
    "value": "value",
    "own": "own_goal",
    "peers": ["industry_index", "competitor_a", "competitor_b"],
}
REPORTED = {
    "kind": "reports",
    "source": "reported.parquet",
    "time": "date",
    "reporter": "department",
    "metric": "metric",
    "value": "value",
}
RECORDS = {
    "kind": "executions",
    "source": "execution.parquet",
    "time": "date",
    "record": "record_id",
    "actor": "actor",
    "action": "action",
    "quantity": "claimed",
    "target": "target",
    "tiers": ["bonus_tier_2"],
    "evidence": ["system_matched", "followup_active", "sensor_minutes"],
    "logged": ["minutes_logged"],
}
TESTS = {
    "kind": "assignments",
    "source": "experiments.parquet",
    "time": "assigned_at",
    "unit": "user_id",
    "experiment": "experiment",
    "variant": "variant",
}


def tables(plan: Plan) -> dict[str, object]:
    """Entry `tables` of case.yml."""
    dims = [*plan.level, plan.industry.rollout[0], "user_type"]
    events = {
        "kind": "events",
        "source": "events.parquet",
        "time": "ts",
        "user": "user_id",
        "session": "session_id",
        "event": "event",
        "dimensions": [*dims, plan.industry.actor],
    }
    daily = {"kind": "facts", "source": "facts.parquet", "time": "date", "dimensions": dims}
    return {
        "events": events,
        "daily": daily,
        "market": MARKET,
        "reported": REPORTED,
        "records": RECORDS,
        "tests": TESTS,
    }
