"""Cells of the questions under `kpilab.execution`: who is accused though the work was honest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from cells.draws import AFTER, BEFORE, BOTH, Called, Cell, Rng, wandering

from kpilab import Executions, Period, evidence
from kpilab.execution import audit, audit_sample, bunching, heaping, timing


def work_cells() -> list[Cell]:
    first = date(2025, 3, 1)
    period = Period(first, first + timedelta(days=60))

    def table(claims: np.ndarray, target: np.ndarray | None = None) -> Executions:
        days = [first + timedelta(days=k % 61) for k in range(len(claims))]
        frame = pd.DataFrame({"date": days, "actor": "a", "action": "v", "quantity": claims})
        if target is None:
            return Executions(frame)
        return Executions(frame.assign(target=target), target="target")

    def bunched(sizes: list[int], n: int, mean: float | None, step: int = 1):
        def called(rng: Rng, hit: int) -> bool:
            target = rng.choice(sizes, n)
            claims = rng.poisson(0.97 * target if mean is None else mean, n) * step
            near = (claims < target) & (claims >= 0.8 * target) & (rng.random(n) < 0.3 * hit)
            return bool(
                bunching(table(np.where(near, target, claims), target), period=period)
                .table["bunched"].any()
            )  # fmt: skip

        return called

    def heaped(mean: float, n: int) -> Callable[[Rng, int], bool]:
        def called(rng: Rng, hit: int) -> bool:
            claims = rng.poisson(mean, n)
            rounded = rng.random(n) < 0.3 * hit
            claims = np.where(rounded, np.round(claims / 5) * 5, claims)
            return bool(heaping(table(claims), period=period).table["stands_out"].any())

        return called

    def rushed(level: Callable[[Rng], np.ndarray]) -> Callable[[Rng, int], bool]:
        def called(rng: Rng, hit: int) -> bool:
            days = pd.date_range(first, periods=61)
            claims = level(rng) * np.where(hit & (days.days_in_month - days.day < 3), 2.0, 1.0)
            return timing(table(claims), period=period).headline.key == "timing.rush"

        return called

    return [
        Cell("bunching", "one target", 0.06, bunched([20], 500, 20)),
        Cell("bunching", "two targets", 0.06, bunched([20, 25], 500, 20)),
        Cell("bunching", "seven targets", 0.06, bunched(list(range(17, 24)), 500, 20)),
        Cell("bunching", "unequal targets", 0.06, bunched([8, 20, 60], 500, None)),
        Cell("bunching", "small n (120)", 0.06, bunched([20, 25], 120, 20)),
        Cell("bunching", "claims in fives", 0.06, bunched([40, 50], 500, 9, 5)),
        *(
            Cell("heaping", f"mean {m}, n {n:,}", 0.06, heaped(m, n))
            for m, n in ((3, 300), (10, 300), (10, 20_000), (45, 60), (45, 20_000))
        ),
        Cell("timing", "counts", 0.06, rushed(lambda r: r.poisson(150, 61))),
        Cell("timing", "constant", 0.06, rushed(lambda r: np.full(61, 20))),
        Cell("timing", "few", 0.06, rushed(lambda r: r.poisson(1, 61) + (np.arange(61) == 0))),
        Cell(
            "timing", "dependent days", 0.06,
            rushed(lambda r: r.poisson(150 * np.exp(0.2 * wandering(r, 61, 0.6)))),
        ),
    ]  # fmt: skip


def evidence_cells() -> list[Cell]:
    """Somebody of a team is flagged; with an effect the first pads a fifth of the claims."""

    def flagged(**world) -> Called:
        return lambda rng, hit: bool(_flagged(team(rng, hit, Team(**world))))

    return [
        Cell("evidence", "16 actors", 0.06, flagged()),
        Cell("evidence", "3 actors", 0.06, flagged(actors=3)),
        Cell("evidence", "2 claims a day", 0.06, flagged(mean=2.0)),
        Cell("evidence", "120 claims a day", 0.06, flagged(mean=120.0)),
        Cell("evidence", "equal claims", 0.06, flagged(equal=True)),
        Cell("evidence", "a new actor", 0.06, flagged(new=True)),
        Cell("evidence", "a part-time actor", 0.06, flagged(part=0.1)),
        Cell("evidence", "honest rates differ by 3 points", 0.06, flagged(differ=0.03)),
        Cell("evidence", "heavy tails", 0.06, flagged(swing=0.8)),
        Cell("evidence", "days alike (.7)", 0.06, flagged(phi=0.7)),
        Cell("evidence", "a trace a tenth missing", 0.06, flagged(missing=0.1)),
        Cell("evidence", "one trace is constant", 0.06, flagged(constant=True)),
    ]


def _flagged(rows: pd.DataFrame) -> tuple[str, ...]:
    records = Executions(rows, evidence=("matched", "followed"))
    return tuple(evidence(records, baseline=BEFORE, current=AFTER).flagged)


@dataclass(frozen=True, slots=True)
class Team:
    """How many actors, how much they claim, how honest traces differ."""

    actors: int = 16
    mean: float = 12.0
    equal: bool = False
    new: bool = False
    part: float = 1.0
    differ: float = 0.01
    swing: float = 0.0
    phi: float = 0.0
    missing: float = 0.0
    constant: bool = False


def team(rng: Rng, hit: int, w: Team) -> pd.DataFrame:
    """Daily claims of a team with two traces; the first actor pads in the second half."""
    rows = []
    for k in range(w.actors):
        level = w.mean * np.exp(w.swing * rng.standard_normal(56))
        real = np.full(56, round(w.mean)) if w.equal else rng.poisson(level)
        moves = 0.5 * wandering(rng, 56, w.phi) if w.phi else np.zeros(56)
        fake = np.where(np.arange(56) >= 28, rng.poisson(0.2 * w.mean, 56), 0) * hit * (k == 0)
        # A day that leaves few traces is followed by another.
        shares = [np.clip(p + w.differ * rng.standard_normal(), 0.05, 0.995) for p in (0.95, 0.55)]
        odds = [np.log(p / (1 - p)) + moves for p in shares]
        found = [rng.binomial(real, 1 / (1 + np.exp(-o))).astype(float) for o in odds]
        found[0] = real.astype(float) if w.constant else found[0]
        day = pd.date_range(BOTH.first, periods=56)
        rows.append(pd.DataFrame({
            "date": day, "actor": f"a{k:02d}", "action": "visit", "quantity": real + fake,
            "matched": np.where(rng.random(56) < w.missing, np.nan, found[0]), "followed": found[1],
        }))  # fmt: skip
    frame = pd.concat(rows)
    late = frame["date"] >= pd.Timestamp(AFTER.first)
    last = frame["actor"] == f"a{w.actors - 1:02d}"
    frame = frame[late | ~last] if w.new else frame
    return frame[~(frame["actor"] == f"a{w.actors - 1:02d}") | (rng.random(len(frame)) < w.part)]


def audit_cells() -> list[Cell]:
    """Share of 95 % intervals that miss the share of the claims that does not stand up; with an
    effect they are held against .15 more."""

    def missed(faults: float, records: int = 2000, **world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            frame, false = claimed(rng, records, faults, **world)
            plan = audit_sample(Executions(frame, record="record"), period=BOTH, seed=1)
            drawn = plan.table[["record"]]
            found = audit(plan, drawn.assign(confirmed=~false[drawn["record"].astype(int)])).rate
            truth = frame["quantity"][false].sum() / frame["quantity"].sum()
            return not found.low <= truth + 0.15 * hit <= found.high

        return called

    return [
        Cell("audit", "4 % faults", 0.06, missed(0.04)),
        Cell("audit", "no faults", 0.06, missed(0.0)),
        Cell("audit", "half faults", 0.06, missed(0.5)),
        Cell("audit", "small n (120)", 0.06, missed(0.04, records=120)),
        Cell("audit", "heavy tails", 0.06, missed(0.04, swing=1.0)),
        Cell("audit", "unequal sizes", 0.06, missed(0.04, uneven=True)),
        Cell("audit", "dependence: one actor's faults", 0.06, missed(0.04, one=True)),
    ]


def claimed(
    rng: Rng, records: int, faults: float, swing: float = 0.0, uneven: bool = False,
    one: bool = False,
) -> tuple[pd.DataFrame, np.ndarray]:  # fmt: skip
    """Records of eight actors, and which of them do not stand up."""
    share = np.array([30, 8, 4, 2, 1, 1, 1, 1]) / 48 if uneven else np.full(8, 1 / 8)
    actor = rng.choice(8, records, p=share)
    false = rng.random(records) < faults * (8 * (actor == 1) if one else 1)
    frame = pd.DataFrame({"record": np.arange(records), "actor": actor.astype(str)})
    frame["date"] = pd.Timestamp(BOTH.first) + pd.to_timedelta(rng.integers(0, 56, records), "D")
    frame["quantity"] = np.round(20 * np.exp(swing * rng.standard_normal(records))) + 1
    return frame.assign(action="visit"), false
