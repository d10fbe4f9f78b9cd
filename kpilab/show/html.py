"""Display bundle of a result: escaped sentence, table and static picture."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, cast

import pandas as pd

from kpilab.errors import MissingExtra, extra
from kpilab.show.format import number
from kpilab.show.say import sentence

if TYPE_CHECKING:
    import altair as alt

    from kpilab.analysis.experiments.experiment import ExperimentResult
    from kpilab.core.result import Result

MOST_ROWS = 12
CODE = re.compile(r"`([^`\n]+)`")


def with_code(text: str) -> str:
    """Escaped text; what stands between backticks, a key of a case say, as code."""
    return CODE.sub(r"<code>\1</code>", escape(text))


def table_html(table: pd.DataFrame, lang: str = "en", most: int = MOST_ROWS) -> str:
    """An escaped HTML table of the first rows; numbers are right-aligned and rounded for
    reading."""
    head = "".join(f"<th scope='col'>{escape(str(c))}</th>" for c in table.columns)
    body = "".join(
        f"<tr>{''.join(_cell(v, lang) for v in row)}</tr>"
        for row in table.head(most).itertuples(index=False)
    )
    rest = f"<caption>{most} / {len(table)}</caption>" if len(table) > most else ""
    return f"<table>{rest}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object, lang: str) -> str:
    if isinstance(value, float):
        return f"<td style='text-align:right'>{escape(number(value, lang))}</td>"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"<td style='text-align:right'>{value:,}</td>"
    return f"<td>{escape(str(value))}</td>"


def mimebundle(result: Result, lang: str = "en") -> dict[str, object]:
    """text/plain and text/html; the picture is an inline SVG, so nothing is loaded from outside."""
    headline = sentence(result.headline, lang)
    notes = "".join(f"<li>{escape(sentence(n, lang))}</li>" for n in result.notes)
    try:
        picture = svg(result, lang)
    except MissingExtra:
        picture = ""
    if result.kind == "experiment":
        from kpilab.show.trial_page import page

        html = page(cast("ExperimentResult", result), lang, [picture])
    else:
        rows = table_html(result.table, lang)
        html = f"<p><strong>{escape(headline)}</strong></p>{picture}{rows}<ul>{notes}</ul>"
    plain = f"{headline}\n\n{result.table.head(MOST_ROWS).to_string(index=False)}"
    return {"text/plain": plain, "text/html": html}


def svg(result: Result, lang: str = "en") -> str:
    """The result's chart as SVG text."""
    return svg_of(result.chart(lang))


def svg_of(chart: alt.TopLevelMixin) -> str:
    """A chart of ours as SVG text; whether it keeps the schema is for the tests to see."""
    with extra("a picture"):
        import vl_convert
    from kpilab.show.theme import CJK, FONT, LATIN

    told, measured = chart.to_json(validate=False, ensure_ascii=False), FONT
    if all(ord(letter) < CJK for letter in set(told)):
        # To measure text in a Chinese font takes longer than everything else of the drawing.
        measured = f"{LATIN}sans-serif"
    drawn = vl_convert.vegalite_to_svg(told.replace(FONT, measured)).replace(measured, FONT)
    # A reader's font may be a little wider than the one that was measured.
    return drawn.replace('class="marks"', 'class="marks" style="overflow:visible"', 1)
