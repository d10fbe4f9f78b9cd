"""What a case lets be asked of its customers: columns and metrics that a question needs,
and those that suit it."""

from __future__ import annotations

from datetime import timedelta

from kpilab.core.case import Case
from kpilab.core.table import Stacked, Table
from kpilab.core.values import Period
from kpilab.engine.customers.baskets import Lines
from kpilab.engine.daily import Measured
from kpilab.engine.expression import columns, parse_measure, summed_columns
from kpilab.questions.nature import says, worse_up
from kpilab.questions.series import measured

# What says which column numbers the orders, or names what is sold; that a number is one of things
# sold, or of money that goes out.
ORDERS = (
    "order",
    "orders",
    "invoice",
    "receipt",
    "ticket",
    "basket",
    "cart",
    "订单",
    "单号",
    "发票",
)
SOLD = ("product", "products", "item", "items", "sku", "article", "商品", "产品", "货号")
PIECES = ("qty", "quantity", "units", "pieces", "weight", "kg", "数量", "件数", "销量")
SPENT = ("spend", "spent", "cost", "costs", "expense", "expenses", "花费", "费用", "支出", "投放")
PEAKS = (7, 14, 28)  # days of a campaign, as tried
TROUGHS = (14, 28, 42)  # days for which what it sold early may be missing, as tried
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
    """Columns of the rows that a metric adds up, other than the amount; those that count things
    first."""
    asked = rows(case)
    if asked is None or isinstance(asked.table, Stacked):
        return ()
    alike = [m for m in case.metrics.values() if m.table == asked.metric.table]
    texts = [(m.name, t) for m in alike for t in (m.measure, m.numerator, m.denominator) if t]
    # A sum of one column alone says more surely what is counted than a part of a formula.
    parts = sorted((summed_columns(parse_measure(t, n)) for n, t in texts), key=len)
    known, amount = asked.table.table.schema(), amount_column(case)
    found = dict.fromkeys(
        c for part in parts for c in part if c in known and known[c].is_numeric() and c != amount
    )
    return tuple(sorted(found, key=lambda c: not _counts(case, c)))


def pieces(case: Case) -> str | None:
    """The column of how many are sold; None where nothing says that one is."""
    found = next(iter(quantities(case)), None)
    return found if found is not None and _counts(case, found) else None


def _counts(case: Case, column: str) -> bool:
    """Whether a column counts things: whole numbers that are no money, or called so."""
    asked = rows(case)
    whole = asked is not None and asked.table.table.schema()[column].is_integer()
    return says([column], PIECES) or (whole and not says([column], SPENT))


def listed(case: Case) -> str | None:
    """The column of what the rows cost by the list: a metric says which part of it is let off."""
    asked, amount = rows(case), amount_column(case)
    if asked is None or amount is None or isinstance(asked.table, Stacked):
        return None
    for metric in case.metrics.values():
        of = metric.table == asked.metric.table and metric.is_ratio and not metric.condition
        if not of or not metric.numerator or not metric.denominator:
            continue
        below = summed_columns(parse_measure(metric.denominator, metric.name))
        top = metric.numerator.replace(" ", "").lower()
        if len(below) == 1 and top == f"sum({below[0]}-{amount})".lower():
            return below[0] if below[0] in asked.table.table.columns else None
    return None


def keys(case: Case) -> tuple[str, ...]:
    """Columns that may say which order a row is of, or what it holds: names and whole numbers that
    nothing adds up; those called like an order first, whole numbers that are called like nothing
    last."""
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
    known = table.table.schema()
    found = [c for c in known if c not in taken and (known[c].is_string() or known[c].is_integer())]
    return tuple(
        sorted(found, key=lambda c: 0 if says([c], ORDERS) else 1 if _named(case, c) else 2)
    )


def _named(case: Case, column: str) -> bool:
    """Whether a column names something."""
    asked = rows(case)
    text = asked is not None and asked.table.table.schema()[column].is_string()
    return text or says([column], SOLD)


def items(case: Case) -> tuple[str, ...]:
    """What may be sold: the columns after the one that numbers the orders, and dimensions; those
    called like a product first."""
    asked, held = rows(case), keys(case)
    dimensions = () if asked is None else tuple(asked.table.dimensions_named)
    found = (*held[1:], *dimensions, *(held if len(held) == 1 else ()))
    return tuple(sorted(found, key=lambda c: (not says([c], SOLD), not _named(case, c))))


def lines(case: Case, order: str | None = None, item: str | None = None) -> Lines | None:
    """What the rows of an order are, as chosen or as it suits; None where nothing says which order
    a row is of."""
    held, sold = keys(case), items(case)
    order = order or next(iter(held), None)
    if order is None:
        return None
    return Lines(order, item or next(iter(sold), None), next(iter(quantities(case)), None))


def truths(case: Case) -> tuple[str, ...]:
    """Columns of the rows that are true or false: those first that a metric counts as bad,
    dimensions last."""
    asked = rows(case)
    if asked is None:
        return ()
    bad = [m for m in case.metrics.values() if m.table == asked.metric.table and worse_up(case, m)]
    texts = [(m.name, t) for m in bad for t in (m.measure, m.numerator) if t]
    told = {c for n, t in texts for c in columns(parse_measure(t, n))}
    found = [c for c, kind in asked.table.table.schema().items() if kind.is_boolean()]
    return tuple(sorted(found, key=lambda c: (c not in told, c in asked.table.dimensions_named)))


def spends(case: Case) -> dict[str, tuple[str, ...]]:
    """Metric of a table without customers that is broken down as they are -> by which dimensions;
    money that goes out first."""
    customer, found = case.customer, dict[str, tuple[str, ...]]()
    if customer is None:
        return {}
    for metric in case.metrics.values():
        other = case.tables[metric.table]
        both = tuple(d for d in segments(case) if d in other.dimensions_named)
        if both and metric.measure and not {customer.column, customer.key} & {*other.table.columns}:
            found[metric.name] = both
    return dict(sorted(found.items(), key=lambda pair: not _spent(case, pair[0])))


def spend(case: Case) -> tuple[str, str] | None:
    """The metric of what was spent on new customers, and their channel; None where no metric is
    one of money that goes out."""
    found = next(iter(spends(case).items()), None)
    return (found[0], found[1][0]) if found and _spent(case, found[0]) else None


def _spent(case: Case, name: str) -> bool:
    metric = case.metrics[name]
    return metric.better == "down" or says([name, metric.measure or ""], SPENT)


def peaks(case: Case) -> tuple[Period, ...]:
    """Days that may have been a campaign: they end as the current period begins,
    or when the change log says."""
    start = case.current.first
    logged = [c.date for c in case.changes if abs(c.date - start) <= NEAR_START]
    ends = {start - timedelta(days=1), *sorted(logged, key=lambda d: abs(d - start))[:MOST_ENDS]}
    return tuple(Period(end - timedelta(days=n - 1), end) for end in sorted(ends) for n in PEAKS)
