"""A chart as a picture: in the fonts of the house, whichever of them were measured."""

from __future__ import annotations

import altair as alt
import pandas as pd
import pytest

from kpilab.show.html import svg_of, with_code
from kpilab.show.theme import FONT, themed


@pytest.mark.parametrize("title", ["Orders – a week", "每周订单"])
def test_a_picture_is_in_the_fonts_of_the_house_and_nothing_is_cut(title):
    chart = alt.Chart(pd.DataFrame({"x": [1.0, 2.0]})).mark_point().encode(x="x:Q")
    drawn = svg_of(themed(chart.properties(title=title)))
    assert title in drawn
    assert f'font-family="{FONT}"' in drawn
    assert drawn.count("font-family") == drawn.count(FONT)
    assert 'style="overflow:visible"' in drawn


def test_what_stands_between_backticks_is_code_and_all_is_escaped():
    assert with_code("add `a<b` & `c`") == "add <code>a&lt;b</code> &amp; <code>c</code>"
    assert with_code("one ` alone") == "one ` alone"
