"""Sums by several dimensions, one after the other, in one look at the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from kpilab.engine.dialect import engine_name
from kpilab.engine.expression import quoted
from kpilab.engine.run import MAX_ROWS, collect_text

if TYPE_CHECKING:
    import ibis.expr.types as ir


def broken_down(
    rows: ir.Table,
    keys: Mapping[str, Any],
    dimensions: Sequence[str],
    sums: Mapping[str, str],
    purpose: str,
    having: str = "",
) -> pd.DataFrame:
    """Sums per key, and per key and value of each dimension.

    Args:
        rows: the rows, with the columns `dimensions`.
        keys: name -> expression on `rows`.
        dimensions: names of columns; every one is read as text.
        sums: name -> aggregate as SQL, over the keys and columns of `rows`.
        purpose: as for `kpilab.engine.run.collect`.
        having: condition, as SQL, that the rows of the answer meet; none if empty.

    Returns:
        Columns `keys`, `dimension`, `value`, `sums`; the rows with an empty `dimension` are sums
        over all values.
    """
    values = {f"kpilab_d{k}": rows[name].cast("string") for k, name in enumerate(dimensions)}
    quote = "`" if engine_name(rows) == "pyspark" else '"'
    names = [quoted(key, quote) for key in keys]
    # GROUPING is 0 where a row is about that dimension.
    about = [part for d in values for part in (d, f"GROUPING({d}) AS not_{d}")]
    selected = [
        *names,
        *about,
        *(f"{text} AS {quoted(name, quote)}" for name, text in sums.items()),
    ]
    sets = ", ".join(f"({', '.join(part)})" for part in (names, *([*names, d] for d in values)))
    text = f"SELECT {', '.join(selected)} FROM rows_read GROUP BY GROUPING SETS ({sets})"
    text += f" HAVING {having}" if having else ""
    found = collect_text(rows.mutate(**keys, **values), text, purpose)
    of_all = found[[f"not_{d}" for d in values]].astype(bool).all(axis=1)
    parts = [found[of_all].assign(dimension="", value=None)]
    for d, name in zip(values, dimensions, strict=True):
        own = found[found[f"not_{d}"] == 0]
        parts.append(own.assign(dimension=name, value=own[d]))
    return pd.concat(parts, ignore_index=True)[[*keys, "dimension", "value", *sums]]


def together(sizes: Mapping[str, int], cells: int) -> Iterator[tuple[str, ...]]:
    """Dimensions to ask for together: `sizes` are their values,
    `cells` the combinations of the keys. One at least."""
    part: list[str] = []
    for name in sizes:
        if part and cells * (1 + sum(sizes[n] + 1 for n in (*part, name))) > MAX_ROWS:
            yield tuple(part)
            part = []
        part.append(name)
    yield tuple(part)
