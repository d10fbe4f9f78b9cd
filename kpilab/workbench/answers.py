"""A question of an app asked in one line: its answer, or what it lacks, in the language of the
case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Where
from kpilab.errors import KpilabError
from kpilab.show.html import svg_of
from kpilab.workbench.app import App, Asked
from kpilab.workbench.small_cells import enough, shown
from kpilab.workbench.state import State
from kpilab.workbench.words import Words


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a state of an app asks, and what came of it.

    Attributes:
        case, app, state: the question. lang: the language it is shown in.
        asked: the call behind it. result: its answer. problem: why there is none; one of both is
            None.
    """

    case: Case
    app: App
    state: State
    lang: str
    asked: Asked | None = None
    result: Result | None = None
    problem: KpilabError | None = None

    @property
    def code(self) -> str:
        """Python that gives the same result; "" where there is none."""
        return self.asked.call.code(self.case) if self.asked else ""

    def __repr__(self) -> str:
        words = Words(self.case, self.lang)
        return words.told(self.problem) if self.result is None else words.say(self.result.headline)

    def _repr_html_(self) -> str:
        words = Words(self.case, self.lang)
        if self.asked is None or self.result is None:
            return words.problem(self.problem or KpilabError(""))
        table = getattr(self.result, self.asked.table)
        drawn = None if table.empty else self.asked.drawn(self.result, self.lang, words.names)
        picture = "" if drawn is None else svg_of(drawn)
        return f"{picture}{words.evidence(self.result, table)}"


def asked_of(case: Case, app: App, state: State) -> tuple[Asked, Result]:
    """The call of a state, and its answer as far as it may be shown.

    Raises:
        KpilabError: the case lacks what it is about, or it cannot be answered.
    """
    enough(case, state.where)
    asked = app.asked(case, state)
    return asked, shown(case, asked.call.ask(), state.where)


def answer(
    case: Case,
    app: App,
    view: str = "",
    choice: Mapping[str, object] | None = None,
    *,
    where: Where = EVERYWHERE,
    lang: str | None = None,
) -> Answer:
    """Ask a view of an app: the same as its panel shows, in one line.

    Args:
        case: from `kpilab.open_case`.
        app: which questions. view: one of its views; the one it opens with if "".
        choice: what is chosen, by the name of the control, where it is not what the app opens with.
        where: a segment.
        lang: "en" or "zh"; the case's own language if None.

    Returns:
        Answer: shows itself in a notebook; where the case lacks something, it says what.

    Example:
        >>> from kpilab.workbench import GOAL, answer
        >>> answer(case, GOAL, "moved").result.largest
        'pay_per_place_order'
    """
    state = app.start(case)
    chosen = state.looking(view or state.view, **dict(choice or {}))
    state, lang = State(chosen.view, chosen.choice, where), lang or case.language
    try:
        asked, result = asked_of(case, app, state)
    except KpilabError as problem:
        return Answer(case, app, state, lang, problem=problem)
    return Answer(case, app, state, lang, asked, result)
