"""The panel: one app with widgets. Controls left, chart in the middle, evidence below;
nothing is computed unasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from html import escape
from uuid import uuid4

import ipywidgets as widgets

from kpilab.core.case import Case
from kpilab.core.finding import Finding
from kpilab.core.result import Result
from kpilab.core.values import Where
from kpilab.errors import KpilabError
from kpilab.show.say import LANGUAGES
from kpilab.workbench.address import Keys
from kpilab.workbench.answers import asked_of
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.basket import Basket, Keeper
from kpilab.workbench.filter import FilterBar
from kpilab.workbench.job import Job
from kpilab.workbench.link import Link
from kpilab.workbench.look import STYLE, progress
from kpilab.workbench.state import State
from kpilab.workbench.words import Words

NAMES = {"en": "English", "zh": "中文"}
# Plain values: a widget made when the module is imported would be unknown to the page that shows it
# later.
WIDE, NARROW = {"width": "100%"}, {"width": "250px", "flex": "0 0 250px", "margin": "0 16px 0 0"}
Answer = tuple[Asked, Result]


class Panel(widgets.VBox):
    """An app on a case.

    Shows its controls at once and asks nothing until "Show" is pressed; from then on every change
    asks again. The headless twin is `app.asked(case, state).call.ask()`, which "show code" writes
    out.

    Args:
        case: from `kpilab.open_case`.
        app: which questions.
        store: gets the findings that are added to the review; a list in memory if None.
        lang: "en" or "zh"; the case's own language if None.
        moved: hears of every state that is shown.
    """

    def __init__(
        self,
        case: Case,
        app: App,
        *,
        store: Keeper | None = None,
        lang: str | None = None,
        moved: Callable[[State], None] = lambda state: None,
    ) -> None:
        self.case, self.app, self.moved = case, app, moved
        self.store: Keeper = Basket() if store is None else store
        self.words = Words(case, lang or case.language)
        self.state, self.past = app.start(case), list[State]()
        self.answer: Answer | None = None
        self.answered = self.state
        self.job: Job[Answer] = Job()
        self._pickers: dict[str, widgets.Dropdown] = {}
        self._shown: tuple[str, tuple[Control, ...]] | None = None
        self._quiet = False
        self._make()
        super().__init__(
            children=(widgets.HTML(STYLE), Keys(), self._head(), self.filter.box, self._body())
        )
        self.add_class("kp-panel")
        self._refresh()

    def _make(self) -> None:
        """The widgets that change; the rest is only arranged once."""
        self.title, self.error, self.status, self.evidence = (
            widgets.HTML(layout=WIDE) for _ in range(4)
        )
        self.code, self.added = widgets.HTML(layout=WIDE), widgets.HTML()
        self.filter, self.link = FilterBar(self._filtered), Link(self._clicked)
        self.controls, self.offers = (
            widgets.VBox(layout=NARROW),
            widgets.HBox(),
        )
        self.path = widgets.HBox()
        for box, name in ((self.controls, "controls"), (self.offers, "row"), (self.path, "path")):
            box.add_class(f"kp-{name}")
        self.show = self._button("primary", lambda: self.go(self.state))
        self.cancel = self._button("warning", self.stop)
        self.show_code, self.add = (
            self._button("", self._toggle_code),
            self._button("success", self.add_finding),
        )
        self.language = widgets.ToggleButtons(
            options=[(NAMES[lang], lang) for lang in LANGUAGES],
            value=self.words.lang,
            style={"button_width": "auto"},
        )
        self.language.add_class("kp-languages")
        self.language.observe(lambda change: self.speak(change["new"]), "value")

    def _head(self) -> widgets.Widget:
        spread = widgets.Layout(
            justify_content="space-between", align_items="flex-start", width="100%"
        )
        return widgets.HBox((self.title, self.language), layout=spread)

    def _body(self) -> widgets.Widget:
        buttons = widgets.HBox((self.add, self.show_code, self.added))
        buttons.add_class("kp-row")
        status = widgets.HBox(
            (self.status, self.cancel), layout=widgets.Layout(align_items="center")
        )
        status.add_class("kp-doing")
        right = widgets.VBox(
            (
                self.path,
                self.error,
                status,
                self.link.box,
                self.offers,
                self.evidence,
                buttons,
                self.code,
            ),
            layout=widgets.Layout(flex="1 1 auto", min_width="0"),
        )
        body = widgets.HBox((self.controls, right), layout=WIDE)
        body.add_class("kp-body")
        return body

    def _button(self, style: str, pressed: Callable[[], None]) -> widgets.Button:
        button = widgets.Button(button_style=style, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: pressed())
        return button

    # What can be done with a panel, by hand or from Python.

    def go(self, state: State) -> None:
        """Ask what `state` asks, off the main thread; the state before is kept for `go_back`."""
        if state != self.state and self.answer is not None:
            self.past.append(self.state)
        self.state = state
        self._ask()

    def go_back(self, to: int = -1) -> None:
        """To the state before, or to that place on the path."""
        if self.past:
            state = self.past[to]
            del self.past[to:]
            self.state = state
            self._ask()

    def stop(self) -> None:
        """Wait no longer for the answer."""
        self.job.cancel()
        self._at_rest()

    def wait(self, seconds: float = 60) -> None:
        """Until the answer is there, for scripts and tests."""
        self.job.wait(seconds)

    def speak(self, lang: str) -> None:
        """Say everything in another language; nothing is computed again."""
        self.words = Words(self.case, lang)
        self.language.value = lang
        self._refresh()
        self._draw()

    def add_finding(self) -> None:
        """Give what is shown to the store."""
        if self.answer is None:
            return
        result = self.answer[1]
        finding = Finding(
            id=f"{self.app.step}.{uuid4().hex[:8]}",
            step=self.app.step,
            verdict="info",
            statement=result.headline,
            subject=self.state.get("metric") or self.state.get("kpi") or None,
            where=self.state.where,
            period=self.case.periods.get(self.state.get("period") or "current"),
            evidence=(result,),
        )
        try:
            self.store.add(finding)
        except KpilabError as error:
            self.error.value = self.words.problem(error)
            return
        self.added.value = (
            f"<span class='kp-ok' role='status'>✓ {escape(self.words.text('added'))}</span>"
        )

    @property
    def result(self) -> Result | None:
        """The answer on the page."""
        return None if self.answer is None else self.answer[1]

    # From the question to the page.

    def _ask(self) -> None:
        self.error.value = self.added.value = self.code.value = ""
        self._refresh()
        self._busy(progress(self.words.text("working")))
        state = self.state
        self.moved(state)

        def work(check: Callable[[], None]) -> Answer:
            answer = asked_of(self.case, self.app, state)
            check()
            return answer

        self.job.start(work, self._answered)

    def _answered(self, future: Future[Answer]) -> None:
        error = future.exception()
        if error is not None:
            self.answer = None
            self.link.clear()
            self.evidence.value = ""
            self.offers.children = ()
            self.error.value = self.words.problem(error)
        else:
            self.answer, self.answered = future.result(), self.state
            self._draw()
        self._at_rest()

    def _draw(self) -> None:
        """The answer in the language of the panel."""
        if self.answer is None:
            return
        asked, result = self.answer
        table = getattr(result, asked.table)
        drawn = None if table.empty else asked.drawn(result, self.words.lang, self.words.names)
        if drawn is None:
            self.link.clear()
        else:
            self.link.show(
                drawn,
                asked.fields,
                self.words.say(result.headline),
                asks=self.words.text("open_mark"),
                names=self.words.mark,
            )
        self.evidence.value = self.words.evidence(result, table)
        self.offers.children = [
            self._offer(o) for o in self.app.offers(self.case, self.state, result)
        ]
        self._at_rest()

    def _refresh(self) -> None:
        """Title, filter, controls and the names of the buttons."""
        w, name = self.words, self.app.name
        self.title.value = (
            f"<h2>{escape(w.text(name))}</h2><p "
            f"class='kp-asks'>{escape(w.text(f'{name}_asks'))}</p>"
        )
        buttons = {
            "show": self.show,
            "cancel": self.cancel,
            "add": self.add,
            "code": self.show_code,
        }
        for key, button in buttons.items():
            button.description, button.tooltip = w.text(key), w.text(f"{key}_tip")
        self.filter.show(self.app.table(self.case, self.state), self.state.where, w)
        self._choose(self.app.controls(self.case, self.state))
        self._at_rest()

    def _at_rest(self) -> None:
        self.status.value = ""
        self.cancel.layout.display = "none"
        self.show.disabled = False
        self.path.children = self._steps()
        self._offering(True)
        for button in (self.add, self.show_code):
            button.layout.display = "" if self.answer else "none"

    def _busy(self, said: str) -> None:
        self.status.value = said
        self.cancel.layout.display = ""
        self.show.disabled = True
        # They give way to those of the coming answer; a key pressed on one just then is lost.
        self._offering(False)

    def _offering(self, ready: bool) -> None:
        for offer in self.offers.children:
            offer.disabled = not ready

    # What the widgets do.

    def _choose(self, controls: tuple[Control, ...]) -> None:
        """The pickers; the same ones as long as they offer the same,
        so that the keyboard stays where it was."""
        shown = (self.words.lang, controls)
        if shown != self._shown:
            self._pickers = {c.name: self._picker(c) for c in controls}
            self.controls.children = (*self._pickers.values(), self.show)
            self._shown = shown
        self._quiet = True
        for name, picker in self._pickers.items():
            wanted = self.state.view if name == "view" else self.state.choice.get(name) or ""
            picker.value = wanted if wanted in [v for _, v in picker.options] else None
        self._quiet = False

    def _steps(self) -> tuple[widgets.Widget, ...]:
        """The whole path to what is shown; each step leads back to itself."""
        steps = list[widgets.Widget]()
        for k, state in enumerate(self.past):
            step = self._button("", partial(self.go_back, k))
            step.description = self.words.stands(state)
            steps += [step, widgets.HTML("›")]
        if not steps:
            return ()
        here = f"<b aria-current='step'>{escape(self.words.stands(self.state))}</b>"
        return (*steps, widgets.HTML(here))

    def _picker(self, control: Control) -> widgets.Dropdown:
        options = [(self.words.say(text), value) for value, text in control.options]
        picker = widgets.Dropdown(
            options=options, value=None, layout=WIDE, description=self.words.text(control.name)
        )
        picker.add_class("kp-pick")
        picker.observe(lambda change: self._chose(control.name, change["new"]), "value")
        return picker

    def _offer(self, offer: Offer) -> widgets.Button:
        button = self._button("info" if offer.main else "", lambda: self.go(offer.state))
        button.description = button.tooltip = self.words.say(offer.label)
        return button

    def _chose(self, name: str, value: object) -> None:
        """A picker that was set from here, to follow the state, is not a choice."""
        if not self._quiet:
            self._change(
                self.state.looking(str(value))
                if name == "view"
                else self.state.chosen(**{name: value})
            )

    def _filtered(self, where: Where) -> None:
        self._change(State(self.state.view, self.state.choice, where))

    def _change(self, state: State) -> None:
        """Before the first answer a change only waits for "Show"."""
        if self.answer is None and not self.error.value:
            self.state = state
            self._refresh()
        else:
            self.go(state)

    def _clicked(self, mark: Mapping[str, object]) -> None:
        # The chart on the page is of the answer, not of what is being asked or was cancelled.
        following = self.app.clicked(self.case, self.answered, mark)
        if following is not None:
            self.go(following)
        else:
            said = escape(self.words.text("nothing_below", mark=self.words.mark(mark)))
            self.status.value = f"<div role='status'>{said}</div>"

    def _toggle_code(self) -> None:
        if self.code.value or self.answer is None:
            self.code.value = ""
            return
        self.code.value = (
            f"<pre class='kp-code'>{escape(self.answer[0].call.code(self.case))}</pre>"
        )
