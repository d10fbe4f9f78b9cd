"""The review app: the whole review with a progress bar, then verdict, bridge, causes,
whys and findings."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from html import escape

import ipywidgets as widgets

from kpilab.core.case import Case
from kpilab.core.finding import Cause, Finding, Review
from kpilab.report.document import main_result
from kpilab.report.whys import Node, tree
from kpilab.report.words import Words as Told
from kpilab.show.charts.review.bridge import bridge
from kpilab.show.format import where as where_text
from kpilab.show.say import LANGUAGES
from kpilab.show.theme import themed
from kpilab.verdict.run import review as reviewed
from kpilab.workbench.address import Keys
from kpilab.workbench.job import Job
from kpilab.workbench.link import Link
from kpilab.workbench.look import STYLE, progress
from kpilab.workbench.panel import NAMES, WIDE
from kpilab.workbench.words import Words


class ReviewPanel(widgets.VBox):
    """The review of a case. Its headless twin is `kpilab.review(case)`.

    Args:
        case: from `kpilab.open_case`.
        lang: "en" or "zh"; the case's own language if None.
        done: hears of the review when it is there. follow: opens the place of a cause; None where
            there is no page to open it on.
    """

    def __init__(
        self,
        case: Case,
        *,
        lang: str | None = None,
        done: Callable[[Review], None] = lambda review: None,
        follow: Callable[[Cause], None] | None = None,
    ) -> None:
        self.case, self.done, self.follow = case, done, follow
        self.places = widgets.HBox()
        self.places.add_class("kp-row")
        self.words = Words(case, lang or case.language)
        self.review: Review | None = None
        self.job: Job[Review] = Job()
        self.title, self.status, self.verdict, self.causes, self.evidence = (
            widgets.HTML(layout=WIDE) for _ in "12345"
        )
        self.bridge, self.chart = Link(lambda mark: None), Link(lambda mark: None)
        self.run, self.cancel = (
            widgets.Button(button_style="primary"),
            widgets.Button(button_style="warning"),
        )
        self.run.on_click(lambda _: self.start())
        self.cancel.on_click(lambda _: self.stop())
        self.finding = widgets.Dropdown(layout=WIDE)
        self.finding.add_class("kp-pick")
        self.finding.observe(lambda change: self._tell(change["new"]), "value")
        names = [(NAMES[lang], lang) for lang in LANGUAGES]
        self.language = widgets.ToggleButtons(
            options=names, value=self.words.lang, style={"button_width": "auto"}
        )
        self.language.add_class("kp-languages")
        self.language.observe(lambda change: self.speak(change["new"]), "value")
        super().__init__(children=self._parts())
        self.add_class("kp-panel")
        self._refresh()

    def _parts(self) -> tuple[widgets.Widget, ...]:
        spread = widgets.Layout(
            justify_content="space-between", align_items="flex-start", width="100%"
        )
        head = widgets.HBox((self.title, self.language), layout=spread)
        doing = widgets.HBox(
            (self.run, self.status, self.cancel), layout=widgets.Layout(align_items="center")
        )
        doing.add_class("kp-doing")
        found = (self.finding, self.chart.box, self.evidence)
        said = (self.verdict, self.places, self.bridge.box, self.causes)
        return widgets.HTML(STYLE), Keys(), head, doing, *said, *found

    def start(self) -> None:
        """Run the review off the main thread."""
        self.run.disabled, self.cancel.layout.display = True, ""
        self.status.value = progress(self.words.text("progress.data"))

        def work(check: Callable[[], None]) -> Review:
            def advance(step: str, done: int, total: int) -> None:
                check()
                self.status.value = progress(
                    escape(self.words.text(f"progress.{step}")), done, total
                )

            return reviewed(self.case, progress=advance)

        self.job.start(work, self._answered)

    def stop(self) -> None:
        """Stop the review before its next step."""
        self.job.cancel()
        self._at_rest()

    def wait(self, seconds: float = 300) -> None:
        """Until the review is done, for scripts and tests."""
        self.job.wait(seconds)

    def speak(self, lang: str) -> None:
        """Say everything in another language; nothing is computed again."""
        self.words = Words(self.case, lang)
        self.language.value = lang
        self._refresh()
        self._draw()

    def _answered(self, future: Future[Review]) -> None:
        error = future.exception()
        if error is None:
            self.review = future.result()
            self._draw()
            self.done(self.review)
        else:
            self.verdict.value = self.words.problem(error)
        self._at_rest()

    def _at_rest(self) -> None:
        self.status.value, self.run.disabled = "", False
        self.cancel.layout.display = "none"

    def _refresh(self) -> None:
        w = self.words
        asks = escape(w.text("review_asks"))
        self.title.value = f"<h2>{escape(self.case.title)}</h2><p class='kp-asks'>{asks}</p>"
        self.run.description, self.cancel.description = w.text("run_review"), w.text("cancel")
        self.finding.layout.display = "none" if self.review is None else ""
        self._at_rest()

    def _draw(self) -> None:
        if self.review is None:
            return
        told = Told(self.review, self.words.lang)
        lines = (
            told.goal_line(),
            *([] if self.review.causes else [told.detail()]),
        )
        said = "".join(f"<p>{escape(line)}</p>" for line in lines)
        self.verdict.value = (
            f"<p class='kp-verdict' role='status'>{escape(told.verdict())}</p>{said}"
        )
        drawn = bridge(self.review, told.say, told.lang).properties(
            width=520, title=told.text("bridge")
        )
        self.bridge.show(themed(drawn), text=told.text("bridge_alt"))
        causes = "".join(_cause(k, c, told) for k, c in enumerate(self.review.causes, 1))
        whys = (
            f"<h3>{escape(told.text('whys'))}</h3>{_whys(tree(told))}" if self.review.causes else ""
        )
        self.causes.value = causes + whys
        self.places.children = [self._place(c, told) for c in self.review.causes]
        self.finding.description = told.text("findings")
        self._offer(told, self.review.findings)

    def _place(self, cause: Cause, told: Told) -> widgets.Widget:
        """A button that opens the place of a cause."""
        place = where_text(cause.where, told.lang)
        button = widgets.Button(
            description=told.text("workbench.look_there", name=told.name(cause.subject), at=place)
        )
        button.layout.display = "" if self.follow else "none"
        button.on_click(lambda _: self.follow(cause) if self.follow else None)
        return button

    def _offer(self, told: Told, findings: tuple[Finding, ...]) -> None:
        """The findings to choose from, those of trouble first; the chosen one stays."""
        order = sorted(findings, key=lambda f: f.verdict != "trouble")
        options = [
            (f"{told.judged(f)} · {told.known('step', f.step)} · {told.say(f.statement)}", f.id)
            for f in order
        ]
        kept = self.finding.value
        self.finding.options = options
        self.finding.layout.display = ""
        chosen = kept if kept in [v for _, v in options] else next((v for _, v in options), None)
        self.finding.value = chosen
        self._tell(chosen)

    def _tell(self, id: str | None) -> None:
        """One finding with its evidence."""
        finding = (
            next((f for f in self.review.findings if f.id == id), None)
            if self.review and id
            else None
        )
        if finding is None or self.review is None:
            return
        told = Told(self.review, self.words.lang)
        result = main_result(finding)
        self.evidence.value = _finding(finding, told) + (
            "" if result is None else self.words.table(result.table)
        )
        if result is None or finding.chart is None or result.table.empty:
            self.chart.clear()
        else:
            self.chart.show(result.chart(told.lang), text=told.say(finding.statement))


def _cause(rank: int, cause: Cause, told: Told) -> str:
    """A cause as HTML: what, how sure, how big, what next."""
    name = (
        f"{told.known('kind', cause.kind)} · {told.name(cause.subject)} · "
        f"{told.sure(cause.confidence)}"
    )
    size = told.size(cause.effect, cause.effect_pct, cause.effect_on)
    facts = [told.fact(told.text("size"), size)] if size else []
    facts += [told.fact(told.text("action"), told.say(cause.action))] if cause.action else []
    rest = "".join(f"<br>{escape(fact)}" for fact in facts)
    head = f"<strong>{rank}. {escape(name)}</strong>"
    return f"<div class='kp-cause'>{head}<br>{escape(told.say(cause.statement))}{rest}</div>"


def _whys(nodes: list[Node]) -> str:
    """Questions and answers, each below the one it follows from."""
    return "".join(
        f"<div class='kp-why'><em>{escape(n.question)}</em><br>"
        f"{escape(n.answer)}{_whys(n.nodes)}</div>"
        for n in nodes
    )


def _finding(finding: Finding, told: Told) -> str:
    how = told.text(f"strength_{finding.strength}")
    return f"<p><strong>{escape(told.say(finding.statement))}</strong> ({escape(how)})</p>"
