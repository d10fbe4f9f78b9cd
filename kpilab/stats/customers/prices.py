"""The change of an amount by volume, mix, price and what is new or lost; exact at any depth."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

PARTS = ("volume", "list_price", "discount", "cost", "new", "lost")


def effects(items: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per item with the parts of its change; they sum to it.

    Items sold in both periods: `volume` (as if all had grown alike), `mix: <dimension>` (shares
    among the values of each dimension inside those of the one before it), `list_price`,
    `discount` and `cost` per unit, at the current quantity. What is sold in one period only is
    `new` or `lost`.

    Args:
        items: columns of `by`, and for each period (0, 1): `q` quantity, `y` amount, `l` amount at
            list price, `c` cost.
        by: dimensions, coarse to fine; the last one is the item.
    """
    names = ["volume", *(f"mix: {d}" for d in by), *PARTS[1:]]
    found = pd.DataFrame(0.0, index=items.index, columns=names)
    there, sold = (items["q0"] > 0) & (items["q1"] > 0), items["q1"] > 0
    change = (items["y1"] - items["c1"]) - (items["y0"] - items["c0"])
    found["new"], found["lost"] = (
        change.where(~there & sold, 0.0),
        change.where(~there & ~sold, 0.0),
    )
    both = items[there]
    if both.empty:
        return found
    q0, q1 = both["q0"], both["q1"]
    margin, grown = (both["y0"] - both["c0"]) / q0, q1.sum() / q0.sum()
    parts = {"volume": margin * q0 * (grown - 1)}
    for depth, dimension in enumerate(by, 1):
        sums = both.groupby(list(by[:depth]), dropna=False)[["q0", "q1"]].transform("sum")
        inside = sums["q1"] / sums["q0"]
        parts[f"mix: {dimension}"] = margin * q0 * (inside - grown)
        grown = inside
    net, listed = (both[f"{x}1"] - q1 * both[f"{x}0"] / q0 for x in "yl")
    parts |= {"list_price": listed, "discount": net - listed}
    parts["cost"] = q1 * both["c0"] / q0 - both["c1"]
    found.loc[both.index, list(parts)] = pd.DataFrame(parts)
    return found
