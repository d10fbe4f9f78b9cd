"""Step 2, KPI and goal: is the KPI related to the goal at all, or was it moved alone?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from kpilab.analysis.relation.hollow_growth import HollowGrowthResult, hollow_growth
from kpilab.analysis.relation.relate import relate
from kpilab.analysis.relation.smart import before, smart
from kpilab.core.case import Case, Metric
from kpilab.core.finding import Finding, StepReport, Verdict
from kpilab.core.table import EventLog, Facts
from kpilab.core.values import EVERYWHERE, Effect, Message
from kpilab.engine.column import marked, own
from kpilab.engine.metrics import BUCKET
from kpilab.engine.rootcause.cells import Cells
from kpilab.errors import BadInput
from kpilab.questions.periods import both, span
from kpilab.verdict.evidence import Evidence, Noted, numbering

RELATED: Mapping[str, Verdict] = {
    "related": "fine",
    "unrelated": "trouble",
    "inconclusive": "unclear",
}


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """For each KPI: did it jump somewhere while nothing downstream of it followed?"""
    number = numbering("relation")
    findings: list[Finding] = []
    silent: list[Message] = []
    surges: list[Noted[HollowGrowthResult]] = []
    if not case.kpis:
        silent.append(Message("relation.no_kpis"))
    kpis = [case.metrics[name] for name in dict.fromkeys(k.metric for k in case.kpis)]
    # A weekly or monthly metric is measured by the day here.
    daily = cells.side_by_side((case.metrics[case.goal.metric], *kpis), span(case))
    for metric in kpis:
        name = metric.name
        found = _related(case, metric, daily)
        findings += [number(found)] if isinstance(found, Finding) else []
        silent += [found] if isinstance(found, Message) else []
        if metric.is_ratio or metric.per or name in (case.goal.metric, *case.goal.tree.leaves):
            continue
        if not isinstance(case.tables[metric.table], EventLog | Facts):
            continue
        below = downstream(case, metric)
        if not below or not cells.dimensions.get(metric.table):
            silent.append(Message("relation.no_downstream", {"kpi": name}))
            continue
        try:
            found = _surge(case, cells, metric, below)
        except BadInput as error:
            silent.append(Message("relation.not_examined", {"kpi": name, "why": error.what}))
            continue
        surges.append(Noted(number(_finding(case, name, found)), found))
        findings.append(surges[-1].finding)
    findings += [number(_declared(case, cells))] if case.kpis else []
    return StepReport("relation", tuple(findings), tuple(silent)), replace(
        evidence, surges=tuple(surges)
    )


def _declared(case: Case, cells: Cells) -> Finding:
    """How well the KPIs are set: owner, target, since when, what they serve."""
    daily = [m for m in (case.metrics[k.metric] for k in case.kpis if k.target) if m.per is None]
    found = smart(
        case.kpis,
        metrics=case.metrics,
        tables=case.tables,
        tree=case.goal.tree,
        current=case.current,
        past={m.name: cells.daily([m], {"past": before(case.current)}) for m in daily},
    )
    return Finding("", "relation", "info", found.headline, period=case.current, evidence=(found,))


def _related(case: Case, kpi: Metric, daily: pd.DataFrame) -> Finding | Message | None:
    """The KPI's daily series against the goal's; None for the goal itself."""
    if kpi.name == case.goal.metric:
        return None
    try:
        found = relate(
            daily[kpi.name].dropna(), daily[case.goal.metric].dropna(), calendar=case.holidays
        )
    except BadInput as error:
        return Message("relation.not_examined", {"kpi": kpi.name, "why": error.what})
    return Finding(
        "",
        "relation",
        RELATED[found.verdict],
        found.headline,
        subject=kpi.name,
        period=case.current,
        # Unrelated is said of each lag at its own level, the interval is that of all lags at once.
        effect=None
        if found.verdict == "unrelated"
        else Effect(found.rho, found.low, found.high, "rho"),
        p=found.p,
        strength="tested",
        evidence=(found,),
    )


def downstream(case: Case, kpi: Metric) -> tuple[Metric, ...]:
    """What the KPI ought to lead to: the last count of the goal's formula on the same table."""
    ratios = [case.metrics[leaf] for leaf in case.goal.tree.leaves if case.metrics[leaf].is_ratio]
    here = [m for m in ratios if m.table == kpi.table and m.per is None]
    goal = case.metrics[case.goal.metric]
    if not here:
        return (goal,) if goal.table == kpi.table and not goal.is_ratio and goal.per is None else ()
    last = here[-1]
    return (Metric(last.counted, last.table, measure=last.numerator, condition=last.condition),)


def _surge(case: Case, cells: Cells, kpi: Metric, below: tuple[Metric, ...]) -> HollowGrowthResult:
    frames, names = [], {own(str(k)): m.name for k, m in enumerate((kpi, *below))}
    periods = {"baseline": case.baseline, "current": case.current}
    cut = cells.daily_by([kpi, *below], periods, cells.dimensions[kpi.table])
    for dimension, frame in cut.items():
        columns = {BUCKET: "day", marked(dimension): "value"} | {m: k for k, m in names.items()}
        frames.append(frame[[*columns]].rename(columns=columns).assign(dimension=dimension))
    counts = pd.concat(frames, ignore_index=True).fillna(dict.fromkeys(names, 0.0))
    found = hollow_growth(counts, kpi=own("0"), downstream=[*names][1:], **both(case))
    return replace(
        found, downstream=found.downstream.assign(series=found.downstream["series"].replace(names))
    )


def _finding(case: Case, name: str, found: HollowGrowthResult) -> Finding:
    hollow = found.where is not None
    change = found.change if hollow else found.total
    return Finding(
        "",
        "relation",
        "trouble" if hollow else "fine",
        Message("relation.kpi", {"kpi": name, "said": found.headline}),
        subject=name,
        where=found.where or EVERYWHERE,
        period=case.current,
        effect=Effect(change.value, change.low, change.high, f"share of {name}"),
        p=found.q,
        q=found.q,
        strength="compared",
        evidence=(found,),
    )
