"""Colours and fonts: one colour-blind-safe look for light and dark."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def _without(module: str) -> Generator[None]:
    """Imports inside go on as if an optional `module` were not installed."""
    loaded = sys.modules.get(module)
    # what the import system takes for "not there"
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
        if loaded is not None:
            sys.modules[module] = loaded


# Altair imports jsonschema, which builds 38 grammars of web addresses if it finds them, and loads a
# reader of spans of time; no chart has such a field, and they take longer than everything else
# Altair loads.
with _without("rfc3987_syntax"), _without("isoduration"):
    import altair as alt
    from altair.utils.schemapi import debug_mode

# Okabe-Ito, ordered so that the first two contrast most.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5D5D5D", "#B8A200")
INK, MUTED, GRID, AXIS = "#1F2933", "#52606D", "#E6E8EB", "#9AA3AB"
GOOD, BAD, NEUTRAL, MARKET, QUIET = "#009E73", "#D55E00", "#5D5D5D", "#CC79A7", "#B9C0C7"
LATIN = "Inter, 'Helvetica Neue', Arial, "
FONT = f"{LATIN}'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
CJK = 0x2E80  # the first letter that takes one of the wide fonts


CONFIG = {
    "font": FONT,
    "background": "transparent",
    "view": {"strokeWidth": 0},
    "axis": {
        "labelFlush": False,  # moved inwards, the last label would meet its neighbour
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": AXIS,
        "tickColor": AXIS,
        "labelColor": MUTED,
        "titleColor": MUTED,
    },
    "title": {
        "fontSize": 14,
        "anchor": "start",
        "fontWeight": 600,
        "subtitleFontSize": 11,
        "color": INK,
        "subtitleColor": MUTED,
    },
    "range": {"category": list(PALETTE)},
    "legend": {"labelFontSize": 11, "titleFontSize": 11, "labelColor": MUTED, "titleColor": MUTED},
    "text": {"color": INK},
    "rule": {"color": MUTED},
    "bar": {"color": PALETTE[0]},
    "line": {"color": PALETTE[0]},
    "area": {"color": PALETTE[0]},
    "point": {"color": PALETTE[0]},
}


def unchecked() -> AbstractContextManager[None]:
    """Charts drawn inside are not checked part by part, which takes longer than to draw them: the
    whole is checked against the schema where it is written (`to_dict`)."""
    return debug_mode(False)


def themed(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """The chart in the house's look (a property of the chart, never a global setting)."""
    return chart.configure(**CONFIG)
