"""Evidence: whose claims leave fewer traces than honest work would, since when,
and how much is overstated?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, ClassVar

import ibis
import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Executions
from kpilab.core.values import Effect, Message, fraction
from kpilab.engine.days import day_of, inside
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.distributions import student
from kpilab.stats.execution.traces import Deficit, Sums, deficit, onset
from kpilab.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

FALSE_SHARE, FLOOR, ALONE = 0.01, 0.03, 0.01


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceResult(Result):
    """Answer of `evidence`.

    Attributes:
        table: one row per actor, the least supported first; columns `actor`, `records` (count),
            `claimed` (quantity in the current period), `share` (part of it without traces, 0-1, may
            be slightly negative), `low`, `high` (interval of `share`), `overstated`,
            `overstated_low`, `overstated_high` (the same in units of the quantity), `p`, `q`
            (corrected over the actors), `p_without` (largest p-value after leaving one trace out;
            equal to `p` with a single trace), `flagged` (bool), `since` (first day; None unless
            flagged), and for each trace t: `t` (sum), `t_per_claim`, `t_expected` (per claim,
            shrunken between the colleagues' and the actor's own earlier ratio).
        action: the action that was examined.
        traces: names of the evidence columns used.
        total: real work in the current period overstated by this share (0-1), with interval; zero
            if nobody is flagged.
        level: confidence level of the intervals.
    """

    action: str
    traces: tuple[str, ...]
    total: Effect
    level: float
    kind: ClassVar[str] = "evidence"

    @property
    def flagged(self) -> tuple[str, ...]:
        """Actors whose claims do not match their traces."""
        return tuple(self.table.loc[self.table["flagged"], "actor"].astype(str))

    @property
    def headline(self) -> Message:
        named = self.table[self.table["flagged"]]
        if named.empty:
            return Message("evidence.match", {"action": self.action, "actors": len(self.table)})
        values = {
            "action": self.action,
            "actors": self.flagged,
            "claimed": float(named["claimed"].sum()),
            "overstated": float(named["overstated"].sum()),
            "share": self.total.value,
            "low": self.total.low,
            "high": self.total.high,
        }
        return Message("evidence.mismatch", values)


def evidence(
    records: Executions | Tabular,
    *,
    baseline: Period | None,
    current: Period,
    action: str | None = None,
    level: float = 0.95,
    false_share: float = FALSE_SHARE,
) -> EvidenceResult:
    """Hold every actor's claims against the independent traces of the same work.

    Each trace (system match, follow-up, sensor time) is expected in proportion to the claim. An
    actor's expected ratio lies between the colleagues' and the own one of the baseline (partial
    pooling); shortfalls of all traces are combined, spread between actors widens the errors, and
    p-values are corrected over the actors. An actor is flagged when q <= `false_share`, the
    shortfall stays after leaving out any one trace (one broken sensor accuses nobody), and at least
    3 % of the claims lack traces. Records with an empty trace are left out and counted.

    Args:
        records: claims with at least one evidence column.
        baseline: earlier period for the actors' own ratios; None compares with colleagues alone.
        current: the period to examine.
        action: which action; may be left out when the records hold a single one.
        level: confidence level, 0 < level < 1.
        false_share: accepted share of wrong names among those flagged.

    Returns:
        EvidenceResult with one row per actor who claimed anything in the current period.

    Raises:
        BadInput: no evidence column, an unknown or ambiguous action, fewer than three actors, or
            nothing claimed.

    Note: what is missing for everybody alike (a trace nobody leaves) cannot be seen: the colleagues
    are the measure.
        A flag says that claims and traces do not match; why is for an audit to find out.
    """
    fraction(level, "evidence(level=)")
    records = Executions.of(records)
    _check(records, level)
    action = _action(records, action)
    rows = _rows(records, action, baseline, current)
    sums = collect(_sums(rows, len(records.evidence)), "evidence").sort_values(
        "actor", ignore_index=True
    )
    actors = sums.loc[(sums["part"] == "current") & (sums["claims"] > 0), "actor"]
    if len(actors) < 3:
        raise BadInput(
            f"{len(actors)} actors claimed {action!r} between {current.first} and {current.last}",
            "evidence(current=)",
            "three or more are needed: colleagues are the measure",
        )
    traces, used = _used(records.evidence, sums)
    now = _stack(sums, "current", actors, used)
    before = None if baseline is None else _stack(sums, "baseline", actors, used)
    fit = deficit(now, before)
    table = _table(list(actors), now, fit, traces, level, false_share)
    table["since"] = _since(rows, table, fit, used, list(actors), current)
    order = table.sort_values(
        ["flagged", "q", "p"], ascending=[False, True, True], ignore_index=True
    )
    return EvidenceResult(
        order,
        action,
        traces,
        _total(order, level, fit.df),
        level,
        notes=_notes(sums, records, traces),
    )


def _check(records: Executions, level: float) -> None:
    if not records.evidence:
        raise BadInput(
            "no evidence column is named",
            f"table {records.name!r}, role 'evidence'",
            "name one or more trace columns",
        )


def _action(records: Executions, action: str | None) -> str:
    known = (
        collect(records.table.select(a=records.action).distinct(), "evidence")["a"]
        .dropna()
        .astype(str)
        .tolist()
    )
    if action is None and len(known) == 1:
        return known[0]
    if action is None:
        raise BadInput(
            f"the records hold {len(known)} actions",
            "evidence(action=)",
            f"choose one of {sorted(known)[:10]}",
        )
    if action not in known:
        raise unknown("action", action, known, f"table {records.name!r}, column {records.action!r}")
    return action


def _rows(records: Executions, action: str, baseline: Period | None, current: Period) -> ir.Table:
    """Records of the action in either period: actor, day, part, claim and traces as floats."""
    table = records.table
    day = day_of(table, records.time)
    parts = [(inside(day, current), "current")]
    if baseline is not None:
        parts.append((inside(day, baseline), "baseline"))
    named = {f"t{j}": table[c].cast("float64") for j, c in enumerate(records.evidence)}
    rows = table.filter(table[records.action] == action).select(
        actor=table[records.actor].cast("string"),
        day=day,
        part=ibis.cases(*parts),
        claim=table[records.quantity].cast("float64"),
        whole=reduce(and_, [c.notnull() for c in named.values()]),
        **named,
    )
    return rows.filter(_.part.notnull() & _.actor.notnull() & _.claim.notnull())


def _sums(rows: ir.Table, n: int) -> ir.Table:
    """Sums and sums of products per actor and part, over the records with every trace known."""
    names = [f"t{j}" for j in range(n)]
    pairs = {f"c_{a}": (a, "claim") for a in names}
    pairs |= {f"{a}_{b}": (a, b) for i, a in enumerate(names) for b in names[i:]}
    return rows.group_by(["actor", "part"]).agg(
        records=_.whole.sum(),
        unread=(~_.whole).sum(),
        claims=_.claim.sum(where=_.whole),
        squares=(_.claim * _.claim).sum(where=_.whole),
        **{name: _[name].sum(where=_.whole) for name in names},
        **{name: (_[a] * _[b]).sum(where=_.whole) for name, (a, b) in pairs.items()},
    )


def _used(named: tuple[str, ...], sums: pd.DataFrame) -> tuple[tuple[str, ...], list[int]]:
    """Traces that occur at all in the current period."""
    current = sums[sums["part"] == "current"]
    used = [j for j in range(len(named)) if current[f"t{j}"].sum() > 0]
    if not used:
        raise BadInput(
            "no trace was left by anybody",
            "evidence(current=)",
            "check the evidence columns and the period",
        )
    return tuple(named[j] for j in used), used


def _stack(sums: pd.DataFrame, part: str, actors: pd.Series, used: list[int]) -> Sums:
    rows = sums[sums["part"] == part].set_index("actor").reindex(actors).astype({"part": str})
    numbers = rows.drop(columns="part").astype(float).fillna(0.0)

    def matrix(prefix: str) -> np.ndarray:
        return numbers[[f"{prefix}{j}" for j in used]].to_numpy()

    products = np.stack(
        [[numbers[f"t{min(i, j)}_t{max(i, j)}"].to_numpy() for j in used] for i in used]
    ).transpose(2, 0, 1)
    records, claims, squares = (numbers[c].to_numpy() for c in ("records", "claims", "squares"))
    return Sums(records, claims, squares, matrix("t"), matrix("c_t"), products)


def _table(
    actors: list[str],
    now: Sums,
    fit: Deficit,
    traces: tuple[str, ...],
    level: float,
    false_share: float,
) -> pd.DataFrame:
    half = student.ppf(0.5 + level / 2, fit.df) * fit.error
    low, high = fit.share - half, np.minimum(fit.share + half, 1.0)
    q = benjamini_hochberg(fit.p)
    table = pd.DataFrame(
        {
            "actor": actors,
            "records": now.records.astype(int),
            "claimed": now.claims,
            "share": fit.share,
        }
        | {"low": low, "high": high, "overstated": fit.share * now.claims}
        | {"overstated_low": low * now.claims, "overstated_high": high * now.claims}
        | {"p": fit.p, "q": q, "p_without": fit.p_without}
        | {"flagged": (q <= false_share) & (fit.p_without <= ALONE) & (fit.share >= FLOOR)}
    )
    for j, trace in enumerate(traces):
        table[trace] = now.traces[:, j]
        table[f"{trace}_per_claim"], table[f"{trace}_expected"] = (
            fit.ratio[:, j],
            fit.expected[:, j],
        )
    return table


def _since(
    rows: ir.Table,
    table: pd.DataFrame,
    fit: Deficit,
    used: list[int],
    actors: list[str],
    current: Period,
) -> pd.Series:
    """First day of the mismatch for the flagged actors; None for the others."""
    named = table.loc[table["flagged"], "actor"].tolist()
    if not named:
        return pd.Series([None] * len(table), dtype=object)
    sums = {f"t{j}": _[f"t{j}"].sum() for j in used}
    chosen = rows.filter(_.whole & _.actor.isin(named))
    daily = collect(chosen.group_by(["actor", "day"]).agg(claim=_.claim.sum(), **sums), "evidence")
    daily["day"] = pd.to_datetime(daily["day"])
    found: dict[str, object] = {}
    for actor, days in daily.sort_values("day").groupby("actor"):
        early = (days["day"] < pd.Timestamp(current.first)).to_numpy()[:, None]
        expected = fit.expected[actors.index(str(actor))] * np.where(early, fit.drift, 1.0)
        traces = days[[f"t{j}" for j in used]].to_numpy(float)
        first = onset(days["claim"].to_numpy(float), traces, expected, fit.precision)
        found[str(actor)] = days["day"].iloc[first].date()
    return pd.Series([found.get(actor) for actor in table["actor"]], dtype=object)


def _total(table: pd.DataFrame, level: float, df: float) -> Effect:
    """Overstatement of the real work by the flagged actors together, as a share of it."""
    named = table[table["flagged"]]
    if named.empty:
        return Effect(0.0, unit="share")
    claimed, amount = float(table["claimed"].sum()), float(named["overstated"].sum())
    half = float(np.sqrt((((named["overstated_high"] - named["overstated_low"]) / 2) ** 2).sum()))
    ends = [max(a, 0.0) / (claimed - max(a, 0.0)) for a in (amount, amount - half, amount + half)]
    return Effect(*ends, unit="share")


def _notes(sums: pd.DataFrame, records: Executions, traces: tuple[str, ...]) -> tuple[Message, ...]:
    notes = []
    unread = int(sums["unread"].sum())
    if unread:
        notes.append(Message("evidence.unread", {"rows": unread}))
    absent = [t for t in records.evidence if t not in traces]
    if absent:
        notes.append(Message("evidence.absent", {"traces": tuple(absent)}))
    if len(traces) == 1:
        notes.append(Message("evidence.one_trace", {"trace": traces[0]}))
    return tuple(notes)
