"""A chart on the page whose marks can be clicked;
the link to Python survives every change of chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import altair as alt
import ipywidgets as widgets

MARK = "mark"
EMBED = {"actions": False, "renderer": "svg"}


class Link:
    """Holds one chart widget and says which mark was clicked.

    Each new chart brings its own selections object; an observer on the old one would never hear
    again. So the observer is attached after every change, and only if the object is another one: an
    equal chart keeps its own.
    """

    def __init__(self, clicked: Callable[[Mapping[str, object]], None]) -> None:
        self.clicked = clicked
        self.box = widgets.Box()
        self.widget: alt.JupyterChart | None = None
        self._heard: object = None

    def show(self, chart: Any, fields: tuple[str, ...] = (), text: str = "") -> None:
        """Put a chart on the page.

        Args:
            chart: any Altair chart.
            fields: columns of its data that identify a mark; () when a click leads nowhere.
            text: what the chart shows, for those who cannot see it.
        """
        chart = chart.properties(description=text) if text else chart
        if fields:
            chart = chart.add_params(
                alt.selection_point(name=MARK, fields=list(fields), on="click", empty=False)
            )
        if self.widget is None:
            alt.JupyterChart.enable_offline()
            self.widget = alt.JupyterChart(chart, embed_options=EMBED)
            self.box.children = (self.widget,)
        else:
            self.widget.chart = chart
        self._listen()

    def clear(self) -> None:
        """Take the chart off the page."""
        self.box.children = ()
        self.widget, self._heard = None, None

    def _listen(self) -> None:
        selections = self.widget.selections if self.widget is not None else None
        if selections is not None and selections is not self._heard and selections.has_trait(MARK):
            selections.observe(self._picked, MARK)
        self._heard = selections

    def _picked(self, change: Mapping[str, Any]) -> None:
        marks = change["new"].value
        if marks:
            self.clicked({k: v for k, v in marks[-1].items() if k != "vlPoint"})
