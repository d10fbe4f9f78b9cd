"""A call: a question of the package with its arguments. It can be asked,
and written as the Python that asks it."""

from __future__ import annotations

import os
import pprint
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, timedelta
from pathlib import Path

from kpilab import public
from kpilab.core.case import Case, Metric
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import Period, Where

WIDTH = 100


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One question with its arguments.

    Attributes:
        function: any function that returns a Result; the panels use the package's own.
        args: positional arguments: the case, its tables, plain values.
        options: keyword arguments.
    """

    function: Callable[..., Result]
    args: tuple[object, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)

    def ask(self) -> Result:
        return self.function(*self.args, **self.options)

    def code(self, case: Case) -> str:
        """Python that gives the same result: open the case, ask the same question."""
        writer = Writer(case)
        parts = [writer.text(a) for a in self.args] + [
            f"{k}={writer.text(v)}" for k, v in self.options.items()
        ]
        inside = ", ".join(parts)
        if len(inside) > WIDTH - 20:
            inside = "\n    " + ",\n    ".join(parts) + ",\n"
        asked = f"{writer.named(self.function)}({inside})"
        head = ["import kpilab", *sorted(writer.imports - {"import kpilab"})]
        opened = f"case = kpilab.open_case({_path(case.folder)!r})"
        return "\n".join([*head, "", opened, f"result = {asked}", "result", ""])


class Writer:
    """Writes values as Python, and keeps what must be imported for them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.imports: set[str] = set()

    def named(self, thing: Callable[..., object] | type) -> str:
        """`kpilab.events.activity` for a public name; else the bare name, with its import."""
        name = thing.__name__
        if name in public.written() and public.thing(name) is thing:
            return public.written()[name]
        self.imports.add(f"from {thing.__module__} import {name}")
        return name

    def text(self, value: object) -> str:
        """The Python that makes `value`."""
        known = self._of_case(value)
        if known:
            return known
        if isinstance(value, timedelta):
            return repr(_length(value))
        if isinstance(value, date):
            return f"{self.named(date)}({value.year}, {value.month}, {value.day})"
        if isinstance(value, Where):
            extra = f", {self.text(dict(value.without))}" if value.without else ""
            return f"{self.named(Where)}({self.text(dict(value.values)) if value else ''}{extra})"
        if is_dataclass(value) and not isinstance(value, type):
            given = [
                f"{f.name}={self.text(getattr(value, f.name))}" for f in fields(value) if f.init
            ]
            return f"{self.named(type(value))}({', '.join(given)})"
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{k!r}: {self.text(v)}" for k, v in value.items()) + "}"
        if isinstance(value, list | tuple):
            inside = ", ".join(self.text(v) for v in value)
            return (
                f"[{inside}]"
                if isinstance(value, list)
                else f"({inside},)"
                if len(value) == 1
                else f"({inside})"
            )
        return pprint.pformat(value)

    def _of_case(self, value: object) -> str | None:
        """How the case itself calls the value; None if it is not the case's."""
        if value is self.case:
            return "case"
        if isinstance(value, Table):
            return next(
                (f"case.tables[{k!r}]" for k, v in self.case.tables.items() if v is value), None
            )
        if isinstance(value, Metric):
            return next(
                (f"case.metrics[{k!r}]" for k, v in self.case.metrics.items() if v is value), None
            )
        if isinstance(value, Period):
            names = {p: n for n, p in self.case.periods.items()}
            known = names.get(value)
            return f"case.{known}" if known in ("baseline", "current") else None
        return None


def _length(value: timedelta) -> str:
    """As `kpilab.core.values.duration` reads it."""
    seconds = value.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"


def _path(folder: Path) -> str:
    """The case's folder as seen from here, when that is shorter."""
    try:
        near = os.path.relpath(folder)
    except ValueError:  # another drive
        return str(folder)
    return min(near, str(folder), key=len)
