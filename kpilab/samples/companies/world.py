"""A company world: a company, what is planted in it, and what that did to the goal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml
from pyarrow import csv

from kpilab.errors import BadInput, unknown
from kpilab.samples.companies.case import case, market, truth
from kpilab.samples.companies.company import Company, Draw, Setting
from kpilab.samples.companies.families import FAMILIES
from kpilab.samples.companies.family import Family, Planted, Scene
from kpilab.samples.companies.firms import COMPANIES
from kpilab.samples.companies.lever import Lever
from kpilab.samples.companies.ranges import RANGES, Ranges, setting
from kpilab.samples.companies.reason import Sizes, sizes
from kpilab.samples.companies.spots import NoPlace

TRIES, EACH = 48, 6  # draws in all, and of one company before another is tried
PREFIX = "company"


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A finished world: tables, the content of case.yml, and the truth."""

    company: Company
    setting: Setting
    family: str
    draw: Draw
    planted: Planted
    sizes: tuple[Sizes, ...]
    document: Mapping[str, object]


def names() -> tuple[str, ...]:
    """Worlds by the name `kpilab sample` knows them by; `company:FAMILY:FIRM` names the firm."""
    return tuple(f"{PREFIX}:{family}" for family in FAMILIES)


def named(name: str, folder: Path, *, seed: int, effect: float) -> Path:
    """Write the world of a name out of `names()`."""
    _, family, *firm = name.split(":")
    made = make(family, company=firm[0] if firm else None, seed=seed, effect=effect)
    return write(made, folder)


def make(
    family: str,
    *,
    company: str | None = None,
    seed: int = 0,
    effect: float = 1.0,
    split: str = "tune",
) -> World:
    """Draw a world of this family, without writing anything.

    Args:
        family: one of `FAMILIES`.
        company: one of `COMPANIES`; None draws one in which the family can happen.
        seed: the same seed gives the same world. The two splits share none.
        effect: factor on every planted size.
        split: "tune" or "report": different companies' sizes, growth, places.

    Raises:
        BadInput: no family, company or split of this name, or they do not go together.
    """
    for kind, name, known in (
        ("family of company worlds", family, FAMILIES),
        ("company", company or next(iter(COMPANIES)), COMPANIES),
        ("split", split, RANGES),
    ):
        if name not in known:
            raise unknown(kind, name, list(known), "samples.companies")
    chosen, ranges = FAMILIES[family], RANGES[split]
    stream = [seed, ranges.stream, *family.encode()]
    firms = _firms(np.random.default_rng(stream), chosen, company, ranges)
    for turn in range(TRIES):
        firm = firms[turn // EACH % len(firms)]
        try:
            return _made(np.random.default_rng([*stream, turn]), chosen, firm, ranges, effect)
        except NoPlace:
            continue
    raise BadInput(f"no room for {family} in {firms[0].name}", "samples.companies", "another seed")


def _firms(
    rng: np.random.Generator, family: Family, name: str | None, ranges: Ranges
) -> list[Company]:
    """The company asked for, or those in which the family can happen, in random order."""
    fitting = [n for n in COMPANIES if family.suits(COMPANIES[n])]
    if name is not None and name not in fitting:
        what, mend = f"{family.name} cannot happen in {name}", f"use one of {fitting}"
        raise BadInput(what, "samples.companies", mend)
    preferred = [n for n in fitting if n in ranges.companies] or fitting
    order = [preferred[int(k)] for k in rng.permutation(len(preferred))]
    return [COMPANIES[n] for n in ([name] if name else order)]


def _made(
    rng: np.random.Generator, family: Family, firm: Company, ranges: Ranges, effect: float
) -> World:
    drawn = setting(rng, firm, ranges, family.need, family.room)
    base = firm.simulate(drawn, ())
    periods = (drawn.days.baseline, drawn.days.current)
    if any(base.total(metric, period) == 0 for metric in base.books for period in periods):
        raise NoPlace
    planted = family.plant(Scene(rng, firm, drawn, base, ranges, effect))
    levers = [planted.background, *(reason.scaled(effect) for reason in planted.reasons)]
    draw = firm.simulate(drawn, _all(levers)) if _all(levers) else base
    sized = tuple(
        sizes(draw, _without(firm, drawn, levers, k + 1, base), planted.goal, drawn, reason.where)
        for k, reason in enumerate(planted.reasons)
    )
    if planted.market is not None:
        draw = replace(draw, tables={**draw.tables, "market": market(rng, drawn, draw, planted)})
    document = case(rng, firm, drawn, base, draw, planted)
    return World(firm, drawn, family.name, draw, planted, sized, document)


def _all(levers: Sequence[Sequence[Lever]]) -> tuple[Lever, ...]:
    return tuple(lever for group in levers for lever in group)


def _without(
    firm: Company, drawn: Setting, levers: Sequence[Sequence[Lever]], k: int, base: Draw
) -> Draw:
    """The company without the k-th reason, with the same random numbers."""
    rest = [group for j, group in enumerate(levers) if j != k]
    return firm.simulate(drawn, _all(rest)) if _all(rest) else base


def write(world: World, folder: Path) -> Path:
    """Write the tables as csv, case.yml and truth.json."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in world.draw.tables.items():
        # Arrow writes plain csv several times faster than pandas, and quotes only what needs it.
        options = csv.WriteOptions(quoting_style="needed")
        rows = dated(pa.Table.from_pandas(table, preserve_index=False))
        csv.write_csv(rows, folder / f"{name}.csv", options)
    # Through json, so that parts which are one object are written out and not referred to.
    document = json.loads(json.dumps(world.document))
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    (folder / "case.yml").write_text(text, "utf-8")
    goal = world.draw.total(world.planted.goal, world.setting.days.current)
    said = truth(
        folder.name, world.company, world.planted, world.setting, world.sizes, world.family, goal
    )
    (folder / "truth.json").write_text(
        json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )
    return folder


def dated(rows: pa.Table) -> pa.Table:
    """Times become plain dates: no table here holds a moment but as text."""
    fields = [
        pa.field(f.name, pa.date32()) if pa.types.is_timestamp(f.type) else f for f in rows.schema
    ]
    return rows.cast(pa.schema(fields))
