"""Users by the days, weeks or months they were active in: bit masks per user, counted in the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.metrics import segment
from kpilab.engine.sessions import day_start, readable
from kpilab.errors import unknown

if TYPE_CHECKING:
    from datetime import date

    import ibis.expr.types as ir

    from kpilab.core.table import EventLog
    from kpilab.core.values import Period

GRAINS = ("day", "week", "month")
DAY = 86_400_000_000


def active(
    log: EventLog, *, grain: str = "day", events: tuple[str, ...] = (), where: Where = EVERYWHERE,
    period: Period | None = None, keep: tuple[str, ...] = (),
) -> ir.Table:  # fmt: skip
    """One row per user and bucket in which the user did one of `events` (any, when none are named).

    Columns: `unit`, `bucket` (int: days, weeks from Monday, or months since 1970-01-01) and the columns to keep
    (as text, "" for missing; a user may then have several rows per bucket).
    """
    if grain not in GRAINS:
        raise unknown("grain", grain, GRAINS, "argument 'grain'")
    rows = readable(replace(log, table=segment(log, where)))
    if events:
        rows = rows.filter(rows["__event"].cast("string").isin(list(events)))
    if period is not None:
        rows = rows.filter(rows["__t"] >= day_start(period.first), rows["__t"] < day_start(period.last, 1))
    kept = {c: rows[c].cast("string").fill_null("") for c in keep}
    return rows.select(unit="__unit", bucket=bucket_of(rows, log, grain), **kept).distinct()


def bucket_of(rows: ir.Table, log: EventLog, grain: str) -> ir.IntegerValue:
    """Number of the day, week or month since 1970 (weeks begin on Monday)."""
    day = (rows["__t"] - (rows["__t"] % DAY + DAY) % DAY) // DAY
    if grain == "day":
        return day.cast("int64")
    if grain == "week":
        return ((day + 3) // 7).cast("int64")  # 1970-01-01 was a Thursday
    moment = rows[log.time].cast("timestamp")
    return ((moment.year() - 1970) * 12 + moment.month() - 1).cast("int64")


def bucket_start(bucket: int, grain: str) -> date:
    """First day of a bucket."""
    import datetime

    if grain == "month":
        return datetime.date(1970 + bucket // 12, bucket % 12 + 1, 1)
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=bucket if grain == "day" else bucket * 7 - 3)


def cohorts(first: ir.Table, back: ir.Table, by: tuple[str, ...] = ()) -> ir.Table:
    """Users by the bucket of their first event and by how many buckets later they came back.

    Args:
        first: `unit`, `bucket` of the events that make a user begin (and the columns `by`).
        back: `unit`, `bucket` of the events that count as coming back.

    Returns:
        Columns `cohort`, `by`, `age` (buckets since the cohort's), `users`; age 0 counts the whole cohort.
    """
    born = first.group_by("unit").agg(cohort=first["bucket"].min(), **{c: first[c].argmin(first["bucket"]) for c in by})
    size = born.group_by(["cohort", *by]).agg(users=born.count())
    size = size.select("cohort", *by, age=ibis.literal(0, "int64"), users="users")
    seen = back.select(person="unit", bucket="bucket").distinct()
    joined = born.inner_join(seen, born["unit"] == seen["person"])
    joined = joined.filter(joined["bucket"] > joined["cohort"]).mutate(age=joined["bucket"] - joined["cohort"])
    later = joined.group_by(["cohort", *by, "age"]).agg(users=joined.count())
    return size.union(later)


def rolling(first: ir.Table, back: ir.Table, by: tuple[str, ...] = ()) -> ir.Table:
    """As `cohorts`, but `age` is the last bucket a user was seen in: sum upwards for "came back then or later"."""
    born = first.group_by("unit").agg(cohort=first["bucket"].min(), **{c: first[c].argmin(first["bucket"]) for c in by})
    last = back.group_by("unit").agg(last=back["bucket"].max()).rename(person="unit")
    joined = born.left_join(last, born["unit"] == last["person"])
    age = ibis.greatest((joined["last"] - joined["cohort"]).fill_null(0), 0)
    joined = joined.mutate(age=age)
    return joined.group_by(["cohort", *by, "age"]).agg(users=joined.count())
