"""SQL expressions from a case: parsed, held against a whitelist, never run as text that was not
checked.

A measure is one aggregate expression, a predicate one condition on a row; both in DuckDB's dialect.
Only literals, columns, arithmetic, comparisons, CASE, CAST, and the functions listed here pass: no
subquery, no table, no file or network function, no statement.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kpilab.engine.column import spelled
from kpilab.errors import BadInput, Problem, unknown_problem

DIALECT = "duckdb"
MOST_CHARACTERS = 4_000
MOST_TOKENS, MOST_NODES = 800, 400
CONSTANTS = ("null", "true", "false")  # which the parser takes for columns in odd places
ONE = "give one expression of columns, aggregates and scalar functions"

AGGREGATES = (
    exp.Sum, exp.Count, exp.Avg, exp.Min, exp.Max, exp.Median, exp.Quantile, exp.PercentileCont,
    exp.PercentileDisc,
    exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop, exp.CountIf,
    exp.ApproxDistinct,
)  # fmt: skip
SCALARS = (
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Sqrt, exp.Ln, exp.Log, exp.Exp, exp.Pow, exp.Sign,
    exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.If, exp.Case, exp.Cast, exp.TryCast,
    exp.Lower, exp.Upper, exp.Length, exp.Trim, exp.Substring, exp.StartsWith,
    exp.Extract, exp.DateTrunc, exp.TimestampTrunc, exp.DateDiff, exp.DateAdd, exp.DateSub,
    exp.TsOrDsToDate, exp.Date,
    exp.Year, exp.Month, exp.Day, exp.DayOfWeek, exp.DayOfWeekIso,
)  # fmt: skip
GRAMMAR = (
    exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Star, exp.Paren, exp.Neg,
    exp.Not,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.And, exp.Or, exp.EQ, exp.NEQ,
    exp.GT, exp.GTE,
    exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Filter, exp.Where,
    exp.Distinct,
    exp.DataType, exp.DataTypeParam, exp.Interval, exp.Var, exp.WithinGroup, exp.Order, exp.Ordered,
)  # fmt: skip
ALLOWED = AGGREGATES + SCALARS + GRAMMAR


def parse_measure(text: str, where: str, *, linked: bool = False) -> exp.Expr:
    """An aggregate expression that may be trusted.

    Args:
        linked: whether it may name columns of linked tables (`orders.channel`).

    Raises:
        BadInput: not one expression, something off the whitelist, no aggregate, or a column outside
            one.
    """
    tree = _checked(text, where, linked=linked)
    if tree.find(*AGGREGATES) is None:
        raise BadInput(
            f"{text!r} aggregates nothing",
            where,
            "use sum(…), count(…), avg(…) or another aggregate",
        )
    for column in tree.find_all(exp.Column):
        inside = column.find_ancestor(*AGGREGATES, exp.Filter, exp.WithinGroup)
        if inside is None:
            raise BadInput(
                f"column {column.name!r} in {text!r} stands outside an aggregate",
                where,
                f"e.g. sum({column.name})",
            )
    nested = [a for a in tree.find_all(*AGGREGATES) if a.find_ancestor(*AGGREGATES)]
    if nested:
        raise BadInput(f"{text!r} has an aggregate inside an aggregate", where, "aggregate once")
    return tree


def parse_predicate(text: str, where: str, *, linked: bool = False) -> exp.Expr:
    """A condition on one row that may be trusted; `linked` as for `parse_measure`.

    Raises:
        BadInput: not one expression, something off the whitelist, or an aggregate in it.
    """
    tree = _checked(text, where, linked=linked)
    if tree.find(*AGGREGATES):
        raise BadInput(
            f"{text!r} has an aggregate", where, "a condition looks at one row, e.g. event = 'pay'"
        )
    return tree


def parse_row(text: str, where: str) -> exp.Expr:
    """A value of one row that may be trusted (`qty * products.unit_cost`); it may name columns of
    linked tables.

    Raises:
        BadInput: not one expression, something off the whitelist, or an aggregate in it.
    """
    tree = _checked(text, where, linked=True)
    if tree.find(*AGGREGATES, exp.Star):
        raise BadInput(
            f"{text!r} has an aggregate",
            where,
            "a column holds a value per row; aggregate in a measure",
        )
    return tree


def identifier(column: str) -> str:
    """A column's name as it may be written into an expression: quoted unless it is a plain word."""
    try:
        # `user` alone is a function elsewhere.
        plain = (
            column.isidentifier()
            and column.lower() != "user"
            and columns(parse_measure(f"sum({column})", "")) == (column,)
        )
    except BadInput:
        plain = False
    return column if plain else quoted(column)


def quoted(name: str, quote: str = '"') -> str:
    """A name between quotes, its own quotes doubled, so that nothing in it is read as SQL."""
    return quote + name.replace(quote, quote * 2) + quote


def literal(value: str) -> str:
    """A text as it may be written into an expression, where no engine reads the sign number 0."""
    parts = [quoted(part, "'") for part in value.split("\0")]
    return parts[0] if len(parts) == 1 else f"({' || chr(0) || '.join(parts)})"


def is_predicate(text: str) -> bool:
    """Whether a text reads as a condition (`event = 'pay'`) rather than as a name (`pay`)."""
    try:
        tree = _checked(text, "", linked=True)
    except BadInput:
        return False
    return isinstance(tree, exp.Predicate | exp.And | exp.Or | exp.Not | exp.Paren)


def columns(tree: exp.Expr) -> tuple[str, ...]:
    """Column names the expression reads, each once."""
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column)))


def compared(tree: exp.Expr) -> tuple[tuple[str, str], ...]:
    """Pairs of column and text that are compared for equality (`event = 'pay'`, `city in ('A')`),
    each once."""
    found: dict[tuple[str, str], None] = {}
    for node in tree.find_all(exp.EQ, exp.In):
        sides = [node.this, *(node.expressions if isinstance(node, exp.In) else [node.expression])]
        names = [side.name for side in sides if isinstance(side, exp.Column)]
        if len(names) == 1:
            texts = [
                side.name for side in sides if isinstance(side, exp.Literal) and side.is_string
            ]
            found |= dict.fromkeys((names[0], text) for text in texts)
    return tuple(found)


def summed_columns(tree: exp.Expr) -> tuple[str, ...]:
    """Columns whose values are added up or averaged;
    conditions and what is counted are left out."""
    sums = tree.find_all(exp.Sum, exp.Avg, exp.Median, exp.Min, exp.Max)
    found = [
        c
        for node in sums
        for c in node.find_all(exp.Column)
        if c.find_ancestor(exp.Predicate) is None
    ]
    return tuple(dict.fromkeys(c.name for c in found))


def rows_summed(measure: str) -> str | None:
    """The measure that counts the rows which this one sums;
    None for what is not made of sums alone."""
    tree = parse_measure(measure, "measure")
    if not all(type(node) is exp.Sum for node in tree.find_all(*AGGREGATES)):
        return None
    counted = tree.transform(
        lambda node: exp.Count(this=exp.Star()) if type(node) is exp.Sum else node
    )
    return sql(counted)


def counted_once(measure: str) -> str | None:
    """The column whose distinct values a measure counts, under a condition or not; None for any
    other measure."""
    tree = parse_measure(measure, "measure")
    tree = tree.this if isinstance(tree, exp.Filter) else tree
    counted = tree.this if isinstance(tree, exp.Count) else None
    of = counted.expressions if isinstance(counted, exp.Distinct) else []
    return of[0].name if len(of) == 1 and isinstance(of[0], exp.Column) else None


def over_missing(measure: str | None) -> tuple[str, str] | None:
    """Measures that count the rows whose value a sum or mean lacks, and those whose value it has.

    None where there is no such sum, or where it says itself what a missing value is (CASE,
    COALESCE).
    """
    tree = parse_measure(measure or "count(*)", "measure")
    lacking, having = list[exp.Expr](), list[exp.Expr]()
    for node in tree.find_all(exp.Sum, exp.Avg):
        read = [exp.column(name, quoted=True) for name in columns(node)]
        if not read or node.find(exp.Case, exp.If, exp.Coalesce, exp.Nullif):
            continue
        inside = (
            [exp.paren(node.parent.expression.this.copy())]
            if isinstance(node.parent, exp.Filter)
            else []
        )
        gone = exp.paren(exp.or_(*[exp.Is(this=c, expression=exp.Null()) for c in read]))
        lacking.append(exp.and_(*inside, gone))
        having.append(exp.and_(*inside, exp.not_(gone)))
    return (_rows_that(lacking), _rows_that(having)) if lacking else None


def _rows_that(conditions: list[exp.Expr]) -> str:
    met = exp.or_(*conditions)
    return sql(exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=met)))


def read_by_value(tree: exp.Expr, hidden: Collection[str]) -> tuple[str, ...]:
    """Those of the hidden columns whose values the expression looks at; counting them does not."""
    counting = (exp.Distinct, exp.Count, exp.ApproxDistinct, exp.Is)
    folded = {h.lower() for h in hidden}
    found = [c.name for c in tree.find_all(exp.Column) if c.name.lower() in folded]
    looked = [c.name for c in tree.find_all(exp.Column) if isinstance(c.parent, counting)]
    return tuple(dict.fromkeys(name for name in found if found.count(name) > looked.count(name)))


def spelled_out(tree: exp.Expr, known: Collection[str]) -> exp.Expr:
    """The expression with its columns as the door calls them."""
    tree = tree.copy()
    for column in tree.find_all(exp.Column):
        called = spelled(column.name, known)
        if called != column.name:
            column.set("this", exp.to_identifier(called, quoted=True))
    return tree


def missing(tree: exp.Expr, known: Iterable[str], where: str) -> list[Problem]:
    """One problem for each column that the table does not have."""
    known = list(known)
    folded = {k.lower() for k in known}
    return [
        unknown_problem("column", c, known, where)
        for c in columns(tree)
        if c.lower() not in folded and spelled(c, known) == c
    ]


def restricted(tree: exp.Expr, predicate: exp.Expr | None) -> exp.Expr:
    """The measure over the rows that meet the predicate only."""
    if predicate is None:
        return tree
    tree = tree.copy()
    for aggregate in list(tree.find_all(*AGGREGATES)):
        holder = (
            aggregate.parent
            if isinstance(aggregate.parent, exp.Filter | exp.WithinGroup)
            else aggregate
        )
        holder = holder.parent if isinstance(holder.parent, exp.Filter) else holder
        if isinstance(holder, exp.Filter):
            old = holder.expression.this
            holder.set(
                "expression", exp.Where(this=exp.and_(exp.paren(old), exp.paren(predicate.copy())))
            )
            continue
        filtered = exp.Filter(this=holder.copy(), expression=exp.Where(this=predicate.copy()))
        tree = filtered if holder is tree else (holder.replace(filtered), tree)[1]
    return tree


def sql(tree: exp.Expr, dialect: str = DIALECT) -> str:
    """The expression as text of an engine's dialect."""
    if tree.find(exp.DateDiff):
        tree = tree.transform(_counting_borders)
    return tree.sql(dialect=dialect, comments=False)


def _counting_borders(node: exp.Expr) -> exp.Expr:
    """DuckDB counts the midnights (hours, months) between two times, others the whole ones that
    have passed: between times cut to the unit the two are one. Written so for every engine, as a
    text may be translated once more by whoever takes it."""
    if not isinstance(node, exp.DateDiff):
        return node
    unit = exp.Literal.string(str(node.args.get("unit") or "day"))
    if all(_cut_to(unit.name, side) for side in (node.this, node.expression)):
        return node
    started = (
        exp.TimestampTrunc(this=exp.cast(side, "timestamp"), unit=unit)
        for side in (node.this, node.expression)
    )
    return exp.DateDiff(this=next(started), expression=next(started), unit=node.args.get("unit"))


def _cut_to(unit: str, side: exp.Expr) -> bool:
    cut = isinstance(side, exp.TimestampTrunc | exp.DateTrunc)
    return cut and str(side.args["unit"].name).lower() == unit.lower()


def _checked(text: object, where: str, *, linked: bool = False) -> exp.Expr:
    """The expression as a tree of the caller's own."""
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
        raise BadInput(
            "expression is empty or too long",
            where,
            f"give one SQL expression under {MOST_CHARACTERS:,} characters",
        )
    tree = _parsed(text, where).copy()
    if any(node.args.get("unit") is None for node in tree.find_all(exp.Interval)):
        what = f"{text!r} has an interval without a unit"
        raise BadInput(what, where, "write e.g. interval 3 day")
    for node in () if linked else tree.find_all(exp.Column):
        if len(node.parts) > 1:
            raise BadInput(
                f"{node.sql()!r} in {text!r} names a table", where, f"write {node.name} alone"
            )
    return tree


@lru_cache(512)  # a review reads the same few texts again and again
def _parsed(text: str, where: str) -> exp.Expr:
    try:
        tokens = sqlglot.tokenize(text, read=DIALECT)
        if len(tokens) > MOST_TOKENS:
            raise BadInput(
                f"expression has {len(tokens)} words and signs",
                where,
                f"keep it under {MOST_TOKENS}",
            )
        if any(token.token_type == sqlglot.TokenType.SEMICOLON for token in tokens):
            raise BadInput(f"{text!r} is more than one expression", where, ONE)
        trees = sqlglot.parse(f"SELECT {text}", read=DIALECT)
    except (SqlglotError, RecursionError, ValueError) as error:
        first = str(error).strip().splitlines()[0][:160]
        raise BadInput(
            f"{text!r} is not a SQL expression: {first}",
            where,
            "e.g. sum(amount) filter (where event = 'pay')",
        ) from None
    return _one_expression(trees, text, where)


def _one_expression(trees: list[exp.Expr | None], text: str, where: str) -> exp.Expr:
    if len(trees) != 1 or not isinstance(trees[0], exp.Select):
        raise BadInput(f"{text!r} is more than one expression", where, ONE)
    select = trees[0]
    extra = [
        key for key, value in select.args.items() if value and key not in ("expressions", "kind")
    ]
    if extra or len(select.expressions) != 1:
        raise BadInput(f"{text!r} is more than one expression", where, ONE)
    tree = select.expressions[0]
    nodes = list(tree.walk())
    if len(nodes) > MOST_NODES:
        raise BadInput(f"expression has {len(nodes)} parts", where, f"keep it under {MOST_NODES}")
    for node in nodes:
        _allow(node, text, where)
    return tree


def _allow(node: exp.Expr, text: str, where: str) -> None:
    if (
        isinstance(node, exp.Identifier)
        and not node.args.get("quoted")
        and node.name.lower() in CONSTANTS
    ):
        raise BadInput(
            f"{node.name!r} in {text!r} is no column",
            where,
            f'a column of that name is written "{node.name}"',
        )
    # The exact type: a subclass of an allowed node may read a table.
    if type(node) not in ALLOWED:
        name = (
            node.name
            if isinstance(node, exp.Anonymous)
            else (node.sql_name() if isinstance(node, exp.Func) else node.key)
        )
        raise BadInput(
            f"{name!r} is not allowed in {text!r}",
            where,
            "use aggregates (sum, count, avg, …) and scalar functions only",
        )
