"""Rows that stand in two files of one table: exports whose days overlap, or one file twice.

They count once. Of rows that are alike in every column each file may hold several; the file that
holds most of them is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import uuid4

from kpilab.core.values import Message
from kpilab.engine.door.raw import Raw
from kpilab.engine.door.reading import FIRST_ROWS
from kpilab.engine.expression import literal, quoted

MOST = 0.5  # of the rows on the days that two files share: then they hold the same
TELLING = 0.1  # of those rows, that differ in more than their day: else what is alike may be others
NEAR = 3  # files that are compared with each, in the order of their names


@dataclass(frozen=True, slots=True)
class Doubled:
    """Rows that another file holds, too.

    Attributes:
        gone: table of the engine with their numbers, column `nr`. note: what is said of them.
        daily: how many of them lie on each day.
    """

    gone: str
    note: Message
    daily: Mapping[date, int] = field(default_factory=dict)


def doubled(raw: Raw, kinds: Mapping[str, str], time: frozenset[str]) -> Doubled | None:
    """The rows that an earlier file holds already; None where there are none.

    Two files hold the same rows where most of those on the days that both have are alike in every
    column. Rows that differ in their day alone (a price list, a state) are alike in any two files.

    Args:
        raw: the rows of all files. kinds: column -> type. time: columns of the time, if known.
    """
    files = sorted(raw.files, key=lambda file: raw.files[file])
    times = [c for c, kind in kinds.items() if kind.startswith(("DATE", "TIMESTAMP"))]
    day = next((c for c in times if c in time), next(iter(times), None))
    where = _shared_days(raw, day) if day else "true"
    if not where:
        return None
    name = f"kpilab_{uuid4().hex[:12]}"
    raw.all(f"CREATE TEMP TABLE {name} AS {_hashed(raw, files, kinds, day, where)}")
    pairs = [pair for pair in raw.all(_alike(name)) if pair[2] >= MOST * pair[3]]
    pairs = [pair for pair in pairs if pair[4] >= TELLING * pair[2]]
    found = _gone(raw, name, files, pairs) if pairs else None
    raw.all(f"DROP TABLE {name}")
    return found


def _shared_days(raw: Raw, day: str) -> str:
    """The condition of days that two files may have; "" where there are none."""
    at = f"CAST({quoted(day)} AS DATE)"
    ends = f"CAST(min({at}) AS VARCHAR), CAST(max({at}) AS VARCHAR)"
    query = f"SELECT {raw.origin} AS f, {ends} FROM {raw.relation} GROUP BY 1"
    held = [(low, high) for _, low, high in raw.all(query) if low is not None]
    both = [
        (max(a[0], b[0]), min(a[1], b[1]))
        for k, a in enumerate(held)
        for b in held[k + 1 :]
        if max(a[0], b[0]) <= min(a[1], b[1])
    ]
    if not both:
        return ""
    low, high = min(low for low, _ in both), max(high for _, high in both)
    return f"{at} BETWEEN CAST({literal(low)} AS DATE) AND CAST({literal(high)} AS DATE)"


def _hashed(
    raw: Raw, files: list[str], kinds: Mapping[str, str], day: str | None, where: str
) -> str:
    """Each row as its file, its day, a number for all values and one for those but the day."""
    listed = ", ".join(map(literal, files))
    at = f"CAST({quoted(day)} AS DATE)" if day else "NULL"
    rest = [quoted(c) for c in kinds if c != day]
    rest += [f"CAST({quoted(day)} AS TIME)"] if day and kinds[day] != "DATE" else []
    return (
        f"SELECT list_position([{listed}], {raw.origin}) AS f, {at} AS day,"
        f" hash({', '.join(map(quoted, kinds))}) AS h, hash({', '.join(rest) or '0'}) AS g,"
        f" rowid AS nr FROM {raw.relation} WHERE {where}"
    )


def _alike(name: str) -> str:
    """Pairs of files with the rows they have alike, the rows of the days they share, how many
    of those differ in more than their day, and the rows of both files on these days."""
    return f"""
        WITH n AS (SELECT f, day, h, any_value(g) AS g, count(*) AS n
            FROM {name} GROUP BY f, day, h),
        days AS (SELECT f, day, sum(n) AS n FROM n GROUP BY f, day),
        alike AS (SELECT a.f AS a, b.f AS b, sum(least(a.n, b.n)) AS m, count(DISTINCT b.g) AS g
            FROM n a JOIN n b ON a.h = b.h AND b.f > a.f AND b.f <= a.f + {NEAR}
            GROUP BY 1, 2),
        shared AS (SELECT a.f AS a, b.f AS b, sum(least(a.n, b.n)) AS s, sum(a.n + b.n) AS t
            FROM days a JOIN days b ON a.day IS NOT DISTINCT FROM b.day
            AND b.f > a.f AND b.f <= a.f + {NEAR} GROUP BY 1, 2)
        SELECT a, b, m, s, g, t FROM alike JOIN shared USING (a, b) ORDER BY 1, 2"""


def _gone(raw: Raw, name: str, files: list[str], pairs: list[tuple[int, ...]]) -> Doubled:
    """The rows that an earlier file of a pair holds as well."""
    gone = f"kpilab_{uuid4().hex[:12]}"
    listed = ", ".join(f"({a}, {b})" for a, b, *_ in pairs)
    raw.all(f"""
        CREATE TEMP TABLE {gone} AS
        WITH n AS (SELECT f, h, count(*) AS n FROM {name} GROUP BY f, h),
        held AS (SELECT b.f, b.h, least(any_value(b.n), max(a.n)) AS most
            FROM (VALUES {listed}) AS p(a, b) JOIN n a ON a.f = p.a
            JOIN n b ON b.f = p.b AND b.h = a.h GROUP BY b.f, b.h),
        rows AS (SELECT *, row_number() OVER (PARTITION BY f, h ORDER BY nr) AS k FROM {name})
        SELECT nr, day FROM rows JOIN held USING (f, h) WHERE k <= most""")
    count = raw.all(f"SELECT count(*) FROM {gone}")[0][0]
    first = raw.all(f"SELECT nr FROM {gone} ORDER BY nr LIMIT {FIRST_ROWS}")
    days = raw.all(f"SELECT day, count(*) FROM {gone} WHERE day IS NOT NULL GROUP BY 1 ORDER BY 1")
    told = dict.fromkeys(raw.files[files[k - 1]] for a, b, *_ in pairs for k in (a, b))
    apart = sum(both - 2 * same for _, _, same, _, _, both in pairs)
    values = {"table": raw.table, "rows": count, "files": tuple(told), "apart": apart or None}
    note = Message("door.doubled", {**values, "first": tuple(raw.row(k) for (k,) in first)})
    return Doubled(gone, note, dict(days))
