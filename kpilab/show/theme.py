"""Colours and fonts: one colour-blind-safe look for light and dark."""

from __future__ import annotations

import altair as alt

# Okabe-Ito, ordered so that the first two contrast most.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5D5D5D", "#B8A200")
INK, MUTED, GRID, AXIS = "#1F2933", "#52606D", "#E6E8EB", "#9AA3AB"
GOOD, BAD, NEUTRAL, MARKET, QUIET = "#009E73", "#D55E00", "#5D5D5D", "#CC79A7", "#B9C0C7"
FONT = "Inter, 'Helvetica Neue', Arial, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"


def themed(chart: alt.TopLevelMixin) -> alt.TopLevelMixin:
    """The chart in the house's look (a property of the chart, never a global setting)."""
    return (
        chart.configure(font=FONT, background="transparent")
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            gridColor=GRID,
            domainColor=AXIS,
            tickColor=AXIS,
            labelColor=MUTED,
            titleColor=MUTED,
        )
        .configure_title(
            fontSize=14, anchor="start", fontWeight=600, subtitleFontSize=11, color=INK, subtitleColor=MUTED
        )
        .configure_range(category=list(PALETTE))
        .configure_legend(labelFontSize=11, titleFontSize=11, labelColor=MUTED, titleColor=MUTED)
        .configure_text(color=INK)
        .configure_rule(color=MUTED)
        .configure_bar(color=PALETTE[0])
        .configure_line(color=PALETTE[0])
        .configure_area(color=PALETTE[0])
        .configure_point(color=PALETTE[0])
    )
