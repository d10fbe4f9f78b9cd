"""Titles: the headline sentence, broken into lines that fit above a chart."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import altair as alt

from kpilab.show import say

if TYPE_CHECKING:
    from kpilab.core.result import Result

LINE = {"en": 78, "zh": 42}


def head(result: Result, lang: str = "en") -> alt.TitleParams:
    """The headline as the chart's title."""
    text = say(result.headline, lang)
    size = LINE[lang]
    lines = [text[k : k + size] for k in range(0, len(text), size)] if lang == "zh" else wrap(text, size)
    return alt.TitleParams(lines)
