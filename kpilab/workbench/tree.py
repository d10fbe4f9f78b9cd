"""The decomposition tree: a metric's change, opened level by level; every level stays in sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from typing import Any

import ipywidgets as widgets

from kpilab.analysis.rootcause.split import SplitResult, split
from kpilab.core.case import Case
from kpilab.core.values import EVERYWHERE, Message, Where
from kpilab.show.format import number, percent, signed, signed_percent
from kpilab.show.format import where as where_text
from kpilab.workbench import ask
from kpilab.workbench.job import Job
from kpilab.workbench.lacks import Lacks
from kpilab.workbench.look import STYLE, progress
from kpilab.workbench.words import Words

MOST = 8  # values shown below a node; the rest is said
BEST, ALPHA = "best", 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A node that is open.

    Attributes:
        by: the dimension it is split by. found: its values. q: how likely values as uneven are by
            chance, corrected for the dimensions looked at; None where somebody chose.
        locked: whether another choice above leaves it as it is.
    """

    by: str
    found: SplitResult
    q: float | None = None
    locked: bool = False


def branch(case: Case, metric: str, where: Where, by: str) -> Branch:
    """Open a node: by a dimension, or ("best") by the one along which the change differs most.

    Raises:
        BadInput: no dimension is left, or the metric does not add up over days.
    """
    q = None
    if by == BEST:
        table = ask.best_split(case, metric, where=where).table
        if table.empty:
            raise Lacks(Message("workbench.lacks_open"))
        first = table.iloc[0]
        by, q = str(first["dimension"]), float(first["q"])
    return Branch(by, split(case, metric, by=by, where=where), q)


class Tree(widgets.VBox):
    """The decomposition tree of a metric. Its headless twin is `branch`.

    Args:
        case: from `kpilab.open_case`. metric: the goal if "". lang: the case's own if None.
    """

    def __init__(self, case: Case, metric: str = "", *, lang: str | None = None) -> None:
        self.case, self.words = case, Words(case, lang or case.language)
        names = dict.fromkeys((case.goal.metric, *case.goal.tree.leaves, *case.metrics))
        self.metrics = [n for n in names if case.metrics[n].per is None]
        self.metric = metric or next(iter(self.metrics), case.goal.metric)
        self.open_now: dict[Where, Branch] = {}
        self.compared: tuple[Where, ...] = ()
        self.job: Job[Branch] = Job()
        self.title, self.status, self.against = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.rows, self.picker = widgets.VBox(), widgets.Dropdown(layout={"width": "280px"})
        self.picker.add_class("kp-pick")
        self.picker.observe(lambda change: self.measure(change["new"]), "value")
        parts = (self.title, self.picker, self.status, self.rows, self.against)
        super().__init__(children=(widgets.HTML(STYLE), *parts))
        self.add_class("kp-panel")
        self._draw()

    def speak(self, lang: str) -> None:
        """Say everything in another language; nothing is computed again."""
        self.words = Words(self.case, lang)
        self._draw()

    def measure(self, metric: str | None) -> None:
        """The tree of another metric."""
        if metric and metric != self.metric:
            self.metric, self.open_now, self.compared = metric, {}, ()
            self._draw()

    def expand(self, where: Where, by: str) -> None:
        """Open a node, or open it another way; what is below and not locked is closed."""

        def answered(future: Future[Branch]) -> None:
            error = future.exception()
            self.status.value = "" if error is None else self.words.problem(error)
            if error is None:
                self.fold(where)
                self.open_now[where] = future.result()
                self._draw()

        self.status.value = progress(escape(self.words.text("working")))
        self.job.start(lambda check: branch(self.case, self.metric, where, by), answered)

    def fold(self, where: Where) -> None:
        """Close a node and what is below it; locked branches stay for when it is opened again."""
        inside = set(where.values.items())
        self.open_now = {
            w: b
            for w, b in self.open_now.items()
            if b.locked or not inside <= set(w.values.items())
        }
        self._draw()

    def lock(self, where: Where) -> None:
        """Keep a branch as it is, or let it go again."""
        one = self.open_now[where]
        self.open_now[where] = replace(one, locked=not one.locked)
        self._draw()

    def compare(self, where: Where) -> None:
        """Hold a node against another one; a third takes the place of the first."""
        kept = tuple(w for w in self.compared if w != where)
        self.compared = kept if where in self.compared else (*kept, where)[-2:]
        self._draw()

    def wait(self, seconds: float = 60) -> None:
        """Until the work is done, for scripts and tests."""
        self.job.wait(seconds)

    # What is on the page.

    def _draw(self) -> None:
        w = self.words
        asks = escape(w.text("tree_asks"))
        self.title.value = f"<h2>{escape(w.text('tree'))}</h2><p class='kp-asks'>{asks}</p>"
        self.picker.description = w.text("metric")
        self.picker.options = [(str(w.say(n)), n) for n in self.metrics]
        self.picker.value = self.metric if self.metric in self.metrics else None
        top = f"<b>{escape(str(w.say(self.metric)))}</b>"
        self.rows.children = self._node(EVERYWHERE, top, 0)
        pair = [self._told(where) for where in self.compared]
        self.against.value = (
            f"<p role='status'>{escape(w.text('tree_pair', first=pair[0], second=pair[1]))}</p>"
            if len(pair) == 2
            else ""
        )

    def _node(self, where: Where, said: str, deep: int) -> tuple[widgets.Widget, ...]:
        """A node's row, and those below it."""
        one = self.open_now.get(where)
        row = widgets.HBox((widgets.HTML(said), *self._buttons(where, one)))
        row.add_class("kp-row")
        row.layout.margin = f"0 0 0 {26 * deep}px"
        if one is None:
            return (row,)
        values = {"dimension": self.words.column(one.by), "q": one.q}
        key = "tree_by" if one.q is None or one.q <= ALPHA else "tree_by_noise"
        how = widgets.HTML(f"<i class='kp-none'>{escape(self.words.text(key, **values))}</i>")
        how.layout.margin = f"0 0 0 {26 * deep + 26}px"
        table = one.found.table.reindex(
            one.found.table["contribution"].abs().sort_values(ascending=False).index
        )
        below = list[widgets.Widget]()
        for record in table.head(MOST).to_dict("records"):
            inside = Where({**where.values, one.by: (record["segment"],)})
            below += self._node(inside, self._line(record), deep + 1)
        rest = len(table) - MOST
        more = self.words.text("more_rows", rows=rest) if rest > 0 else ""
        return (row, how, *below, *((widgets.HTML(escape(more)),) if more else ()))

    def _line(self, record: Mapping[Any, object]) -> str:
        """A value with its numbers, and a bar as long as its share of the change."""
        lang, share = self.words.lang, float(str(record["share"]))
        told = self._numbers(record)
        width = 0 if share != share else min(round(abs(share) * 90), 180)
        tone = "--kp-green" if float(str(record["contribution"])) >= 0 else "--kp-red"
        bar = f"<span style='display:inline-block;height:9px;width:{width}px;"
        bar += f"background:var({tone});margin:0 6px'></span>"
        part = "" if share != share else percent(share, lang)
        return f"<b>{escape(str(record['segment']))}</b> {escape(told)}{bar}{escape(part)}"

    def _numbers(self, record: Mapping[Any, object]) -> str:
        lang = self.words.lang
        before, after, change, part = (
            float(str(record[k])) for k in ("baseline", "current", "change", "contribution")
        )
        moved = f" ({signed_percent(change, lang)})" if change == change else ""
        return f"{number(before, lang)} → {number(after, lang)}{moved}, {signed(part, lang)}"

    def _told(self, where: Where) -> str:
        """A node and its numbers, for a comparison."""
        dimension, values = list(where.values.items())[-1]
        above = Where({d: v for d, v in where.values.items() if d != dimension})
        one = self.open_now.get(above)
        found = [] if one is None else one.found.table.to_dict("records")
        record = next((r for r in found if r["segment"] == values[0]), None)
        numbers = (
            "" if record is None else f": {self._numbers({str(k): v for k, v in record.items()})}"
        )
        return f"{where_text(where, self.words.lang)}{numbers}"

    def _buttons(self, where: Where, one: Branch | None) -> tuple[widgets.Widget, ...]:
        """What can be done with a node."""
        w, here = self.words, where_text(where, self.words.lang)
        free = [d for d in self._dimensions() if d not in where.values]
        found = list[widgets.Widget]()
        if one is not None:
            found.append(self._button("−", w.text("tree_fold", at=here), partial(self.fold, where)))
            sign = w.text("tree_kept" if one.locked else "tree_keep")
            found.append(
                self._button(sign, w.text("tree_lock", at=here), partial(self.lock, where))
            )
        if free:
            best = w.text("tree_best", at=here)
            found.append(self._button("★", best, partial(self.expand, where, BEST)))
            by = widgets.Dropdown(
                options=[("+", ""), *((w.column(d), d) for d in free)], value="",
                layout={"width": "auto"}, description=w.text("tree_split"),
                style={"description_width": "initial"},
            )  # fmt: skip
            by.observe(self._chosen(where), "value")
            found.append(by)
        if where:
            tip = w.text("tree_compare", at=here)
            both = self._button("⇄", tip, partial(self.compare, where))
            both.button_style = "info" if where in self.compared else ""
            found.append(both)
        return tuple(found)

    def _chosen(self, where: Where) -> Callable[[dict[str, str]], None]:
        return lambda change: self.expand(where, change["new"]) if change["new"] else None

    def _button(self, sign: str, tip: str, pressed: Callable[[], None]) -> widgets.Button:
        button = widgets.Button(description=sign, tooltip=tip)
        button.on_click(lambda _: pressed())
        return button

    def _dimensions(self) -> tuple[str, ...]:
        return tuple(self.case.tables[self.case.metrics[self.metric].table].dimensions_named)
