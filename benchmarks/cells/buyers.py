"""Cells of the questions under `kpilab.customers`, on the worlds of `benchmarks/customers.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import customers as worlds
import numpy as np
import pandas as pd
from cells.draws import Called, Cell, Rng, outside

from kpilab import Facts, Period
from kpilab.customers import (
    Lines,
    acquisition,
    basket,
    channel_shift,
    churn,
    cohorts,
    concentration,
    growth,
    lifetime,
    payback,
    pipeline,
    pull_forward,
    repeat,
    service_effect,
    survival,
)
from kpilab.data import Measured, Metric

NOW, BEFORE, MONTHS = worlds.NOW, worlds.BEFORE, worlds.MONTHS
ASKED, WHO = worlds.ASKED, {"customer": "who", "amount": "amount"}
START = MONTHS[0]


@dataclass(frozen=True, slots=True)
class Orders:
    """How many customers, how often they order, and for how much."""

    n: int = 400
    pace: float = 20.0
    swing: float = 0.5
    leaves: float = 0.1
    season: float = 0.0
    region: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1)
    even: bool = False


def orders(rng: Rng, hit: int, w: Orders) -> pd.DataFrame:
    """Two years of orders of customers who come, order at their own pace, and leave.

    With an effect, those of region r3 order a third as often in the last quarter.
    """
    first = rng.uniform(-200, 730, w.n)
    gone = first + rng.exponential(w.pace / w.leaves, w.n)
    own = w.pace * rng.gamma(2, 0.5, w.n) + 2
    count = rng.poisson(np.clip(np.minimum(gone, 730) - first, 0, None) / own) + 1
    who = np.repeat(np.arange(w.n), count)
    at = first[who] + rng.random(len(who)) * (np.minimum(gone, 730) - first)[who].clip(0)
    place = rng.choice(len(w.region), w.n, p=np.array(w.region) / sum(w.region))
    rows = pd.DataFrame({"who": who, "at": at, "region": np.char.add("r", place[who].astype(str))})
    busy = 1 + w.season * np.sin(2 * np.pi * rows["at"] / 365)
    kept = rng.random(len(rows)) < busy / (1 + w.season)
    late = (rows["at"] >= 639) & (rows["region"] == "r3") & (rng.random(len(rows)) < 0.7 * hit)
    size = np.full(w.n, 50.0) if w.even else np.exp(4 + w.swing * rng.standard_normal(w.n))
    spent = 1.0 if w.even else rng.gamma(4, 0.25, len(rows))
    rows["amount"] = np.round(size[who] * spent, 2)
    rows["channel"] = np.where(rng.random(len(rows)) < 0.5, "shop", "web")
    rows = rows[(rows["at"] >= 0) & (rows["at"] < 730) & kept & ~late].reset_index(drop=True)
    return rows.assign(date=START + pd.to_timedelta(np.floor(rows["at"]), "D"))


SHOPS: dict[str, dict] = {
    "400 customers": {}, "small n (60)": {"n": 60}, "heavy tails": {"swing": 1.5},
    "few orders": {"pace": 120.0}, "a season": {"season": 0.5}, "equal amounts": {"even": True},
    "unequal sizes": {"region": (0.9, 0.06, 0.03, 0.01)},
}  # fmt: skip
CASES: dict[str, dict] = {"300 accounts": {}, "small n (60 accounts)": {"n": 60}}


def place_cells() -> list[Cell]:
    """A segment or a customer is named though nothing happened."""

    def named(question: Callable, **more) -> Callable[..., Called]:
        def world(**world) -> Called:
            return lambda rng, hit: (
                len(question(orders(rng, hit, Orders(**world)), **ASKED, **more).places) > 0
            )

        return world

    by = {"by": ["region"]}
    kinds: dict[str, Callable[..., Called]] = {
        "churn, who stopped": named(churn, **by, of="stopped"),
        "churn, spend": named(churn, **by, of="spend"),
        "acquisition": named(acquisition, **by),
        "acquisition, how many": named(acquisition, **by, of="number"),
        "repeat": named(repeat, **by),
    }
    cells = [
        Cell(name, trait, 0.06, of(**world), planted=name.startswith("churn, who"), slow=True)
        for name, of in kinds.items()
        for trait, world in SHOPS.items()
    ]

    def few(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = orders(rng, 0, Orders(**world))
            sums = rows[rows["at"].between(548, 638)].groupby("who")["amount"].sum()
            gone = rows["who"].isin(sums.nlargest(4).index) & (rows["at"] >= 639)
            return concentration(rows[~gone] if hit else rows, **ASKED).few

        return called

    def moved(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = orders(rng, 0, Orders(**world))
            late = (rows["at"] >= 639) & (rng.random(len(rows)) < 0.6 * hit)
            rows["channel"] = np.where(late, "web", rows["channel"])
            return channel_shift(rows, **ASKED, by="channel").headline.key != "channel_shift.usual"

        return called

    return [
        *cells,
        *(Cell("concentration", t, 0.06, few(**w), slow=True) for t, w in SHOPS.items()),
        *(Cell("channel_shift", t, 0.06, moved(**w), slow=True) for t, w in SHOPS.items()),
    ]


def course_cells() -> list[Cell]:
    """Cohorts, stays, baskets, campaigns, complaints, deals."""

    def aged(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = orders(rng, 0, Orders(**{**world, "n": 1500}))
            first = rows.groupby("who")["at"].transform("min")
            rows["amount"] *= np.where((first > 548) & (first < 639), 1 - 0.5 * hit, 1)
            found = cohorts(rows, **WHO, until=NOW.last, grain="quarter").changes
            return bool((found["q"] <= 0.05).any())

        return called

    def stayed(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = orders(rng, 0, Orders(**world))
            gone = (rows["region"] == "r0") & (rng.random(len(rows)) < 0)
            short = rows.groupby("who")["at"].transform("min") + 60
            gone |= (rows["region"] == "r0") & (rows["at"] > short) & bool(hit)
            return survival(rows[~gone], **WHO, until=NOW.last, by=["region"]).p <= 0.05

        return called

    def pulled(**world) -> Called:
        peak = Period(MONTHS[20].date(), (MONTHS[20] + pd.Timedelta(days=27)).date())

        def called(rng: Rng, hit: int) -> bool:
            rows = orders(rng, 0, Orders(**{**world, "n": 800}))
            day = (rows["date"] - pd.Timestamp(peak.first)).dt.days
            early = day.between(28, 55) & (rng.random(len(rows)) < 0.5 * hit)
            rows["date"] = rows["date"] - pd.to_timedelta(np.where(early, 28, 0), "D")
            return pull_forward(rows, **WHO, peak=peak).pulled

        return called

    def met(**world) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            rows = orders(rng, 0, Orders(**{**world, "n": 800}))
            rows["late"] = rng.random(len(rows)) < 0.06
            bad = rows[rows["late"]].groupby("who")["at"].min().reindex(rows["who"]).to_numpy()
            never = (rows["at"] > bad) & (rows["who"] % 2 == 0) & bool(hit)
            found = service_effect(rows[~never], "late", **WHO)
            return found.headline.key != "service_effect.usual"

        return called

    names = ("400 customers", "heavy tails", "few orders", "a season", "equal amounts")
    kinds = {"cohorts": aged, "survival": stayed, "pull_forward": pulled, "service_effect": met}
    return [
        Cell(name, trait.replace("400 ", "many "), 0.06, of(**SHOPS[trait]), slow=True)
        for name, of in kinds.items()
        for trait in names
    ]


def other_cells() -> list[Cell]:
    def sold(n: int, products: int, swing: float) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            likes, parts = rng.beta(2, 4, (n, products)), []
            for k, quarter in enumerate((BEFORE, NOW)):
                weight = rng.gamma(1, 1, n)
                who = rng.choice(n, 3 * n, p=weight / weight.sum())
                less = np.where((np.arange(products) == 0) & (k == 1), 1 - 0.6 * hit, 1)
                order, product = np.nonzero(rng.random((3 * n, products)) < likes[who] * less)
                parts.append(pd.DataFrame({
                    "date": pd.Timestamp(quarter.first), "who": who[order],
                    "order": order + 9999 * k, "product": product,
                }))  # fmt: skip
            log = pd.concat(parts, ignore_index=True)
            log["amount"] = 15 * np.exp(swing * rng.standard_normal(len(log)))
            table = basket(log, Lines("order", item="product"), **ASKED, baseline=BEFORE).table
            return bool((table["q"] <= 0.05).any())

        return called

    def slower(n: int) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            log = worlds.deals(rng, 1.8 if hit else 1.0)
            log = log[log["user"] < n]
            asked = {"current": NOW, "by": ["region"]}
            return len(pipeline(log, ["open", "offer", "won"], **asked).places) > 0

        return called

    return [
        Cell("basket", "600 customers, 20 items", 0.06, sold(600, 20, 0.5), slow=True),
        Cell("basket", "small n (60)", 0.06, sold(60, 5, 0.5), slow=True),
        Cell("basket", "heavy tails", 0.06, sold(600, 20, 1.5), slow=True),
        Cell("pipeline", "8,000 deals", 0.06, slower(8000), slow=True),
        Cell("pipeline", "small n (600)", 0.06, slower(600), slow=True),
    ]


def interval_cells() -> list[Cell]:
    """Share of 95 % intervals that miss what is true; with an effect half of it."""

    def kept(**world) -> Called:
        """The baseline's customers spend as much now, but for those who leave."""
        known: dict[str, float] = {}

        def read(rows: pd.DataFrame) -> pd.Series:
            spans = {"baseline": BEFORE, "current": NOW}
            return growth(rows, **WHO, **spans).rates.iloc[0]

        def called(rng: Rng, hit: int) -> bool:
            if not known:
                many = orders(np.random.default_rng(1), 0, Orders(200_000, **_large(world)))
                known["net"] = float(read(many)["net"])
            row = read(orders(rng, 0, Orders(**world)))
            return outside(row["net_low"], row["net_high"], known["net"] * (1 - 0.5 * hit))

        return called

    def ahead(**world) -> Called:
        """Orders of the 90 days after the first 640 that were forecast."""

        def called(rng: Rng, hit: int) -> bool:
            rows = orders(rng, 0, Orders(**world))
            split = 640
            past = rows[rows["at"] < split]
            until = (START + pd.Timedelta(days=split - 1)).date()
            row = lifetime(past, customer="who", until=until).table.iloc[0]
            later = rows[rows["at"].between(split, 729.99) & rows["who"].isin(past["who"])]
            came = len(later.drop_duplicates(["who", "date"]))
            return outside(row["low"], row["high"], came * (1 - 0.5 * hit))

        return called

    def worth(**world) -> Called:
        """What one customer brought up to an age."""
        known: dict[str, float] = {}
        asked = {**WHO, "by": "region", "until": NOW.last}
        spent = pd.DataFrame({"date": MONTHS, "region": "r0", "cost": 100.0})
        spend = Measured(Facts(spent), Metric("cost", "facts", measure="sum(cost)"))

        def read(rows: pd.DataFrame) -> pd.Series:
            curve = payback(rows[rows["at"] >= 0], spend, **asked).curve
            return curve[(curve["region"] == "r0") & (curve["age"] == 6)].iloc[0]

        def called(rng: Rng, hit: int) -> bool:
            if not known:
                many = orders(np.random.default_rng(1), 0, Orders(200_000, **_large(world)))
                known["value"] = float(read(many)["value"])
            row = read(orders(rng, 0, Orders(**world)))
            return outside(row["value_low"], row["value_high"], known["value"] * (1 - 0.5 * hit))

        return called

    names = ("400 customers", "small n (60)", "heavy tails", "few orders")
    return [
        Cell(name, trait, 0.06, of(**SHOPS[trait]), slow=True)
        for name, of in (("growth", kept), ("lifetime", ahead), ("payback", worth))
        for trait in names
    ]


def _large(world: dict) -> dict:
    return {k: v for k, v in world.items() if k != "n"}


def buyer_cells() -> list[Cell]:
    return [*place_cells(), *course_cells(), *other_cells(), *interval_cells()]
