"""The words of a panel in one language: messages with the case's own labels,
and small pieces of HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from kpilab.analysis.experiments.experiment import ExperimentResult
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.values import Message, Where
from kpilab.errors import BadInput
from kpilab.questions.series import is_share
from kpilab.show.format import number, percent, plain, signed_percent
from kpilab.show.format import where as where_text
from kpilab.show.html import svg_of, with_code
from kpilab.show.labels import labelled
from kpilab.show.say import catalogue, label, sentence
from kpilab.show.trial_page import page
from kpilab.verdict.trial_parts import parts
from kpilab.workbench.lacks import Lacks
from kpilab.workbench.state import State

MOST_ROWS = 12
LEVELS = ("baseline", "current", "target")


def problem_html(error: BaseException, lang: str) -> str:
    """An error in words, as HTML: what, where, how to mend it; of an error of ours, its name."""
    if isinstance(error, Lacks):
        said = with_code(sentence(error.message, lang))
        return f"<div class='kp-lacks' role='status'>{said}</div>"
    if isinstance(error, BadInput):
        found = [
            f"<strong>{escape(p.what)}</strong><br>{escape(p.where)}<br>"
            f"{escape(label('workbench.mend', lang, mend=p.hint))}"
            for p in error.problems
        ]
    else:
        said = escape(f"{type(error).__name__}: {error}")
        found = [f"<strong>{escape(label('workbench.failed', lang))}</strong><br>{said}"]
    return f"<div class='kp-error' role='alert'>{'<hr>'.join(found)}</div>"


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Says things about a case in the language `lang`."""

    case: Case
    lang: str

    def text(self, key: str, **values: object) -> str:
        """The text `workbench.<key>`, or any full key."""
        return self.say(Message(key if "." in key else f"workbench.{key}", values))

    def say(self, message: Message | str) -> str:
        """A message with metrics called by their labels; a plain name by its label,
        if it has one."""
        if isinstance(message, str):
            return self.case.label(message, self.lang)
        return sentence(self._labelled(message), self.lang)

    @property
    def names(self) -> dict[str, str]:
        """Metric -> what it is called."""
        return {name: str(self.case.label(name, self.lang)) for name in self.case.metrics}

    def column(self, name: str) -> str:
        """What a column is called."""
        key = f"column.{name}"
        return (
            sentence(Message(key), self.lang)
            if key in catalogue(self.lang)
            else name.replace("_", " ")
        )

    def problem(self, error: BaseException) -> str:
        """An error in words, as HTML: what, where, how to mend it; of an error of ours,
        its name."""
        return problem_html(error, self.lang)

    def stands(self, state: State) -> str:
        """Where a state stands: what it asks, and inside which filter."""
        said = {k: state.get(k) for k in ("dimension", "funnel", "kpi", "start")}
        said |= {"step": state.get("step") or state.get("metric")}
        text = self.text(f"view_{state.view}", **{k: v or None for k, v in said.items()})
        return f"{text} · {where_text(state.where, self.lang)}" if state.where else text

    def mark(self, mark: Mapping[str, object]) -> str:
        """What a mark of a chart is called."""
        if "at" in mark:
            told = json.loads(str(mark["at"]))
            return where_text(Where(*told.values()), self.lang)
        return " · ".join(str(self._label(str(v))) for v in mark.values())

    def told(self, error: BaseException | None) -> str:
        """An error in words, as plain text."""
        return self.say(error.message) if isinstance(error, Lacks) else str(error)

    def evidence(self, result: Result, table: pd.DataFrame) -> str:
        """The answer in words, its doubts and its table, as HTML; of an experiment its page."""
        if isinstance(result, ExperimentResult):
            return self._scrolling(self._trial(result))
        notes = "".join(f"<li>{escape(self.say(n))}</li>" for n in result.notes)
        said = f"<p class='kp-said'><strong>{escape(self.say(result.headline))}</strong></p>"
        return f"{said}<ul>{notes}</ul>{self.table(table)}"

    def _trial(self, result: ExperimentResult) -> str:
        """The page of an experiment, with its effect by day, age and segment."""
        said = [labelled(part, self.names) for part in parts(result)]
        drawn = [f"<div>{svg_of(part.chart(self.lang))}</div>" for part in said]
        return page(labelled(result, self.names), self.lang, drawn)

    def table(self, table: pd.DataFrame, shares: tuple[str, ...] = ()) -> str:
        """The first rows as an HTML table; `shares` are columns of relative changes."""
        if table.empty:
            return ""
        head = "".join(f"<th scope='col'>{escape(self.column(str(c)))}</th>" for c in table.columns)
        rows = table.head(MOST_ROWS).to_dict("records")
        body = "".join(f"<tr>{self._row(row, shares)}</tr>" for row in rows)
        more = len(table) - MOST_ROWS
        rest = f"<p>{escape(self.text('more_rows', rows=more))}</p>" if more > 0 else ""
        whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return self._scrolling(f"{whole}{rest}")

    def _scrolling(self, wide: str) -> str:
        """What may be wider than the page: from the keyboard it is scrolled where it has focus."""
        named = escape(self.text("table"))
        scrolls = f"class='kp-table' tabindex='0' role='region' aria-label='{named}'"
        return f"<div {scrolls}>{wide}</div>"

    def _row(self, row: Mapping[Any, Any], shares: tuple[str, ...]) -> str:
        """A row; the values of a metric that is a part of a whole in percent, as in the report."""
        name, known = row.get("metric"), [row[c] for c in LEVELS[:2] if c in row]
        part = name in self.case.metrics and is_share(self.case, str(name), *known)
        forms = (
            signed_percent if c in shares else percent if part and c in LEVELS else number
            for c in map(str, row)
        )
        return "".join(map(self._cell, row.values(), forms))

    def _cell(self, value: object, form: Callable[[float, str], str] = number) -> str:
        if isinstance(value, float):
            said = form(value, self.lang)
            return f"<td class='kp-number'>{escape('–' if value != value else said)}</td>"
        if type(value) is int:
            return f"<td class='kp-number'>{value:,}</td>"
        return f"<td>{escape(str(self._label(plain(value, self.lang))))}</td>"

    def _label(self, value: object) -> object:
        return self.case.label(value, self.lang) if isinstance(value, str) else value

    def _labelled(self, message: Message) -> Message:
        called = {k: v if k == "table" else self._value(v) for k, v in message.values.items()}
        return Message(message.key, called)

    def _value(self, value: object) -> object:
        if isinstance(value, Message):
            return self._labelled(value)
        if isinstance(value, tuple | list):
            return tuple(self._value(v) for v in value)
        return value if isinstance(value, Mapping) else self._label(value)
