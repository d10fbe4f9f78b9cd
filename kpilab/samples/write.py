"""Sample worlds: businesses with a planted cause, or with none, written as a case folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from kpilab.errors import unknown
from kpilab.samples.companies import world as companies
from kpilab.samples.draw import draw, shop_setting
from kpilab.samples.files import files
from kpilab.samples.harmless import HARMLESS
from kpilab.samples.industries import INDUSTRIES, Industry
from kpilab.samples.kinds import KINDS, PAIRS
from kpilab.samples.plan import Plan, Rate
from kpilab.samples.planted import Planted, current_period
from kpilab.samples.spec import spec
from kpilab.samples.trades.write import TRADES
from kpilab.samples.trades.write import write as write_trade
from kpilab.samples.world import World, goal_effect, simulate


def names() -> tuple[str, ...]:
    """Worlds that `write` knows: the shop, the trades, one per kind of cause, harmless ones,
    two causes at once."""
    return ("shop", *TRADES, *KINDS, *HARMLESS, "two_causes")


def company_names() -> tuple[str, ...]:
    """Ordinary companies that `write` knows, by what is wrong in them; "company:FAMILY:FIRM" asks
    for one of several firms in which it can happen."""
    return companies.names()


def write(
    name: str, folder: Path | str, *, seed: int = 0, size: float = 1.0, effect: float = 1.0
) -> Path:
    """Write a sample world as a case folder, and what was planted in it as truth.json.

    Args:
        name: one of `names()` or `company_names()`, or kinds of causes joined by "+".
        folder: where to write; made if missing. Files of the same name are replaced.
        seed: the same seed gives the same world.
        size: traffic relative to the usual one (about 60,000 events), > 0.
        effect: factor on every planted size, 0.5 = half as large.

    Returns:
        The folder, with case.yml, its tables and truth.json.

    Raises:
        BadInput: no world of this name.

    Example:
        >>> made = write("mix_shift", folder, seed=3)
        >>> sorted(path.name for path in made.iterdir())
        ['benchmark.parquet', 'case.yml', 'events.parquet', 'execution.parquet',
        'experiments.parquet', 'facts.parquet', 'reported.parquet', 'truth.json']
    """
    if name.startswith(companies.PREFIX + ":"):
        return companies.named(name, Path(folder), seed=seed, effect=effect)
    if name in TRADES:
        return write_trade(name, Path(folder), seed=seed, size=size, effect=effect)
    world, planted, document = make(name, seed=seed, size=size, effect=effect)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, table in files(world).items():
        table.to_parquet(folder / f"{file}.parquet", index=False, compression="zstd")
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    (folder / "case.yml").write_text(text, "utf-8")
    truth = {"case": folder.name, "causes": [truth_of(cause, world) for cause in planted]}
    (folder / "truth.json").write_text(
        json.dumps(truth, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    return folder


def make(
    name: str, *, seed: int = 0, size: float = 1.0, effect: float = 1.0
) -> tuple[World, tuple[Planted, ...], dict[str, object]]:
    """The world, what was planted, and the content of case.yml, without writing anything."""
    rng = np.random.default_rng([seed, sum(name.encode())])
    plan, planted = _planned(name, rng, size, effect)
    world = simulate(plan, rng)
    return world, planted, spec(world, rng)


def truth_of(cause: Planted, world: World) -> dict[str, object]:
    """One entry of truth.json."""
    period = cause.period(world)
    return {
        "kind": cause.kind,
        "subject": cause.subject,
        "where": dict(cause.where),
        "actors": list(cause.actors),
        "period": [str(period.first), str(period.last)],
        "effect_on": cause.effect_on,
        "effect_pct": round(cause.size(world), 1),
        "why": cause.why,
    }


def _planned(
    name: str, rng: np.random.Generator, size: float, effect: float
) -> tuple[Plan, tuple[Planted, ...]]:
    if name == "shop":
        return _shop(rng, size, effect)
    if name in HARMLESS:
        return HARMLESS[name](rng, size), ()
    kinds = _pair(rng) if name == "two_causes" else tuple(name.split("+"))
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("sample world", kind, names(), "write(name=)")
    plan = draw(rng, size=size, trades=_trades(kinds))
    planted: list[Planted] = []
    for kind in kinds:
        plan, cause = KINDS[kind].plant(plan, rng, effect)
        planted.append(cause)
    return plan, tuple(planted)


def _pair(rng: np.random.Generator) -> tuple[str, ...]:
    return PAIRS[int(rng.integers(len(PAIRS)))]


def _trades(kinds: tuple[str, ...]) -> tuple[Industry, ...]:
    """Trades in which all of these kinds can happen."""
    return tuple(trade for trade in INDUSTRIES if all(KINDS[kind].suits(trade) for kind in kinds))


def _shop(rng: np.random.Generator, size: float, effect: float) -> tuple[Plan, tuple[Planted, ...]]:
    """The team lifts its order rate above target while the payment step, which nobody watches,
    leaks."""
    plan = shop_setting(size)
    lift = Rate(3, 1 + 0.07 * effect, start=plan.calendar.days)
    leak = Rate(4, 1 - 0.19 * effect, start=plan.calendar.days)
    planted = Planted(
        kind="untracked_leak",
        subject="pay_per_place_order",
        effect_on="revenue",
        why="the watched KPI (order rate) is healthy; users are lost at the payment step, on "
        "no dashboard and no KPI",
        size=lambda world: goal_effect(world, [leak]),
        period=current_period,
    )
    return replace(plan, rates=(lift, leak), kpi_target=1.02), (planted,)
