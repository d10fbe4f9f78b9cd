"""The filter bar: the segment in force as chips, each with a way out, and a way to add one."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from kpilab.core.table import Table
from kpilab.core.values import Where
from kpilab.engine.metrics import segment
from kpilab.engine.run import collect
from kpilab.workbench.job import ENGINE
from kpilab.workbench.words import Words

MOST_VALUES = 200


def values_of(table: Table, dimension: str, where: Where) -> list[str]:
    """The values of a dimension inside a segment, most rows first."""
    rows = segment(table, where)
    counts = rows.group_by(dimension).agg(rows=rows.count())
    found = collect(
        counts.order_by(counts.rows.desc(), counts[dimension]).limit(MOST_VALUES), "filter"
    )
    return [str(v) for v in found[dimension].dropna()]


class FilterBar:
    """Shows a filter; `changed` gets the new one."""

    def __init__(self, changed: Callable[[Where], None]) -> None:
        self.changed = changed
        self.box = widgets.HBox(layout=widgets.Layout(flex_flow="row wrap", align_items="center"))
        self.box.add_class("kp-filter")

    def show(self, table: Table | None, where: Where, words: Words) -> None:
        """The chips of `where`, and what of `table` can be added to it."""
        self.table, self.where, self.words = table, where, words
        title = widgets.HTML(f"<span class='kp-label'>{words.text('filter')}</span>")
        chips = [self._chip(k, v, "=") for k, v in where.values.items()]
        chips += [self._chip(k, v, "≠") for k, v in where.without.items()]
        if not chips:
            chips = [widgets.HTML(f"<span class='kp-none'>{words.text('no_filter')}</span>")]
        self.box.children = (title, *chips, *self._adding())

    def _chip(self, dimension: str, values: tuple[object, ...], sign: str) -> widgets.Button:
        text = f"{self.words.column(dimension)} {sign} {' | '.join(map(str, values))}"
        chip = widgets.Button(
            description=f"{text} ×",
            tooltip=self.words.text("remove_filter", filter=text),
            layout=widgets.Layout(width="auto"),
        )
        chip.add_class("kp-chip")
        chip.on_click(lambda _: self.changed(_without(self.where, dimension)))
        return chip

    def _adding(self) -> tuple[widgets.Widget, ...]:
        """Pickers of a dimension and, once it is chosen, of its value."""
        free = [
            d
            for d in (self.table.dimensions_named if self.table else ())
            if d not in self.where.values
        ]
        if not free:
            return ()
        first = [("…", ""), *((self.words.column(d), d) for d in free)]
        narrow, style = {"width": "auto"}, {"description_width": "initial"}
        dimension = widgets.Dropdown(
            options=first, description=self.words.text("add_filter"), value="", layout=narrow,
            style=style,
        )  # fmt: skip
        value = widgets.Dropdown(
            options=[("…", "")], description="=", value="", layout=narrow | {"display": "none"},
            style=style,
        )  # fmt: skip
        dimension.observe(lambda change: self._offer(change["new"], value), "value")
        value.observe(lambda change: self._add(dimension.value, change["new"]), "value")
        return dimension, value

    def _offer(self, dimension: str | None, picker: widgets.Dropdown) -> None:
        if not dimension or self.table is None:
            return
        with ENGINE:
            found = values_of(self.table, dimension, self.where)
        picker.options = [("…", ""), *((v, v) for v in found)]
        picker.layout.display = ""

    def _add(self, dimension: str | None, value: str | None) -> None:
        if dimension and value:
            self.changed(Where(dict(self.where.values) | {dimension: (value,)}, self.where.without))


def _without(where: Where, dimension: str) -> Where:
    return Where(
        *({k: v for k, v in d.items() if k != dimension} for d in (where.values, where.without))
    )
