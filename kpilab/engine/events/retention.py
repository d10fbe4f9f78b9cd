"""Who came back when, in one look at each row: a bit per bucket and user,
then how many users have which bits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.column import column
from kpilab.engine.dialect import engine_name, microseconds
from kpilab.engine.events.activity import GRAINS, at_first, bucket_of
from kpilab.engine.events.sessions import day_start, readable
from kpilab.engine.metrics import segment
from kpilab.engine.run import collect
from kpilab.errors import unknown

if TYPE_CHECKING:
    from kpilab.core.table import EventLog
    from kpilab.core.values import Period

BITS = 62  # of a 64-bit integer: the sign and one more stay free
MOST_WORDS = 12


def returns(
    log: EventLog, *, grain: str, start: str | None, back: str | None, by: tuple[str, ...] = (),
    where: Where = EVERYWHERE, period: Period | None = None,
) -> tuple[pd.DataFrame, int] | None:  # fmt: skip
    """Users by the bucket they began in and by how many buckets later they came back, and the last
    bucket seen.

    Returns:
        Columns `cohort`, `by`, `age` (0 counts the whole cohort), `users`; None when the log spans
        more buckets than the bits hold, or the engine cannot draw bits together.
    """
    if grain not in GRAINS:
        raise unknown("grain", grain, GRAINS, "argument 'grain'")
    if engine_name(log.table) == "pyspark":
        return None
    low, high = _span(log, grain)
    words = -(-(high - low + 1) // BITS)
    if words > MOST_WORDS:
        return None
    rows = readable(replace(log, table=segment(log, where)))
    if period is not None:
        t = column(rows, "kpilab_t")
        rows = rows.filter(t >= day_start(period.first), t < day_start(period.last, 1))
    age: Any = (bucket_of(rows, log, grain) - low).cast("int64")
    event = column(rows, "kpilab_event").cast("string")
    began = None if start is None else event == start
    came = None if back is None else event == back
    bits = {f"w{w}": _bits(age, w, words).bit_or(where=came) for w in range(words)}
    if began is None and came is None and words == 1:
        # The first bucket is the lowest bit: nothing but the bits has to be drawn together.
        users = rows.group_by("kpilab_unit").agg(**bits)
        users = users.mutate(cohort=_lowest_bit(column(users, "w0")))
    else:
        users = rows.group_by("kpilab_unit").agg(cohort=age.min(where=began), **bits)
    if by:
        starts = rows if began is None else rows.filter(began)
        users = users.left_join(at_first(starts, "kpilab_unit", "kpilab_t", by), "kpilab_unit")
    kinds = users.group_by(["cohort", *by, *bits]).agg(n=users.count())
    seen = {
        f"b{k}": (column(kinds, f"w{k // BITS}") >> (k % BITS)) & 1 for k in range(high - low + 1)
    }
    sums = {name: (bit * kinds["n"]).sum() for name, bit in seen.items()}
    wide = collect(
        kinds.group_by(["cohort", *by]).agg(size=column(kinds, "n").sum(), **sums), "retention"
    )
    return _long(wide.rename(columns={f"b{k}": k for k in range(high - low + 1)}), low, list(by))


def _span(log: EventLog, grain: str) -> tuple[int, int]:
    """First and last bucket of a log; 0 and 0 of an empty one."""
    time = log.table[log.time]
    ends = [log.table.aggregate([edge.name(log.time)]) for edge in (time.min(), time.max())]
    both = ends[0].union(ends[1])
    both = both.mutate(kpilab_t=microseconds(both[log.time], engine_name(both)))
    found = collect(both.select(bucket=bucket_of(both, log, grain)), "retention")["bucket"].dropna()
    return (int(found.min()), int(found.max())) if len(found) else (0, 0)


def _bits(age: Any, word: int, words: int) -> Any:
    """The bit of a row's bucket within one word; 0 when it belongs to another."""
    one: Any = ibis.literal(1, "int64")
    if words == 1:
        return one << age
    inside = (age >= word * BITS) & (age < (word + 1) * BITS)
    return inside.ifelse(one << (age % BITS), ibis.literal(0, "int64"))


def _lowest_bit(bits: Any) -> Any:
    """Place of the lowest bit that is set; a power of two has an exact logarithm."""
    return (bits & -bits).log2().cast("int64")


def _long(wide: pd.DataFrame, low: int, by: list[str]) -> tuple[pd.DataFrame, int]:
    """One row per cohort and age from a column per bucket;
    users without a cohort tell of the last bucket only."""
    buckets: list[Any] = [c for c in wide.columns if c not in ("cohort", "size", *by)]
    last = max((b for b in buckets if wide[b].fillna(0).any()), default=-1 - low)
    wide = wide[wide["cohort"].notna()]
    long = wide.melt(["cohort", *by], buckets, var_name="bucket", value_name="users").fillna(
        {"users": 0}
    )
    long["age"] = long["bucket"].astype("int64") - long["cohort"].astype("int64")
    later = long[(long["age"] > 0) & (long["users"] > 0)]
    both = pd.concat([wide.assign(age=0, users=wide["size"]), later])[
        ["cohort", *by, "age", "users"]
    ]
    both["cohort"] += low
    return both.astype({"cohort": "int64", "age": "int64", "users": "int64"}).reset_index(
        drop=True
    ), last + low
