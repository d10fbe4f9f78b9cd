"""A chart on the page whose marks can be clicked, and a list of the same marks for the keyboard;
the link to Python survives every change of chart."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets as widgets
import pandas as pd

from kpilab.show.theme import alt

MARK = "mark"
NONE = -1  # of the list: no mark is chosen
EMBED = {"actions": False, "renderer": "svg"}
MOST = 60  # marks in the list
Mark = Mapping[str, object]


class Link:
    """Holds one chart widget and says which mark was clicked, or chosen from the list below it.

    Each new chart brings its own selections object; an observer on the old one would never hear
    again. So the observer is attached after every change, and only if the object is another one: an
    equal chart keeps its own.
    """

    def __init__(self, clicked: Callable[[Mark], None]) -> None:
        self.clicked = clicked
        self.list = widgets.Dropdown(layout={"display": "none", "width": "340px"})
        self.list.add_class("kp-pick")
        self.list.observe(self._chosen, "value")
        self.box = widgets.VBox()
        self.box.add_class("kp-chart")
        self.widget: alt.JupyterChart | None = None
        self._heard: object = None

    def show(
        self,
        chart: Any,
        fields: tuple[str, ...] = (),
        text: str = "",
        *,
        asks: str = "",
        names: Callable[[Mark], str] = lambda mark: " · ".join(map(str, mark.values())),
    ) -> None:
        """Put a chart on the page.

        Args:
            chart: any Altair chart.
            fields: columns of its data that identify a mark; () when a click leads nowhere.
            text: what the chart shows, for those who cannot see it.
            asks: what stands before the list of marks. names: what a mark is called there.

        Raises:
            LookupError: no part of the chart carries the fields, so that no click could be heard.
        """
        chart = chart.properties(description=text) if text else chart
        found = marks(chart, fields) if fields else []
        if fields:
            with warnings.catch_warnings():  # parts that listen alike are meant to
                warnings.filterwarnings("ignore", "Automatically deduplicated")
                chart = _listening(chart, fields)
        if self.widget is None:
            alt.JupyterChart.enable_offline()
            self.widget = alt.JupyterChart(chart, embed_options=EMBED)
            self.box.children = (self.widget, self.list)
        else:
            self.widget.chart = chart
        self._offer(found, asks, names)
        self._listen()

    def clear(self) -> None:
        """Take the chart off the page."""
        self.box.children = ()
        self.widget, self._heard = None, None

    def _offer(self, found: Sequence[Mark], asks: str, names: Callable[[Mark], str]) -> None:
        # A list without a choice of its own stands before its first entry, and takes a key more.
        self.list.options = [("…", NONE), *((names(mark), k) for k, mark in enumerate(found))]
        self.list.value = NONE
        self.list.description, self._found = asks, found
        self.list.layout.display = "" if found else "none"

    def _chosen(self, change: Mapping[str, Any]) -> None:
        if change["new"] not in (None, NONE):
            self.clicked(self._found[change["new"]])

    def _listen(self) -> None:
        selections = self.widget.selections if self.widget is not None else None
        if selections is not None and selections is not self._heard and selections.has_trait(MARK):
            selections.observe(self._picked, MARK)
        self._heard = selections

    def _picked(self, change: Mapping[str, Any]) -> None:
        marks = change["new"].value
        if marks:
            self.clicked({k: v for k, v in marks[-1].items() if k != "vlPoint"})


def marks(chart: Any, fields: tuple[str, ...]) -> list[Mark]:
    """What can be clicked: every combination of the fields in the chart's data, once.

    Raises:
        LookupError: no part of the chart carries the fields.
    """
    parts = [data for _, data in _parts(chart, None) if data is not None]
    carrying = [data[list(fields)] for data in parts if _carries(data, fields)]
    if not carrying:
        known = sorted({str(c) for data in parts for c in data.columns})
        raise LookupError(f"no mark of the chart carries {list(fields)}; it has {known}")
    rows = pd.concat(carrying).dropna().drop_duplicates().head(MOST).astype(object)
    found = [dict(zip(fields, row, strict=True)) for row in rows.itertuples(index=False, name=None)]
    return [mark for mark in found if all(v != "" for v in mark.values())]


def _below(chart: Any) -> tuple[str, list[Any]]:
    """The name under which a chart holds others, and those; "" for a single chart."""
    for name in ("layer", "hconcat", "vconcat", "concat"):
        held = getattr(chart, name, alt.Undefined) if not isinstance(chart, alt.Chart) else None
        if isinstance(held, list):
            return name, held
    inner = getattr(chart, "spec", alt.Undefined) if isinstance(chart, alt.FacetChart) else None
    return ("spec", [inner]) if isinstance(inner, alt.Chart | alt.LayerChart) else ("", [])


def _parts(chart: Any, above: pd.DataFrame | None) -> Iterator[tuple[Any, pd.DataFrame | None]]:
    """The single charts of a chart with the data that each draws."""
    data = chart.data if isinstance(chart.data, pd.DataFrame) else above
    name, held = _below(chart)
    if not name:
        yield chart, data
    for part in held:
        yield from _parts(part, data)


def _carries(data: pd.DataFrame | None, fields: tuple[str, ...]) -> bool:
    return data is not None and set(fields) <= set(data.columns)


def _listening(chart: Any, fields: tuple[str, ...], above: pd.DataFrame | None = None) -> Any:
    """The chart whose marks that carry the fields can be clicked and show it by the pointer.

    Charts beside each other listen each for itself, layers of one as one: their first listens for
    all of them.
    """
    data = chart.data if isinstance(chart.data, pd.DataFrame) else above
    name, held = _below(chart)
    chart = chart.copy(deep=False)
    if not name:
        if not _carries(data, fields):
            return chart
        mark = chart.mark.to_dict() if hasattr(chart.mark, "to_dict") else {"type": chart.mark}
        chart.mark = alt.MarkDef(**{**mark, "cursor": "pointer"})
        return _with_selection(chart, fields)
    heard = [_listening(part, fields, data) for part in held]
    if name == "layer":
        first = next((k for k, part in enumerate(heard) if _heard(part)), None)
        heard = [part if k == first else _deaf(part) for k, part in enumerate(heard)]
    setattr(chart, name, heard[0] if name == "spec" else heard)
    # A copy is made anew: that is when a chart takes the selections of its parts to its top.
    return chart.copy(deep=False)


def _with_selection(chart: alt.Chart, fields: tuple[str, ...]) -> alt.Chart:
    picked = alt.selection_point(name=MARK, fields=list(fields), on="click", empty=False)
    return chart.add_params(picked)


def _heard(part: Any) -> bool:
    return any(getattr(p, "name", "") == MARK for p in _own(part))


def _own(part: Any) -> list[Any]:
    """A chart's own parameters."""
    return part.params if isinstance(getattr(part, "params", None), list) else []


def _deaf(part: Any) -> Any:
    """A layer without a selection of its own: the first one of its chart listens for all."""
    if _heard(part):
        part.params = [p for p in part.params if getattr(p, "name", "") != MARK] or alt.Undefined
    return part
