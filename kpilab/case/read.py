"""`open_case`: a folder with a case.yml becomes a checked Case with its tables opened,
nothing yet computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilab.case.check import metric_tree, read_spec
from kpilab.case.document import Document, read_document
from kpilab.case.inspect import data_problems, readable_time
from kpilab.case.occurring import never
from kpilab.case.privacy import pseudonyms, small_groups_together
from kpilab.case.spec import CaseSpec, Label, TableSpec
from kpilab.core.case import (
    Case,
    Change,
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
from kpilab.core.table import (
    Assignments,
    Benchmark,
    EventLog,
    Executions,
    Facts,
    Incidents,
    Reports,
    Table,
)
from kpilab.core.values import Period, duration
from kpilab.engine.connect import READERS, confine, connect, read_file
from kpilab.errors import BadInput, EngineError, Problem, several, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

ROLES: Mapping[str, type[Table]] = {
    "events": EventLog,
    "facts": Facts,
    "benchmark": Benchmark,
    "reports": Reports,
    "executions": Executions,
    "assignments": Assignments,
    "incidents": Incidents,
}
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
        >>> case = kpilab.open_case("data/shop")  # doctest: +SKIP
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
    tables, issues, problems = _tables(spec, document, con, path.parent)
    case = _case(spec, path, periods, tables, issues)
    problems += data_problems(case, document)
    if not problems:
        case, problems = pseudonyms(case, document)
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
        periods["current"] = _dates(current, "--current")
    try:
        if baseline == "previous" or (current and not baseline):
            periods["baseline"] = periods["current"].before()
        elif baseline == "year_ago":
            if "year_ago" not in periods or current:
                periods["year_ago"] = _year_before(periods["current"])
            periods["baseline"] = periods["year_ago"]
        elif baseline:
            periods["baseline"] = _dates(baseline, "--baseline")
    except (OverflowError, ValueError):
        raise BadInput(
            f"nothing comes before {periods['current']}",
            "--baseline",
            "give the days of the baseline, A..B",
        ) from None
    return periods


def _dates(text: str, option: str) -> Period:
    try:
        first, last = text.split("..")
        return Period(date.fromisoformat(first), date.fromisoformat(last))
    except BadInput as error:
        raise BadInput(error.what, option, error.mend) from None
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


def _tables(
    spec: CaseSpec, document: Document, con: BaseBackend, folder: Path
) -> tuple[dict[str, Table], list[DataIssue], list[Problem]]:
    tables: dict[str, Table] = {}
    issues: list[DataIssue] = []
    problems: list[Problem] = []
    for name, table in spec.tables.items():
        try:
            raw = _opened(con, table.source, folder, name)
            fields = table.model_dump(exclude={"kind", "source"}, exclude_none=True)
            role = ROLES[table.kind](raw, name=name, **fields)
            role, unreadable = readable_time(role)
        except (BadInput, EngineError) as error:
            problems += _placed(error, document, name, table)
            continue
        tables[name] = role
        issues += unreadable
    confine(con, [_path(spec.tables[name].source, folder) for name in tables])
    return tables, issues, problems


def _opened(con: BaseBackend, source: str, folder: Path, name: str) -> ir.Table:
    if "://" in source:
        raise BadInput(
            f"source {source!r} is an address",
            "source",
            "give a file, a glob, or a table of the engine",
        )
    if Path(source).suffix.lower() in {*READERS, ".xlsx"}:
        return read_file(con, _path(source, folder), name)
    known = con.list_tables()
    if source not in known:
        raise BadInput(
            f"source {source!r} is no file we can read and no table of the engine",
            "source",
            f"give a file ending in {sorted([*READERS, '.xlsx'])}"
            + (f", or one of the tables {known[:5]}" if known else ""),
        )
    return con.table(source)


def _path(source: str, folder: Path) -> str:
    return str((folder / source).absolute())


def _placed(
    error: BadInput | EngineError, document: Document, name: str, table: TableSpec
) -> Iterator[Problem]:
    """The error's problems with file, line and key of the table."""
    if isinstance(error, EngineError):
        yield Problem(
            str(error),
            document.at("tables", name, "source"),
            "check that the file is what its ending says",
        )
        return
    for problem in error.problems:
        role = (
            problem.where.rpartition("role ")[2].strip("'").partition("[")[0]
            if "role " in problem.where
            else "source"
        )
        yield Problem(problem.what, document.at("tables", name, role), problem.mend)


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
        metrics={name: _metric(name, m.model_dump(), m.label) for name, m in spec.metrics.items()},
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
        floor=spec.floor,
        privacy=Privacy(**spec.privacy.model_dump()),
        alarms=spec.alarms,
        targets=spec.targets,
        issues=tuple(issues),
        engine=spec.engine,
    )


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
