"""Step 4, external factors: is it us, or everybody?"""

from __future__ import annotations

from dataclasses import replace

from kpilab.analysis.external.market import MarketResult, market
from kpilab.core.case import Case
from kpilab.core.finding import Finding, StepReport
from kpilab.core.table import Benchmark
from kpilab.core.values import Effect, Message
from kpilab.engine.rootcause.cells import Cells
from kpilab.errors import BadInput
from kpilab.questions.periods import both
from kpilab.verdict.evidence import Evidence, Noted, numbering


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """The market's movement, and what is left of our own beyond it."""
    tables = case.of_kind(Benchmark)
    if not tables:
        return StepReport("external", (), (Message("external.no_benchmark"),)), evidence
    number = numbering("external")
    noted, silent = [], []
    for name, table in tables.items():
        try:
            found = market(table, **both(case))
        except BadInput as error:
            silent.append(Message("external.not_examined", {"table": name, "why": error.what}))
            continue
        noted.append(Noted(number(_finding(case, name, found)), found))
    report = StepReport("external", tuple(n.finding for n in noted), tuple(silent))
    return report, replace(evidence, markets=tuple(noted))


def _finding(case: Case, name: str, found: MarketResult) -> Finding:
    share = found.explained
    return Finding(
        "",
        "external",
        "trouble" if found.cause in ("market", "both") and found.market.value < 0 else "fine",
        found.headline,
        subject=name,
        period=case.current,
        effect=Effect(share.value, share.low, share.high, "share"),
        p=found.market_p,
        strength="compared",
        evidence=(found,),
    )
