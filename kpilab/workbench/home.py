"""The home page of a case: goal and KPIs, the verdict in short, and a card for each question.

The page is there before anything is loaded or computed: what is heavy is imported by the work that
needs it, off the main thread.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

import ipywidgets as widgets

from kpilab.errors import KpilabError
from kpilab.show.say import LANGUAGES, label, sentence
from kpilab.workbench.address import Address
from kpilab.workbench.card import card
from kpilab.workbench.job import Job
from kpilab.workbench.lab import CASE, LANG, WORKSPACE, bundled
from kpilab.workbench.look import STYLE, progress

if TYPE_CHECKING:
    from kpilab.core.case import Case
    from kpilab.core.finding import Cause, Review
    from kpilab.core.result import Result
    from kpilab.core.values import Message
    from kpilab.workbench.panel import Panel

NAMES = {"en": "English", "zh": "中文"}
# The questions in the order of a review; each is the app of that name.
QUESTIONS = (
    *("goal", "relation", "whys", "external", "execution", "explore"),
    *("customers", "funnel", "paths", "lifecycle", "trial", "definitions"),
)
SHORT = ("metric", "baseline", "current", "change", "target", "reached")


class Home(widgets.VBox):
    """The home page of a case.

    Args:
        case: a folder with a case.yml, or of tables; "": that of `kpilab app CASE`, else the
            bundled shop.
        lang: "en" or "zh"; "": that of the link, of `--lang`, else the case's own.
        workspace: where findings and saved views are kept; "": where `kpilab app` was started.
        query: what to open first, as the query of a link.
    """

    def __init__(
        self, case: str | Path = "", lang: str = "", workspace: str | Path = "", query: str = ""
    ) -> None:
        told = parse_qs(query or os.environ.get("QUERY_STRING", ""))
        self.query = query or os.environ.get("QUERY_STRING", "")
        self.workspace = Path(workspace or os.environ.get(WORKSPACE) or ".")
        self.folder = Path(case or os.environ.get(CASE) or bundled())
        linked = self.workspace / told.get("case", [""])[0]
        if "case" in told and linked.resolve().is_relative_to(self.workspace.resolve()):
            self.folder = linked
        asked = told.get("lang", [lang or os.environ.get(LANG) or ""])[0]
        self.asked = asked if asked in LANGUAGES else ""
        self.lang = self.asked or "en"
        self.case: Case | None = None
        self.job: Job[Any] = Job()
        self.lacks: Mapping[str, Message | None] = {}
        self.reached: Result | None = None
        self.review: Review | None = None
        self.panels: dict[str, Any] = {}
        self._make()
        super().__init__(children=(widgets.HTML(STYLE), self.address, *self._parts()))
        self.add_class("kp-home")
        self._say()
        self.load()

    # What is on the page.

    def _make(self) -> None:
        self.address = Address()
        self.title, self.status, self.goal, self.verdict, self.problem, self.said = (
            widgets.HTML() for _ in "123456"
        )
        self.cancel, self.run = (
            widgets.Button(button_style="warning"),
            widgets.Button(button_style="primary"),
        )
        self.home, self.save = widgets.Button(), widgets.Button()
        self.cancel.on_click(lambda _: self.stop())
        self.run.on_click(lambda _: self.show_review())
        self.home.on_click(lambda _: self.show_home())
        self.save.on_click(lambda _: self.save_view())
        self.language = widgets.ToggleButtons(
            options=[(NAMES[lang], lang) for lang in LANGUAGES],
            value=self.lang,
            style={"button_width": "auto"},
        )
        self.language.observe(lambda change: self.speak(change["new"]), "value")
        self.cards, self.views, self.stage = widgets.Box(), widgets.VBox(), widgets.VBox()
        self.cards.add_class("kp-cards")

    def _parts(self) -> tuple[widgets.Widget, ...]:
        spread = widgets.Layout(justify_content="space-between", align_items="flex-start")
        head = widgets.HBox((self.title, self.language), layout=spread)
        doing = widgets.HBox((self.status, self.cancel))
        self.front = widgets.VBox((self.goal, self.verdict, self.run, self.views, self.cards))
        self.back = widgets.HBox((self.home, self.save, self.said))
        for row in (head, doing, self.back):
            row.add_class("kp-row")
        return head, self.problem, doing, self.back, self.front, self.stage

    def text(self, key: str) -> str:
        """The text `workbench.<key>` in the language of the page."""
        return label(f"workbench.{key}", self.lang)

    def _say(self) -> None:
        """Everything that is said, in the language of the page."""
        name = self.case.title if self.case else self.folder.name
        asks = escape(self.text("review_asks"))
        self.title.value = f"<h1>{escape(name)}</h1><p class='kp-asks'>{asks}</p>"
        buttons = {"cancel": self.cancel, "run_review": self.run, "home": self.home}
        for key, button in ({"save_view": self.save} | buttons).items():
            button.description = self.text(key)
        self.cancel.layout.display = "none"
        self._say_goal()
        self._say_verdict()
        self._say_views()
        self.cards.children = [
            *(self._card(name) for name in QUESTIONS),
            card(self.text("tree"), self.text("tree_asks"), self.show_tree, able=bool(self.case)),
            card(self.text("new_case"), self.text("new_case_asks"), self.show_new),
        ]
        self._at(bool(self.stage.children))

    def _at(self, inside: bool) -> None:
        """Either the home page or what was opened from it."""
        self.front.layout.display = "none" if inside else ""
        self.back.layout.display = "" if inside else "none"
        self.run.layout.display = "" if self.case else "none"

    def _card(self, name: str) -> widgets.Widget:
        """A question with what it lacks; before the case is open nobody knows."""
        lacking, known = self.lacks.get(name), name in self.lacks
        lacks = "" if lacking is None else sentence(lacking, self.lang)
        asks, ready = self.text(f"{name}_asks"), known and lacking is None
        pressed = partial(self.show, name)
        return card(self.text(name), asks, pressed, lacks=lacks, able=known, main=ready)

    def _say_goal(self) -> None:
        if self.case is None or self.reached is None:
            self.goal.value = ""
            return
        from kpilab.workbench.words import Words

        words, table = Words(self.case, self.lang), self.reached.table
        shown = words.table(table[[c for c in SHORT if c in table.columns]], ("change",))
        said = escape(words.say(self.reached.headline))
        self.goal.value = f"<h2>{escape(self.text('goal_and_kpis'))}</h2><p>{said}</p>{shown}"

    def _say_verdict(self) -> None:
        if self.review is None:
            self.verdict.value = ""
            return
        from kpilab.report.words import Words as Told

        told = escape(Told(self.review, self.lang).verdict())
        self.verdict.value = f"<p class='kp-verdict' role='status'>{told}</p>"

    def _say_views(self) -> None:
        kept = self._saved().all() if self.case else {}
        rows = []
        for name, query in kept.items():
            button = widgets.Button(description=f"☆ {name}")
            button.on_click(lambda _, query=query: self.follow(query))
            rows.append(button)
        title = widgets.HTML(f"<h2>{escape(self.text('saved_views'))}</h2>")
        self.views.children = (title, *rows) if rows else ()

    # What can be done with it, by hand or from Python.

    def load(self) -> None:
        """Open the case, then measure goal and KPIs, off the main thread."""
        if self.folder.is_dir() and not (self.folder / "case.yml").is_file():
            self.show_new(self.folder)
            return
        self._work("opening", self._opening, self._opened)

    def stop(self) -> None:
        """Wait no longer for what is running."""
        self.job.cancel()
        self._rest()

    def wait(self, seconds: float = 60) -> None:
        """Until the work is done, for scripts and tests."""
        self.job.wait(seconds)
        self.job.wait(seconds)

    def speak(self, lang: str) -> None:
        """Say everything in another language; nothing is computed again."""
        self.lang = self.language.value = lang
        self._say()
        for panel in self.panels.values():
            panel.speak(lang)
        self._tell()

    def show(self, name: str) -> Panel | None:
        """Open a question; None before the case is open."""
        if self.case is None:
            return None
        if name not in self.panels:
            from kpilab import workbench
            from kpilab.workbench.basket import Workspace
            from kpilab.workbench.panel import Panel

            self.panels[name] = Panel(
                self.case,
                getattr(workbench, name.upper()),
                store=Workspace(self.case, self.workspace),
                lang=self.lang,
                moved=lambda _: self._tell(),
            )
        self._enter(self.panels[name])
        return self.panels[name]

    def show_review(self) -> None:
        """Open the review and run it."""
        if self.case is None:
            return
        if "review" not in self.panels:
            from kpilab.workbench.apps.review import ReviewPanel

            self.panels["review"] = ReviewPanel(
                self.case, lang=self.lang, done=self._reviewed, follow=self.look_at
            )
        self._enter(self.panels["review"])
        if self.review is None:
            self.panels["review"].start()

    def show_tree(self) -> None:
        """Open the decomposition tree of the goal."""
        if self.case is None:
            return
        if "tree" not in self.panels:
            from kpilab.workbench.tree import Tree

            self.panels["tree"] = Tree(self.case, lang=self.lang)
        self._enter(self.panels["tree"])

    def look_at(self, cause: Cause) -> None:
        """Open the place of a cause: what moved there, and since when."""
        panel = self.show("whys")
        if panel is None or self.case is None:
            return
        from kpilab.workbench.apps.whys import below

        metric = cause.subject if cause.subject in self.case.metrics else self.case.goal.metric
        start = panel.app.start(self.case).chosen(metric=metric)
        panel.go(below(self.case, start.within(cause.where)))

    def show_new(self, folder: Path | None = None) -> None:
        """Open the page that makes a case of a folder of tables."""
        from kpilab.workbench.create import NewCase

        if "new" not in self.panels:
            self.panels["new"] = NewCase(folder, self.workspace, lang=self.lang, made=self.take)
        self._enter(self.panels["new"])

    def show_home(self) -> None:
        """Back to the home page."""
        self.stage.children = ()
        self._say_views()
        self._at(False)
        self._tell()

    def take(self, folder: Path) -> None:
        """Go on with another case."""
        self.folder, self.query, self.case, self.review, self.reached = folder, "", None, None, None
        self.lacks, self.panels = {}, {}
        self.show_home()
        self._say()
        self.load()

    def follow(self, query: str) -> None:
        """Open what a link leads to."""
        name = parse_qs(query).get("open", [""])[0]
        if self.case is None or name not in QUESTIONS:
            return
        from kpilab.workbench.links import state_of

        panel = self.show(name)
        if panel is not None:
            panel.go(state_of(panel.app, self.case, query))

    def save_view(self) -> None:
        """Keep what is shown as a view with a name."""
        panel = self.stage.children[0] if self.stage.children else None
        app = getattr(panel, "app", None)
        if panel is None or app is None:
            return
        name = f"{self.text(app.name)} · {panel.words.stands(panel.state)}"
        try:
            self._saved().keep(name, self.address.query)
        except KpilabError as error:
            self._refused(error)
            return
        self.said.value = f"<span class='kp-ok' role='status'>{escape(self.text('saved'))}</span>"

    # Work off the main thread.

    def _work(
        self,
        key: str,
        work: Callable[[Callable[[], None]], Any],
        done: Callable[[Any], None],
    ) -> None:
        self.status.value, self.cancel.layout.display = progress(escape(self.text(key))), ""

        def answered(future: Future[Any]) -> None:
            error = future.exception()
            self._rest()
            if error is None:
                done(future.result())
            else:
                self._refused(error)

        self.job.start(work, answered)

    def _rest(self) -> None:
        self.status.value, self.cancel.layout.display = "", "none"

    def _refused(self, error: BaseException) -> None:
        """An error in words; one of ours with its name."""
        from kpilab.workbench.words import problem_html

        self.problem.value = problem_html(error, self.lang)

    def _opening(self, check: Callable[[], None]) -> tuple[Case, dict[str, Message | None]]:
        from kpilab import workbench
        from kpilab.case.read import open_case

        case = open_case(self.folder, language=self.asked or None)
        check()
        apps = {name: getattr(workbench, name.upper()) for name in QUESTIONS}
        return case, {name: app.lacking(case, app.start(case)) for name, app in apps.items()}

    def _opened(self, found: tuple[Case, dict[str, Message | None]]) -> None:
        self.case, self.lacks = found
        self.problem.value = ""
        if not self.asked:
            self.lang = self.language.value = self.case.language
        self._say()
        if parse_qs(self.query).get("open"):
            self.follow(self.query)
        self._tell()
        self._work("measuring", self._measuring, self._measured)

    def _measuring(self, check: Callable[[], None]) -> Result | None:
        from kpilab.workbench import ask

        return ask.reached(self.case) if self.case else None

    def _measured(self, found: Result | None) -> None:
        self.reached = found
        self._say_goal()

    def _reviewed(self, review: Review) -> None:
        self.review = review
        # What the review repaired or cut is so here as well: one value per KPI.
        told = [r for f in review.findings for r in f.evidence if r.kind == "attainment"]
        self.reached = told[0] if told else self.reached
        self._say_goal()
        self._say_verdict()

    def _enter(self, panel: widgets.Widget) -> None:
        self.said.value = ""
        self.stage.children = (panel,)
        self.save.layout.display = "" if hasattr(panel, "app") else "none"
        self._at(True)
        self._tell()

    def _tell(self) -> None:
        """The address bar says what is shown."""
        panel = self.stage.children[0] if self.stage.children else None
        query = urlencode({"lang": self.lang})
        if panel is not None and hasattr(panel, "app"):
            from kpilab.workbench.links import query_of

            query = query_of(panel.app, panel.state, self.lang)
        given = os.environ.get(CASE) or str(bundled())
        if self.folder.resolve() != Path(given).resolve():
            query += "&" + urlencode({"case": os.path.relpath(self.folder, self.workspace)})
        self.address.query = query

    def _saved(self) -> Any:
        from kpilab.workbench.saved import Saved

        return Saved(self.workspace, self.case.name if self.case else "")
