"""Charts of who and what an amount lost: segments, customers, pairs, and the parts of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import rows
from kpilab.show.charts.waterfall import waterfall
from kpilab.show.charts.words import head
from kpilab.show.format import number, signed, where
from kpilab.show.say import catalogue, label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.customers.basket import BasketResult
    from kpilab.analysis.customers.channel_shift import ChannelShiftResult
    from kpilab.analysis.customers.concentration import ConcentrationResult
    from kpilab.analysis.customers.lifetime import LifetimeResult
    from kpilab.analysis.customers.payback import PaybackResult
    from kpilab.analysis.customers.price_volume_mix import PriceVolumeMixResult
    from kpilab.analysis.customers.pull_forward import PullForwardResult
    from kpilab.analysis.customers.service_effect import ServiceEffectResult
    from kpilab.core.result import Result

MOST = 12


def segments(result: Result, lang: str = "en") -> alt.LayerChart:
    """What each segment judged took from the amount, or gave, with its interval; those beyond
    chance in colour."""
    found = result.table.head(MOST).reset_index(drop=True)
    sure = found["q"] <= 1 - result.level  # type: ignore[attr-defined]  # each of these has one
    table = found[["low", "high"]].assign(
        name=[
            " · ".join((where(w, lang), _view(v, result.kind, lang)))
            for w, v in zip(found["where"], found["view"], strict=True)
        ],
        value=found["effect"],
        text=[signed(v, lang) for v in found["effect"]],
        tone=_tones(found["effect"], sure),
    )
    x = across(label("customers.axis", lang), "signed", lang)
    return rows(table, x, head(result, lang, found))


def concentration(result: ConcentrationResult, lang: str = "en") -> alt.LayerChart:
    """What each customer spent before (ring) and spends now (point)."""
    found = result.table.head(MOST)
    table = pd.DataFrame(
        {
            "name": found["customer"].astype(str),
            "value": found["now"],
            "hollow": found["before"],
            "text": [
                f"{number(b, lang)} → {number(n, lang)}"
                for b, n in zip(found["before"], found["now"], strict=True)
            ],
            "tone": BAD if result.few else PALETTE[0],
        }
    )
    key = f"○ {label('report.before', lang)}   ● {label('report.current', lang)}"
    title = head(result, lang, found, key=key)
    return rows(table, across(result.amount, "number", lang), title)


def channel_shift(result: ChannelShiftResult, lang: str = "en") -> alt.LayerChart:
    """What the same customers moved from one value to another beyond what is usual."""
    found = result.table.head(MOST)
    table = found[["low", "high"]].assign(
        name=found["source"].astype(str) + " → " + found["target"].astype(str),
        value=found["effect"],
        text=[signed(v, lang) for v in found["effect"]],
        tone=[PALETTE[0] if k in result.found.index else QUIET for k in found.index],
    )
    x = across(label("channel_shift.axis", lang), "signed", lang)
    return rows(table, x, head(result, lang, found))


def lifetime(result: LifetimeResult, lang: str = "en") -> alt.LayerChart:
    """Orders expected within the time ahead per segment, with interval."""
    found = result.table.head(MOST)
    by = list(found.columns[: found.columns.get_loc("customers")])
    names = found[by].astype(str).agg(" · ".join, axis=1) if by else ""
    table = found[["low", "high"]].assign(
        name=names,
        value=found["expected"],
        text=[number(v, lang) for v in found["expected"]],
        tone=PALETTE[0],
    )
    x = across(label("lifetime.axis", lang), "number", lang)
    return rows(table, x, head(result, lang, found))


def price_volume_mix(result: PriceVolumeMixResult, lang: str = "en") -> alt.LayerChart:
    """From before to now, a bar per part of the change."""
    parts = result.parts.drop("change")
    parts = parts[parts != 0]
    steps = pd.DataFrame(
        {
            "name": [_part(str(p), lang) for p in parts.index],
            "amount": parts.to_numpy(float),
            "low": float("nan"),
            "high": float("nan"),
            "text": [signed(v, lang) for v in parts],
            "tone": [GOOD if v > 0 else BAD for v in parts],
        }
    )
    ends = [
        (label(f"report.{k}", lang), float(result.table[c].sum()))
        for k, c in (("baseline", "before"), ("current", "now"))
    ]
    totals = pd.DataFrame([{"name": n, "value": v, "text": number(v, lang)} for n, v in ends])
    return waterfall(steps, totals, head(result, lang), unit=result.amount, lang=lang)


def basket(result: BasketResult, lang: str = "en") -> alt.LayerChart:
    """From the amount before to that now: what orders, items per order and prices did."""
    found = result.parts
    steps = found[["low", "high"]].assign(
        name=[label(f"basket.part_{p}", lang) for p in found["part"]],
        amount=found["effect"],
        text=[signed(v, lang) for v in found["effect"]],
        tone=[GOOD if v > 0 else BAD for v in found["effect"]],
    )
    ends = (("baseline", result.before), ("current", result.now))
    totals = pd.DataFrame(
        [{"name": label(f"report.{k}", lang), "value": v, "text": number(v, lang)} for k, v in ends]
    )
    return waterfall(steps, totals, head(result, lang), unit=result.amount, lang=lang)


def payback(result: PaybackResult, lang: str = "en") -> alt.LayerChart:
    """What a customer of each channel has brought (point), and what one cost (line)."""
    found = result.table[result.table["customers"] > 0].head(MOST)
    table = pd.DataFrame(
        {
            "name": found.iloc[:, 0].astype(str),
            "value": found["value"],
            "low": found["value_low"],
            "high": found["value_high"],
            "tick": found["cost"],
            "text": [
                f"{number(v, lang)} / {number(c, lang)}"
                for v, c in zip(found["value"], found["cost"], strict=True)
            ],
            "tone": [
                NEUTRAL if low <= c <= high else GOOD if v > c else BAD
                for v, low, high, c in zip(
                    found["value"], found["value_low"], found["value_high"], found["cost"],
                    strict=True,
                )
            ],
        }
    )  # fmt: skip
    x = across(label("payback.axis", lang), "number", lang)
    return rows(table, x, head(result, lang, found))


def pull_forward(result: PullForwardResult, lang: str = "en") -> alt.LayerChart:
    """What was bought beyond expectation in the peak, and missing after it, with intervals."""
    found = result.table
    table = found[["low", "high"]].assign(
        name=[label(f"pull_forward.{p}", lang) for p in found["part"]],
        value=found["effect"],
        text=[signed(v, lang) for v in found["effect"]],
        tone=_tones(found["effect"], found["p"] <= 1 - result.level),
    )
    x = across(label("customers.axis", lang), "signed", lang)
    return rows(table, x, head(result, lang))


def service_effect(result: ServiceEffectResult, lang: str = "en") -> alt.LayerChart:
    """What those who met it spent beyond comparable customers: after it, and before."""
    found = result.table[result.table["view"] == "amount"]
    table = found[["low", "high"]].assign(
        name=[
            label("service_effect.before", lang, k=k) if k else label("service_effect.after", lang)
            for k in found["stretch"]
        ],
        value=found["effect"],
        text=[signed(v, lang) for v in found["effect"]],
        tone=_tones(found["effect"], found["p"] <= 1 - result.level),
    )
    x = across(label("service_effect.axis", lang), "signed", lang)
    return rows(table, x, head(result, lang))


def _tones(effects: pd.Series, sure: pd.Series) -> list[str]:
    return [
        NEUTRAL if not s else GOOD if e > 0 else BAD for e, s in zip(effects, sure, strict=True)
    ]


def _view(view: object, kind: str, lang: str) -> str:
    """What was judged of a segment: one of the analysis' own words, or the name of a stage."""
    key = f"customers.{kind}_{view}"
    return label(key, lang) if key in catalogue(lang) else str(view)


def _part(part: str, lang: str) -> str:
    name, _, dimension = part.partition(": ")
    return label(f"price_volume_mix.part_{name}", lang, dimension=dimension)
