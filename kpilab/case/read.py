"""`open_case`: a folder with a case.yml becomes a checked Case with its tables opened,
nothing yet computed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from kpilab.case.check import metric_tree, read_spec
from kpilab.case.document import Document, read_document
from kpilab.case.formulas import combined, measured
from kpilab.case.inspect import data_problems
from kpilab.case.occurring import never
from kpilab.case.privacy import pseudonyms, small_groups_together
from kpilab.case.spec import CaseSpec, Label
from kpilab.case.tables import opened
from kpilab.core.case import (
    Case,
    Change,
    Customer,
    Definition,
    Funnel,
    Goal,
    Kpi,
    Metric,
    Privacy,
    Test,
    whole,
)
from kpilab.core.finding import DataIssue
from kpilab.core.table import Table
from kpilab.core.values import Period, duration
from kpilab.engine.connect import connect
from kpilab.errors import BadInput, Problem, several, unknown

LANGUAGES = ("en", "zh")


def open_case(
    path: str | Path,
    *,
    current: str | None = None,
    baseline: str | None = None,
    language: str | None = None,
) -> Case:
    """Read and check a case; its tables are opened lazily.

    Args:
        path: a case.yml, or the folder that holds it.
        current: "YYYY-MM-DD..YYYY-MM-DD", overrides the case's current period.
        baseline: "previous", "year_ago" or dates as above, overrides the baseline.
        language: "en" or "zh", overrides the case's language.

    Returns:
        Case: frozen; `case.tables` hold unexecuted Ibis tables.

    Raises:
        BadInput: every problem of the file and of the data at once, each with line, key and mend.

    Example:
        >>> import kpilab
        >>> case = kpilab.open_case("data/shop")
        >>> case.goal.metric
        'revenue'
    """
    if language is not None and language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES, "open_case(language=)")
    path = Path(path)
    with suppress(
        OSError
    ):  # a name too long, or a folder that may not be entered: the next line says so
        path = path / "case.yml" if path.is_dir() else path
    document = read_document(path)
    spec = read_spec(document)
    periods = periods_asked(spec, current, baseline)
    con = connect(spec.engine, spec.engine_options, spec.timezone)
    found = opened(spec, document, con, path.parent)
    case = _case(found.spec, path, periods, found.tables, found.issues)
    case, astray = with_formulas(case, found.spec, document)
    found.problems.extend(astray)
    problems = [*found.problems, *data_problems(case, document)]
    if not problems:
        case, problems = pseudonyms(case, document, found.hidden)
    error = several(problems)
    if error:
        raise error
    case = small_groups_together(case)
    case = replace(case, issues=(*case.issues, *never(case)))
    return replace(case, language=language) if language else case


def periods_asked(spec: CaseSpec, current: str | None, baseline: str | None) -> dict[str, Period]:
    """The periods of a case, as `--current` and `--baseline` change them."""
    periods = {name: Period(*days) for name, days in spec.periods.model_dump().items() if days}
    if current:
        periods["current"] = period_of(current, "--current")
    try:
        if baseline == "previous" or (current and not baseline):
            periods["baseline"] = periods["current"].before()
        elif baseline == "year_ago":
            if "year_ago" not in periods or current:
                periods["year_ago"] = _year_before(periods["current"])
            periods["baseline"] = periods["year_ago"]
        elif baseline:
            periods["baseline"] = period_of(baseline, "--baseline")
    except (OverflowError, ValueError):
        raise BadInput(
            f"nothing comes before {periods['current']}",
            "--baseline",
            "give the days of the baseline, A..B",
        ) from None
    _apart(periods["baseline"], periods["current"])
    return periods


def _apart(baseline: Period, current: Period) -> None:
    """A day in both periods would be compared with itself."""
    if baseline.first <= current.last and current.first <= baseline.last:
        hint = "let the baseline end before the current period begins"
        with suppress(OverflowError):  # nothing comes before the first of all days
            hint += f", e.g. {current.before()}"
        raise BadInput(
            f"baseline {baseline} and current period {current} overlap",
            "case.yml, key periods (or --current, --baseline)",
            hint,
        )


def period_of(text: str, option: str) -> Period:
    """The days A..B of a command-line option.

    Raises:
        BadInput: no two days, or the last before the first.
    """
    try:
        first, last = text.split("..")
        return Period(date.fromisoformat(first), date.fromisoformat(last))
    except BadInput as error:
        raise BadInput(error.what, option, error.hint) from None
    except ValueError:
        mend = "write YYYY-MM-DD..YYYY-MM-DD" + (
            ", previous or year_ago" if option == "--baseline" else ""
        )
        raise BadInput(f"{text!r} is not a period", option, mend) from None


def _year_before(period: Period) -> Period:
    """52 weeks earlier, so that weekdays match."""
    return Period(
        date.fromordinal(period.first.toordinal() - 364),
        date.fromordinal(period.last.toordinal() - 364),
    )


def _case(
    spec: CaseSpec,
    path: Path,
    periods: dict[str, Period],
    tables: dict[str, Table],
    issues: list[DataIssue],
) -> Case:
    return Case(
        name=path.absolute().parent.name,
        folder=path.absolute().parent,
        title=spec.title,
        language=spec.language,
        timezone=spec.timezone,
        currency=spec.currency,
        holidays=spec.holidays,
        periods=periods,
        tables=tables,
        metrics={
            name: _metric(name, m.model_dump(), m.label)
            for name, m in spec.metrics.items()
            if not m.formula
        },
        goal=_goal(spec),
        reconcile=tuple((p.logged, p.books) for p in spec.reconcile),
        kpis=tuple(Kpi(**k.model_dump()) for k in spec.kpis),
        dashboard=spec.dashboard,
        funnels={
            n: Funnel(name=n, **{**f.model_dump(), "within": duration(f.within)})
            for n, f in spec.funnels.items()
        },
        definitions=tuple(Definition(**d.model_dump()) for d in spec.definitions),
        changes=tuple(Change(c.date, c.text) for c in spec.changes),
        experiments={
            n: Test(name=n, **{**t.model_dump(), "window": t.window and duration(t.window)})
            for n, t in spec.experiments.items()
        },
        customer=_whose(spec),
        floor=spec.floor,
        privacy=Privacy(**spec.privacy.model_dump()),
        alarms=spec.alarms,
        targets=spec.targets,
        issues=tuple(issues),
        engine=spec.engine,
    )


def with_formulas(case: Case, spec: CaseSpec, document: Document) -> tuple[Case, list[Problem]]:
    """The case with the metrics that are formulas of others, in the order of case.yml; and what
    speaks against them."""
    texts = {name: m.formula for name, m in spec.metrics.items() if m.formula}
    if not texts:
        return case, []
    made, tables, problems = dict[str, Metric](), dict(case.tables), list[Problem]()
    for name, text in texts.items():
        where = document.at("metrics", name, "formula")
        try:
            value = combined(text, case.metrics, texts, where)
            if all(
                case.metrics[t.metric].table in case.tables for t in (*value.above, *value.below)
            ):
                whose = (case.customer.column,) if case.customer else ()
                metric, table = measured(name, value, case.metrics, case.tables, where, whose)
                tables[table.name] = table
                said = _metric(name, spec.metrics[name].model_dump(), spec.metrics[name].label)
                made[name] = replace(
                    metric,
                    label=said.label,
                    unit=said.unit,
                    better=said.better,
                    owner=said.owner,
                    formula=text,
                )
        except BadInput as error:
            problems += [Problem(p.what, where, p.hint) for p in error.problems]
    metrics = {name: made.get(name) or case.metrics.get(name) for name in spec.metrics}
    return replace(case, tables=tables, metrics={n: m for n, m in metrics.items() if m}), problems


def _whose(spec: CaseSpec) -> Customer | None:
    if spec.customer is None:
        return None
    key, said = spec.tables[spec.customer.table].key, spec.customer.contract
    contract = None if said is None else said == "month"
    amount = spec.customer.amount or spec.goal.metric
    return Customer(spec.customer.table, str(key), amount, contract)


def _goal(spec: CaseSpec) -> Goal:
    """The goal; its target stands with it, or under `targets`."""
    target = (
        spec.goal.target
        if spec.goal.target is not None
        else whole(spec.targets.get(spec.goal.metric))
    )
    return Goal(spec.goal.metric, metric_tree(spec), target)


def _metric(name: str, fields: dict[str, Any], label: str | Label | None) -> Metric:
    labels = (
        label.model_dump(exclude_none=True)
        if isinstance(label, Label)
        else {"en": label, "zh": label}
        if label
        else {}
    )
    fields = {k: v for k, v in fields.items() if k not in ("label", "where")} | {
        "condition": fields["where"]
    }
    return Metric(name=name, label=labels, **fields)
