"""What a case lets be asked of its customers: columns and metrics that a question needs,
and those that suit it."""

from __future__ import annotations

from datetime import timedelta

from kpilab.core.case import Case
from kpilab.core.table import Stacked, Table
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.engine.expression import parse_measure, summed_columns
from kpilab.questions.series import measured

PEAKS = (7, 14, 28)  # days of a campaign, as tried
# An entry of the change log this near to the start of the current period may end a campaign.
NEAR_START, MOST_ENDS = timedelta(days=14), 1


def rows(case: Case) -> Measured | None:
    """What the customers' amounts sum to, and its rows; None without customers."""
    return None if case.customer is None else measured(case, case.customer.amount)


def people(case: Case) -> Table | None:
    """The customers' own table."""
    return None if case.customer is None else case.tables[case.customer.table]


def segments(case: Case) -> tuple[str, ...]:
    """Dimensions of the customers themselves."""
    table = people(case)
    return () if table is None else tuple(table.dimensions_named)


def ways(case: Case) -> tuple[str, ...]:
    """Dimensions of the rows that are none of the customers': how they buy, and what."""
    asked = rows(case)
    if asked is None:
        return ()
    return tuple(d for d in asked.table.dimensions_named if d not in segments(case))


def amount_column(case: Case) -> str | None:
    """The one column that the amount is the sum of; None where it is a formula."""
    asked = rows(case)
    text = asked.metric.measure if asked else None
    if asked is None or not text or asked.metric.condition:
        return None
    found = summed_columns(parse_measure(text, asked.metric.name))
    alone = len(found) == 1 and text.replace(" ", "").lower() == f"sum({found[0].lower()})"
    return found[0] if alone and found[0] in asked.table.table.columns else None


def quantities(case: Case) -> tuple[str, ...]:
    """Columns of the rows that a metric adds up, other than the amount."""
    asked = rows(case)
    if asked is None or isinstance(asked.table, Stacked):
        return ()
    alike = [m for m in case.metrics.values() if m.table == asked.metric.table]
    texts = [(m.name, t) for m in alike for t in (m.measure, m.numerator, m.denominator) if t]
    # A sum of one column alone says more surely what is counted than a part of a formula.
    parts = sorted((summed_columns(parse_measure(t, n)) for n, t in texts), key=len)
    known = asked.table.table.schema()
    return tuple(
        dict.fromkeys(
            c for part in parts for c in part
            if c in known and known[c].is_numeric() and c != amount_column(case)
        )
    )  # fmt: skip


def keys(case: Case) -> tuple[str, ...]:
    """Columns that may say which order a row is of, or what it holds: names and whole numbers that
    nothing adds up."""
    asked = rows(case)
    if asked is None or case.customer is None or isinstance(asked.table, Stacked):
        return ()
    table = asked.table
    taken = {
        case.customer.column,
        case.customer.key,
        *table.roles().values(),
        *table.dimensions_named,
    }
    taken |= {*quantities(case), amount_column(case) or ""}
    return tuple(
        c for c, kind in table.table.schema().items()
        if c not in taken and (kind.is_string() or kind.is_integer())
    )  # fmt: skip


def items(case: Case) -> tuple[str, ...]:
    """What may be sold: the columns after the one that numbers the orders, and dimensions."""
    asked, held = rows(case), keys(case)
    dimensions = () if asked is None else tuple(asked.table.dimensions_named)
    return (*held[1:], *dimensions, *(held if len(held) == 1 else ()))


def truths(case: Case) -> tuple[str, ...]:
    """Columns of the rows that are true or false."""
    asked = rows(case)
    known = {} if asked is None else asked.table.table.schema()
    return tuple(c for c, kind in known.items() if kind.is_boolean())


def spends(case: Case) -> dict[str, tuple[str, ...]]:
    """Metric of a table without customers that is broken down as they are -> by which
    dimensions."""
    customer, found = case.customer, dict[str, tuple[str, ...]]()
    if customer is None:
        return {}
    for metric in case.metrics.values():
        other = case.tables[metric.table]
        both = tuple(d for d in segments(case) if d in other.dimensions_named)
        if both and metric.measure and not {customer.column, customer.key} & {*other.table.columns}:
            found[metric.name] = both
    return found


def peaks(case: Case) -> tuple[Period, ...]:
    """Days that may have been a campaign: they end as the current period begins,
    or when the change log says."""
    start = case.current.first
    logged = [c.date for c in case.changes if abs(c.date - start) <= NEAR_START]
    ends = {start - timedelta(days=1), *sorted(logged, key=lambda d: abs(d - start))[:MOST_ENDS]}
    return tuple(Period(end - timedelta(days=n - 1), end) for end in sorted(ends) for n in PEAKS)
