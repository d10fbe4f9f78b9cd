"""The nouns of the workbench: what an app asks, what can be chosen, where a click leads.
No widget in here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kpilab.core.case import Case
from kpilab.core.finding import StepName
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import Message
from kpilab.show.labels import labelled
from kpilab.workbench.call import Call
from kpilab.workbench.lacks import Lacks, lacking
from kpilab.workbench.state import State

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True, slots=True)
class Control:
    """One thing to choose: `options` are (value, what to call it); none means a free text.

    Attributes:
        name: key in the state's choices; its label is the message `workbench.<name>`.
    """

    name: str
    options: tuple[tuple[object, Message | str], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: what it says, and where it leads. `main` marks the proposal among the offers."""

    label: Message
    state: State
    main: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a view asks: the call, how its answer is drawn, and which columns a click on a mark
    gives.

    Attributes:
        draw: (result, language) -> chart; the result's own chart if None.
        fields: columns of the chart's data that identify a mark; () when a click leads nowhere.
        table: name of the result's attribute that is the evidence.
        chart: False when there is nothing to draw.
    """

    call: Call
    draw: Callable[[Result, str], alt.TopLevelMixin] | None = None
    fields: tuple[str, ...] = ()
    table: str = "table"
    chart: bool = True

    def drawn(
        self, result: Result, lang: str, names: Mapping[str, str] | None = None
    ) -> alt.TopLevelMixin | None:
        """The chart of an answer, metrics called by `names`; None when there is nothing to draw."""
        if not self.chart:
            return None
        said = labelled(result, names or {})
        return self.draw(said, lang) if self.draw else said.chart(lang)


def _nowhere(case: Case, state: State, mark: Mapping[str, object]) -> State | None:
    """A click that leads nowhere."""
    return None


def _nothing(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    """No offers."""
    return ()


def _no_table(case: Case, state: State) -> Table | None:
    """No table to filter."""
    return None


@dataclass(frozen=True, slots=True)
class App:
    """One app: pure functions of the case and the state; the panel gives them widgets.

    Attributes:
        name: its title is the message `workbench.<name>`, its question `workbench.<name>_asks`.
        step: the step of the review that its findings belong to.
        start: the state it opens with.
        controls: what can be chosen now.
        views: view -> what it asks.
        clicked: where a click on a mark leads; None for nowhere.
        offers: buttons below the chart: drills, and what to look at next.
        table: the table whose dimensions can be filtered; None for no filter.
        needs: view -> what the case must have for it, as named in `lacks.HELD`; of the view "",
            what all of them need.
    """

    name: str
    step: StepName
    start: Callable[[Case], State]
    controls: Callable[[Case, State], tuple[Control, ...]]
    views: Mapping[str, Callable[[Case, State], Asked]]
    clicked: Callable[[Case, State, Mapping[str, object]], State | None] = _nowhere
    offers: Callable[[Case, State, Result | None], tuple[Offer, ...]] = _nothing
    table: Callable[[Case, State], Table | None] = _no_table
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def lacking(self, case: Case, state: State) -> Message | None:
        """What a view lacks in the case; None when it can be asked."""
        names = (*self.needs.get("", ()), *self.needs.get(state.view, ()))
        return lacking(names, case, state)

    def asked(self, case: Case, state: State) -> Asked:
        """What a state asks of the case: the headless twin of the panel.

        Raises:
            Lacks: the case has nothing that it could be asked of.
        """
        missing = self.lacking(case, state)
        if missing is not None:
            raise Lacks(missing)
        return self.views[state.view](case, state)
