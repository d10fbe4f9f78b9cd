"""Titles: the headline sentence, broken into lines that fit above a chart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import altair as alt

from kpilab.show import say

if TYPE_CHECKING:
    from kpilab.core.result import Result

WIDTH = 78  # of a line in Latin letters; a Chinese one takes two
# What a line may not be broken inside of: a Chinese character with the stops after it, or a word or
# number.
PIECE = re.compile(
    r"[\u2e80-\u9fff\uf900-\uffef][,.;:!?)\]%,。、;:!?)》」”]*|(?:< "
    r")?[^\s\u2e80-\u9fff\uf900-\uffef]+(?: %\S*)?|\s+"
)


def head(result: Result, lang: str = "en") -> alt.TitleParams:
    """The headline as the chart's title."""
    return alt.TitleParams(lines(say(result.headline, lang)))


def lines(text: str, most: int = WIDTH) -> list[str]:
    """The text in lines of at most `most` letters, never broken inside a word or a number."""
    found, line = [], ""
    for piece in PIECE.findall(text):
        if line.strip() and _width(line + piece.rstrip()) > most:
            found.append(line.strip())
            line = ""
        line += piece
    return [*found, line.strip()] if line.strip() or not found else found


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
