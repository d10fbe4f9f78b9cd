"""A first case.yml for a folder of tables,
with everything guessed that the tables show."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kpilab.case.beside import alternatives
from kpilab.case.draft import Draft
from kpilab.case.found import Found, Wishes, chosen, found_in
from kpilab.case.look import Sheet
from kpilab.case.page import Page
from kpilab.case.read import open_case
from kpilab.case.spans import periods, span
from kpilab.case.text import Pen, Say
from kpilab.core.values import Message
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.core.case import Case
    from kpilab.core.values import Period


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """A first case.yml.

    Attributes:
        path: where it is. case: as it was opened. sheet, draft: the table of the goal, with its
            metrics. found: what the folder holds. notes: what was left out, and why.
            alternatives: other amounts it could be.
    """

    path: Path
    case: Case
    sheet: Sheet
    draft: Draft
    found: Found
    notes: tuple[Message, ...]
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Drafted:
    """A first case.yml before it is written.

    Attributes:
        text: what stands in it. sheet, draft, notes, alternatives: as in `First`.
        periods: its baseline and current.
    """

    text: str
    sheet: Sheet
    draft: Draft
    notes: tuple[Message, ...]
    alternatives: tuple[str, ...]
    periods: Mapping[str, Period]


def drafted(folder: Path, found: Found, say: Say, wishes: Wishes) -> Drafted:
    """The text of a first case.yml for what a folder holds.

    Raises:
        BadInput: a goal or KPI that is none.
    """
    sheet, best = chosen(found, wishes)
    page, title = Page(Pen(say), sheet, best, found, wishes), folder.absolute().name
    if found.trial is not None:
        content = page.of_trial(title, found.trial)
        return Drafted(content, sheet, best, found.notes, (), wishes.periods)
    stray, asked, covered = _when(sheet, found, wishes)
    others = tuple(dict.fromkeys(alternatives(found.drafts, best, found.guesses)))
    notes = (*found.notes, *stray)
    content = page.text(title, notes, asked, covered, others)
    return Drafted(content, sheet, best, notes, others, asked)


def first_case(folder: str | Path, say: Say, *, wishes: Wishes, force: bool = False) -> First:
    """Write a commented case.yml that `kpilab check` accepts.

    Kinds, roles, keys, links, dimensions, a funnel, metrics, a goal with its formula and two
    periods are guessed from names, types and values. What cannot be seen in tables (targets,
    owners, what is on a dashboard) stands as a comment, or is taken from `wishes`.

    Args:
        folder: where csv, parquet, json or xlsx tables lie.
        say: makes a sentence of a message, for the comments.
        force: replace a case.yml that is there.
        wishes: what is known and no table shows.

    Returns:
        The case, with what was found and what was left out.

    Raises:
        BadInput: no tables, none with a time, a goal or KPI that is none, or a case.yml is there
            already.
    """
    folder = Path(folder)
    path = folder / "case.yml"
    if path.exists() and not force:
        raise BadInput(
            f"{path} is there already", "argument DIR", "edit it, or replace it with --force"
        )
    found = found_in(folder, wishes.timezone)
    one = drafted(folder, found, say, wishes)
    case = kept(folder, path, one.text)
    return First(path, case, one.sheet, one.draft, found, one.notes, one.alternatives)


def kept(folder: Path, path: Path, content: str) -> Case:
    """The case as it is opened, once it stands in its place.

    Raises:
        BadInput: the text is no case, or cannot be written; then nothing is written.
    """
    trial = folder / f".case-{os.getpid()}.yml"
    try:
        trial.write_text(content, "utf-8")
        case = open_case(trial)
        trial.replace(path)
    except OSError as error:
        raise BadInput(
            f"cannot write {path}: {error.strerror}", "argument DIR", "choose a folder of yours"
        ) from None
    finally:
        trial.unlink(missing_ok=True)
    return case


def _when(
    sheet: Sheet, found: Found, wishes: Wishes
) -> tuple[list[Message], dict[str, Period], list[str]]:
    """Notes on stray days and on days without rows, the periods, and the tables that have rows in
    both."""
    known = found.guesses
    timed = [s for s in found.sheets if known[s.name].roles.get("time")]
    spans = {s.name: span(*_timed(s, found)) for s in timed}
    asked = {**periods([spans[sheet.name][:2]]), **wishes.periods}
    if "current" in wishes.periods:
        asked.pop("year_ago", None)  # it was that of another period
    covered = [n for n, (first, last, _) in spans.items() if first <= asked["baseline"].last
               and last >= asked["current"].first]  # fmt: skip
    return [note for *_, notes in spans.values() for note in notes], asked, covered


def _timed(sheet: Sheet, found: Found) -> tuple[Sheet, str]:
    """The table that holds the times of a table's rows, and their column."""
    time = found.guesses[sheet.name].roles["time"]
    if "." not in time or any(c.name == time for c in sheet.columns):
        return sheet, time
    way, _, of_linked = time.rpartition(".")
    to = found.related.of(sheet.name).get(way, way)
    return next(s for s in found.sheets if s.name == to), of_linked
