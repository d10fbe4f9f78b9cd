"""Users by the days, weeks or months they were active in: bit masks per user,
counted in the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import ibis

from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.column import column
from kpilab.engine.dialect import one
from kpilab.engine.events.sessions import day_start, readable
from kpilab.engine.metrics import segment
from kpilab.errors import unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog
    from kpilab.core.values import Period

GRAINS = ("day", "week", "week_sunday", "month")
DAY = 86_400_000_000
# Days of the week that had gone when 1970 began, on a Thursday.
BEFORE_1970 = {"week": 3, "week_sunday": 4}


def active(
    log: EventLog, *, grain: str = "day", events: tuple[str, ...] = (), where: Where = EVERYWHERE,
    period: Period | None = None, keep: tuple[str, ...] = (), timed: bool = False,
) -> ir.Table:  # fmt: skip
    """One row per user and bucket in which the user did one of `events` (any, when none are named).

    Columns: `unit`, `bucket` (int: days, weeks from Monday or Sunday, or months since 1970-01-01)
    and the columns to keep (a user may then have several rows per bucket). `timed`: a row per
    moment, `t`.
    """
    if grain not in GRAINS:
        raise unknown("grain", grain, GRAINS, "argument 'grain'")
    rows = readable(replace(log, table=segment(log, where)))
    if events:
        rows = rows.filter(column(rows, "kpilab_event").cast("string").isin(list(events)))
    if period is not None:
        t = column(rows, "kpilab_t")
        rows = rows.filter(t >= day_start(period.first), t < day_start(period.last, 1))
    kept: dict[str, ir.Value] = {c: rows[c] for c in keep}
    if timed:
        kept["t"] = rows["kpilab_t"]
    return rows.select(unit="kpilab_unit", bucket=bucket_of(rows, log, grain), **kept).distinct()


def bucket_of(rows: ir.Table, log: EventLog, grain: str) -> ir.IntegerValue:
    """Number of the day, week or month since 1970."""
    t = column(rows, "kpilab_t")
    if grain == "day":
        return (t // DAY).cast("int64")
    if grain in BEFORE_1970:
        return ((t + BEFORE_1970[grain] * DAY) // (7 * DAY)).cast("int64")
    moment = rows[log.time].cast("timestamp")
    return ((moment.year() - 1970) * 12 + moment.month() - 1).cast("int64")


def bucket_start(bucket: int, grain: str) -> date:
    """First day of a bucket."""
    if grain == "month":
        return date(1970 + bucket // 12, bucket % 12 + 1, 1)
    days = bucket * 7 - BEFORE_1970[grain] if grain in BEFORE_1970 else bucket
    return date(1970, 1, 1) + timedelta(days=days)


def at_first(rows: ir.Table, unit: str, t: str, by: tuple[str, ...]) -> ir.Table:
    """Each unit's values at its first moment; of several in one moment, the first by name."""
    moments = rows.group_by([unit, t]).agg(**{c: rows[c].min() for c in by})
    return moments.group_by(unit).agg(**{c: moments[c].argmin(moments[t]) for c in by})


def _born(first: ir.Table, by: tuple[str, ...]) -> ir.Table:
    """Users with the bucket they began in, and their values then."""
    born = first.group_by("unit").agg(cohort=first["bucket"].min())
    return born.inner_join(at_first(first, "unit", "t", by), "unit") if by else born


def cohorts(
    first: ir.Table, back: ir.Table, by: tuple[str, ...] = (), brackets: tuple[int, ...] = ()
) -> ir.Table:
    """Users by the bucket of their first event and by how many buckets later they came back.

    Args:
        first: `unit`, `bucket` of the events that make a user begin (with `by`, `t` and the columns
            as well).
        back: `unit`, `bucket` of the events that count as coming back.
        brackets: ages at which brackets begin (the last only ends); `age` is then a bracket's first
            age.

    Returns:
        Columns `cohort`, `by`, `age` (buckets since the cohort's), `users`; age 0 counts the whole
        cohort.
    """
    born = _born(first, by)
    size = born.group_by(["cohort", *by]).agg(users=born.count())
    size = size.select("cohort", *by, age=ibis.literal(0, "int64"), users="users")
    seen = back.select(person="unit", bucket="bucket").distinct()
    joined = born.inner_join(seen, [born["unit"] == seen["person"]])
    joined = joined.filter(joined["bucket"] > joined["cohort"])
    joined = joined.mutate(age=column(joined, "bucket") - joined["cohort"])
    if brackets:
        age = column(joined, "age")
        spans = [((age >= a) & (age < b), a) for a, b in pairwise(brackets)]
        joined = joined.mutate(age=ibis.cases(*spans, else_=-1).cast("int64"))
        joined = (
            joined.filter(column(joined, "age") > 0).select("unit", "cohort", *by, "age").distinct()
        )
    later = joined.group_by(["cohort", *by, "age"]).agg(users=joined.count())
    return size.union(later)


def at_once(first: ir.Table, back: ir.Table, by: tuple[str, ...], *, ever: bool) -> ir.Table:
    """Users who came back in the very bucket they began in, after they began; `ever`: or later.

    Args:
        first, back: as for `cohorts`, with their moments `t`.

    Returns:
        Columns `cohort`, `by`, `users`.
    """
    born = _born(first, by)
    began = first.group_by("unit").agg(began=first["t"].min()).rename(who="unit")
    born = born.inner_join(began, [born["unit"].identical_to(began["who"])]).drop("who")
    seen = back.select(person="unit", bucket="bucket", t="t")
    both = born.inner_join(seen, [born["unit"].identical_to(seen["person"])])
    both = both.filter(both["t"] > both["began"])
    both = both if ever else both.filter(both["bucket"] == both["cohort"])
    return both.group_by(["cohort", *by]).agg(users=both["unit"].nunique())


def rolling(first: ir.Table, back: ir.Table, by: tuple[str, ...] = ()) -> ir.Table:
    """As `cohorts`, but `age` is the last bucket a user was seen in:
    sum upwards for "came back then or later"."""
    born = _born(first, by)
    last = back.group_by("unit").agg(last=back["bucket"].max()).rename(person="unit")
    joined = born.left_join(last, [born["unit"] == last["person"]])
    age = ibis.greatest((column(joined, "last") - joined["cohort"]).fill_null(0), 0)
    joined = joined.mutate(age=age)
    return joined.group_by(["cohort", *by, "age"]).agg(users=joined.count())


def counted(days: ir.Table, by: tuple[str, ...] = ()) -> ir.Table:
    """Users per day and in the 7 and 28 days that end with it: `day`, `by`, `dau`, `wau`, `mau`.

    An activity counts for the days until the user's next one, at most 28: an increment when it
    begins to count and a decrement when it ceases, summed up over days. So no user is joined with a
    calendar.
    """
    order = ibis.window(group_by=["unit", *by], order_by="bucket")
    spells = days.mutate(after=days["bucket"].lead().over(order))
    wide = [
        _changes(spells, by, length, name) for name, length in (("dau", 1), ("wau", 7), ("mau", 28))
    ]
    steps = wide[0].union(wide[1], wide[2])
    zeros = dict.fromkeys(("dau", "wau", "mau"), 0)
    grid = _calendar(days, by)
    steps = steps.union(
        grid.mutate(**{c: ibis.literal(v, "int64") for c, v in zeros.items()}).select(steps.columns)
    )
    daily = steps.group_by(["day", *by]).agg(**{c: column(steps, c).sum() for c in zeros})
    running = ibis.window(group_by=list(by), order_by="day", preceding=None, following=0)
    sums = daily.mutate(**{c: column(daily, c).sum().over(running).cast("int64") for c in zeros})
    last = days.aggregate(last=days["bucket"].max())
    return sums.cross_join(last).filter(ibis._["day"] <= ibis._["last"]).drop("last")


def _changes(spells: ir.Table, by: tuple[str, ...], length: int, name: str) -> ir.Table:
    """+1 on the day an activity begins to count, -1 on the day it ceases, as columns dau, wau,
    mau."""
    until = column(spells, "bucket") + length
    until = spells["after"].isnull().ifelse(until, ibis.least(until, spells["after"]))
    rows = spells.mutate(until=until)
    begins = rows.select(day="bucket", change=ibis.literal(1, "int64"), **{c: rows[c] for c in by})
    ends = rows.select(day="until", change=ibis.literal(-1, "int64"), **{c: rows[c] for c in by})
    both = begins.union(ends)
    summed = both.group_by(["day", *by]).agg(change=column(both, "change").sum())
    others = {
        c: summed["change"] if c == name else ibis.literal(0, "int64")
        for c in ("dau", "wau", "mau")
    }
    return summed.select("day", *by, **{c: v.cast("int64") for c, v in others.items()})


def _calendar(days: ir.Table, by: tuple[str, ...]) -> ir.Table:
    """Every day of the log, for every value, so that quiet days are listed."""
    ends = days.aggregate(first=days["bucket"].min(), last=days["bucket"].max())
    dates = ends.select(
        day=ibis.range(ends["first"], column(ends, "last") + 1).unnest().cast("int64")
    )
    return dates.cross_join(days.select(*by).distinct()) if by else dates


def lifecycle(
    buckets: ir.Table, by: tuple[str, ...] = (), known: ir.Table | None = None
) -> ir.Table:
    """Users new, returning, resurrected and dormant per bucket:
    each activity looks one back and one ahead.

    Args:
        buckets: `unit`, `bucket` and the columns of `by`, of the events looked at.
        known: `unit`, `bucket` of all the log: who is in it before is not new; None where the
            events looked at are all.
    """
    order = ibis.window(group_by=["unit", *by], order_by="bucket")
    rows = buckets.mutate(
        before=buckets["bucket"].lag().over(order), after=buckets["bucket"].lead().over(order)
    )
    kept = {c: rows[c] for c in by}
    new = rows["before"].isnull()
    if known is not None:
        since = known.group_by("unit").agg(since=known["bucket"].min()).rename(person="unit")
        rows = rows.inner_join(since, [rows["unit"].identical_to(since["person"])])
        kept = {c: rows[c] for c in by}
        new = rows["before"].isnull() & (column(rows, "since") == rows["bucket"])
    returning = (column(rows, "bucket") - rows["before"] == 1).fill_null(False)
    here = rows.select(
        bucket="bucket", new=one(new), returning=one(returning),
        resurrected=one(~new & ~returning), dormant=ibis.literal(0, "int64"), **kept,
    )  # fmt: skip
    gone = rows.filter((rows["after"].isnull()) | (column(rows, "after") - rows["bucket"] > 1))
    zero = ibis.literal(0, "int64")
    gone = gone.select(
        bucket=column(gone, "bucket") + 1, new=zero, returning=zero, resurrected=zero,
        dormant=ibis.literal(1, "int64"),
        **{c: gone[c] for c in by},
    )  # fmt: skip
    rows = here.union(gone)
    names = ("new", "returning", "resurrected", "dormant")
    return rows.group_by(["bucket", *by]).agg(**{c: column(rows, c).sum() for c in names})
