"""Errors for people: what is wrong, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches

from kpilab.old import keywords, warned

# What the light core does without: package -> the extra that brings it.
EXTRAS = (
    dict.fromkeys(("altair", "vl_convert", "jinja2", "platformdirs"), "report")
    | dict.fromkeys(("ipywidgets", "anywidget", "jupyterlab", "voila"), "lab")
    | dict.fromkeys(("docx", "pptx"), "office")
    | {"apprise": "track", "pyspark": "spark", "psycopg": "postgres"}
)


class KpilabError(Exception):
    """Everything kpilab raises on purpose; the command line shows it without a traceback."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault in what was given to us: what, where, how to mend it."""

    what: str
    where: str
    hint: str

    def __str__(self) -> str:
        return f"{self.what}\n  where: {self.where}\n  hint:  {self.hint}"


class BadInput(KpilabError):
    """Input that cannot be used as it is; carries one or several `Problem`s."""

    @keywords("BadInput")
    def __init__(self, what: str, where: str, hint: str, more: Sequence[Problem] = ()) -> None:
        self.problems: tuple[Problem, ...] = (Problem(what, where, hint), *more)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[object, ...]:
        """So that an error of another process arrives whole: by default only the text would."""
        return type(self), (self.what, self.where, self.hint, self.problems[1:])

    @property
    def what(self) -> str:
        return self.problems[0].what

    @property
    def where(self) -> str:
        return self.problems[0].where

    @property
    def hint(self) -> str:
        return self.problems[0].hint

    @property
    def mend(self) -> str:
        """Old name of `hint`."""
        warned("BadInput.mend", "BadInput.hint")
        return self.hint


class MissingExtra(BadInput):
    """What was asked for needs an extra that is not installed."""


class EngineError(KpilabError):
    """The engine that holds the data refused or lost a query."""


@contextmanager
def extra(where: str) -> Generator[None]:
    """Imports inside may need an extra; if it is not installed, the error says how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        hint = f"pip install 'kpilab[{EXTRAS[package]}]'"
        raise MissingExtra(f"{package} is not installed", where, hint) from error


def several(problems: Iterable[Problem]) -> BadInput | None:
    """One error that reports all problems together; None when there are none."""
    found = tuple(problems)
    if not found:
        return None
    first, *rest = found
    return BadInput(first.what, first.where, first.hint, rest)


def nearest(name: str, known: Iterable[object], most: int = 5) -> str:
    """How to mend an unknown name: the nearest known ones, or the first few."""
    names = [str(k) for k in known]
    if not names:
        return "nothing is known here; define it first"
    folded = {n.lower(): n for n in names}
    close = [
        folded[c] for c in get_close_matches(str(name).lower(), list(folded), n=most, cutoff=0.5)
    ]
    shown = close or sorted(names)[:most]
    return f"use one of {shown} ({len(names)} known)"


def unknown_problem(noun: str, name: object, known: Iterable[object], where: str) -> Problem:
    """The problem 'no <noun> named <name>', with the nearest valid names."""
    return Problem(f"no {noun} named {str(name)!r}", where, nearest(str(name), known))


def unknown(noun: str, name: object, known: Iterable[object], where: str) -> BadInput:
    """The error 'no <noun> named <name>', with the nearest valid names."""
    problem = unknown_problem(noun, name, known, where)
    return BadInput(problem.what, problem.where, problem.hint)
