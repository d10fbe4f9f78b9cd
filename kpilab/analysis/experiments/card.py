"""What the result of an experiment says: the decision, each metric, whether it can be trusted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from kpilab.core.values import Message

if TYPE_CHECKING:
    import pandas as pd

    from kpilab.engine.experiments.moments import Moments

# A guardrail is safe where "worse by its margin or more" is rejected at this level.
SAFE = 0.05
NOT_MOVED = {"lift": 0.0}


class Decided(Protocol):
    """What a decision is told from: the parts of `ExperimentResult` that are said."""

    @property
    def table(self) -> pd.DataFrame: ...
    @property
    def checks(self) -> pd.DataFrame: ...
    @property
    def moments(self) -> Moments: ...
    @property
    def best(self) -> str: ...
    @property
    def decision(self) -> str: ...
    @property
    def reason(self) -> str: ...


def headline(result: Decided) -> Message:
    """The decision and its reason."""
    values = _values(result)
    within = result.reason == "guardrail" and values["p_safe"] <= SAFE
    key = f"experiment.{result.decision}_{result.reason}{'_within' if within else ''}"
    return Message(key, values)


def health(result: Decided) -> tuple[Message, ...]:
    """Units per variant and the sample-ratio p-value, said also when it passes; what is in
    doubt."""
    found, checks = result.moments, result.checks
    ratio = checks[checks["check"] == "sample_ratio"].to_dict("records")[0]
    units = [f"{v}: {found.only(variant=v).units():,}" for v in found.values("variant")]
    shares = set(result.table.loc[result.table["share"], "metric"])
    doubts = [_doubt(row, shares) for row in checks[checks["trouble"]].to_dict("records")]
    trusted = [] if doubts else [Message("experiment.trusted", {"checks": len(checks)})]
    return (Message("experiment.units", {"units": units, "p": ratio["p"]}), *doubts, *trusted)


def _doubt(row: Mapping[Any, Any], shares: Collection[str]) -> Message:
    """A check in trouble; what lasts of an effect as the metric is told."""
    told = {k: row[k] for k in ("value", "p", "where")}
    if row["check"] in ("novelty", "primacy"):
        step = f"experiment.step_{'share' if row['where'] in shares else 'amount'}"
        told["value"] = Message(step, {"value": row["value"]})
    return Message(f"experiment.check_{row['check']}", told)


def line(row: Mapping[Any, Any]) -> Message:
    """One metric in one sentence; a guardrail also by its margin."""
    told = {"before": _level(row, "control"), "after": _level(row, "value"), "change": change(row)}
    told["by"] = loss(row)
    return Message(f"experiment.line_{row['role']}{_standing(row)}", {**row, **told})


def _standing(row: Mapping[Any, Any]) -> str:
    """Whether a guardrail got worse beyond chance, and whether it is shown to be within its margin:
    one does not exclude the other."""
    if row["role"] != "guardrail":
        return ""
    return f"{'_worse' if row['gain'] < 0 else ''}{'_safe' if row['p_safe'] <= SAFE else ''}"


def loss(row: Mapping[Any, Any]) -> Message:
    """By how much a metric is worse, without a sign that could be turned round."""
    if np.isfinite(row["lift"]):
        return Message("experiment.by", {"by": abs(row["lift"])})
    return _step(row, "")


def change(row: Mapping[Any, Any]) -> Message:
    """The relative change with its absolute one; the absolute one alone where the control is 0.

    A share changes by points, never by percent twice.
    """
    form = "relative" if np.isfinite(row["lift"]) else "absolute"
    ends = {f"absolute{k}": _step(row, k) for k in ("", "_low", "_high")}
    if not np.isfinite([row["low"], row["high"]]).all():
        ends |= {"absolute_low": None, "absolute_high": None}
    return Message(f"experiment.change_{form}", {**row, **_bounded(row), **ends})


def _bounded(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The relative change, without an interval that reaches everywhere."""
    ends = ("lift_low", "lift_high")
    known = bool(np.isfinite([row[k] for k in ends]).any())
    return {"lift": row["lift"], **{k: row[k] if known else None for k in ends}}


def figures(row: Mapping[Any, Any]) -> dict[str, Message]:
    """The cells of one metric of one variation."""
    known = np.isfinite(row["lift"])
    return {
        "metric": Message("experiment.cell", {"text": row["metric"]}),
        "role": Message(f"experiment.role_{row['role']}"),
        "variation": Message("experiment.cell", {"text": row["treatment"]}),
        "before": _level(row, "control"),
        "after": _level(row, "value"),
        "change": Message("experiment.cell_change", _bounded(row) if known else {"lift": None}),
        "absolute": Message(
            "experiment.cell_absolute", {k or "step": _step(row, k) for k in ("", "_low", "_high")}
        ),
        "p": Message("experiment.cell_p", {"q": row["q"]}),
        "chance": Message("experiment.cell_chance", {"chance": row["chance"]}),
        "margin": _margin(row),
    }


def _margin(row: Mapping[Any, Any]) -> Message:
    """Where a guardrail stands to its margin; nothing for other metrics."""
    if row["role"] != "guardrail":
        return Message("experiment.cell", {"text": ""})
    told = {"margin": row["margin"], "by": loss(row)}
    return Message(f"experiment.cell_margin{_standing(row)}", told)


def _form(row: Mapping[Any, Any]) -> str:
    return "share" if row["share"] else "amount"


def _level(row: Mapping[Any, Any], column: str) -> Message:
    return Message(f"experiment.level_{_form(row)}", {"value": row[column]})


def _step(row: Mapping[Any, Any], end: str) -> Message:
    """The absolute change, or an end of its interval."""
    return Message(f"experiment.step_{_form(row)}", {"value": row[end[1:] or "effect"]})


def _values(result: Decided) -> dict[str, Any]:
    table = result.table[result.table["treatment"] == result.best]
    rows = table.sort_values("q").to_dict("records")
    row = next((r for r in rows if r["role"] == "primary"), rows[0])
    guards = [r for r in rows if r["role"] == "guardrail"]
    harmed = [r for r in guards if r["gain"] < 0] or [r for r in guards if not r["p_safe"] <= SAFE]
    guard = harmed[0] if harmed else {"metric": None, "p_safe": 1.0, "margin": None, **NOT_MOVED}
    told = {"metric": row["metric"], "lift": row["lift"], "q": row["q"], "change": change(row)}
    told |= {"guardrail": guard["metric"], "p_safe": guard["p_safe"], "margin": guard["margin"]}
    told["by"] = loss(guard)
    # What decides nothing is not silent: a reader of the headline alone is to know it.
    told["harmed"] = [
        r["metric"] for r in rows if r["role"] == "secondary" and r["gain"] < 0
    ] or None
    checks = result.checks
    names, at = checks["check"], checks.set_index("check")["value"].to_dict()
    told |= {"unread": checks[names.str.startswith("unread")]["where"].tolist()}
    bad = names[checks["trouble"] & checks["spoils"]].tolist()
    check = Message(f"experiment.name_{bad[0]}") if bad else None
    return {**told, "late": at.get("late"), "treatment": result.best, "check": check}
