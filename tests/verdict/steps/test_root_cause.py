"""The step that looks for the root cause, where a funnel breaks off altogether."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import ibis
import pytest

from kpilab.analysis.events.blindspots import BlindspotsResult
from kpilab.case.read import open_case
from kpilab.core.table import EventLog
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.steps.root_cause import _funnels


@pytest.mark.slow
def test_a_funnel_that_nobody_gets_through_is_counted_to_its_end():
    case = open_case(Path(__file__).parents[3] / "data" / "shop")
    funnel = next(iter(case.funnels.values()))
    log = case.tables[funnel.table]
    assert isinstance(log, EventLog)
    rows, late = log.table, str(case.current.first)
    gone = (rows[log.time].cast("string") >= late) & rows[log.event].isin(
        [ibis.literal(s) for s in funnel.steps[-2:]]
    )
    broken = replace(
        case, tables=dict(case.tables) | {funnel.table: replace(log, table=rows.filter(~gone))}
    )
    findings, _ = _funnels(broken, Evidence())
    blind = next(r for f in findings for r in f.evidence if isinstance(r, BlindspotsResult))
    assert blind.goal == 0
