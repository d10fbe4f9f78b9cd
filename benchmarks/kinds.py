"""What customers, prices, stock and deals did, kind by kind: of the worlds in which one of these
kinds was planted, how many reviews name it, and what do the others say instead?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from rule import STATED, place

# The families in which each kind is the reason that was planted.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "retention_decline": ("churn", "churn_pair"),
    "acquisition_quality": ("acquisition_quality",),
    "acquisition_decline": ("acquisition_decline",),
    "contraction": ("contraction",),
    "concentration": ("concentration",),
    "price_erosion": ("price_erosion",),
    "returns_rise": ("returns", "scrap"),
    "stockout": ("stockout",),
    "cannibalisation": ("cannibalisation",),
    "pull_forward": ("pull_forward",),
    "delay": ("delay",),
    "slow_cycle": ("slow_cycle",),
}
HEAD = ("planted kind", "worlds", "named", "by this kind", "place right", "told as", "told instead")
WHOLE = 0.99  # an F1 of one, but for rounding


def worlds(each: int, names: Sequence[str]) -> list[tuple[int, str]]:
    """Number and family of `each` worlds a kind, its families in turn, of those in `names`."""
    chosen = []
    for k, families in enumerate(FAMILIES.values()):
        drawn = [family for family in families if family in names]
        if drawn:
            chosen += [(1000 * k + n, drawn[n % len(drawn)]) for n in range(each)]
    return chosen


def table(results: Sequence[dict]) -> Iterator[str]:
    """One row per planted kind, as Markdown."""
    yield _row(HEAD)
    yield _row(["---"] * len(HEAD))
    for kind, families in FAMILIES.items():
        rows = [r for r in results if r["family"] in families]
        if rows:
            yield _row(_cells(kind, rows))


def named(result: dict) -> dict | None:
    """The stated cause that names the reason best: of a kind a fair analyst accepts, of its sign,
    at its place or a part of it. None where there is none."""
    reason = result["reasons"][0]
    fits = [
        (place(c["where"], reason["where"]), c["kind"] == reason["kinds"][0], -k, c)
        for k, c in enumerate(_stated(result))
        if c["kind"] in reason["kinds"]
        and place(c["where"], reason["where"]) > 0
        and (c["effect_pct"] or reason["sign"]) * reason["sign"] > 0
    ]
    return max(fits, key=lambda fit: fit[:3])[-1] if fits else None


def _stated(result: dict) -> list[dict]:
    return [c for c in result["causes"] if c["confidence"] >= STATED]


def _cells(kind: str, rows: Sequence[dict]) -> list[str]:
    met = [named(r) for r in rows]
    right = [
        c is not None and place(c["where"], r["reasons"][0]["where"]) >= WHOLE
        for c, r in zip(met, rows, strict=True)
    ]
    instead = Counter(
        said
        for c, r in zip(met, rows, strict=True)
        if c is None
        for said in {s["kind"] for s in _stated(r)} or {"nothing"}
    )
    return [
        kind,
        str(len(rows)),
        _share([c is not None for c in met]),
        _share([c is not None and c["kind"] == kind for c in met]),
        _share(right),
        _counts(Counter(c["kind"] for c in met if c is not None)),
        _counts(instead),
    ]


def _share(hits: Sequence[bool]) -> str:
    """A share with its Monte Carlo error; one hit and one miss more keep the error from being 0."""
    n, smooth = len(hits), (sum(hits) + 1) / (len(hits) + 2)
    return f"{sum(hits) / n:.2f} ± {(smooth * (1 - smooth) / n) ** 0.5:.2f}"


def _counts(counter: Counter) -> str:
    return ", ".join(f"{kind}: {n}" for kind, n in counter.most_common())


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
