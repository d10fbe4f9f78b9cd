"""review.html: one page that opens offline, verdict first."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files
from itertools import accumulate
from typing import Any, Literal, cast

import pandas as pd
import vl_convert
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from platformdirs import user_cache_path

from kpilab.core.finding import Finding
from kpilab.report.cells import cells
from kpilab.report.document import Json, main_result
from kpilab.report.first import folded, lines, reached, standings
from kpilab.report.specs import BRIDGE, COURSE, wide
from kpilab.report.whys import tree
from kpilab.report.words import Words
from kpilab.show import format as form
from kpilab.show.labels import labelled
from kpilab.show.trial_page import page as trial_page
from kpilab.show.trial_tables import PARTS, part_table

# With the drawing code (0.9 MB) the page stays under 1.2 MB.
ROOM_FOR_CHARTS, ROOM_FOR_TABLES, MOST_ROWS = 150_000, 40_000, 30
ROOM_FOR_PARTS = 20_000  # the effects of experiments by day, age and segment
DRAWN = 7  # digits of a number in a chart

CHART_LOCALE: Mapping[str, Literal["en-GB", "zh-CN"]] = {"en": "en-GB", "zh": "zh-CN"}


def page(words: Words, data: Json, charts: Mapping[str, Json]) -> str:
    """The page's text: scripts run by their hash alone, every name from the data escaped.

    Args:
        words: the review and its language.
        data: the same review as in review.json.
        charts: Vega-Lite spec per finding id, and `bridge`.
    """
    scripts = [_bundle(), _file("page.js")]
    look = charts[BRIDGE].get("config", {})  # how all charts look stands in the page once
    specs = _fitting(words, charts, look)
    return _template(words.lang).render(
        w=words,
        t=words.text,
        review=words.review,
        data=data,
        css=Markup(_file("page.css")),  # noqa: S704  # our own file
        scripts=[Markup(s) for s in scripts],  # noqa: S704  # the library and our own file
        hashes=" ".join(f"'{_hash(s)}'" for s in scripts),
        style_hash=_hash(_file("page.css")),
        specs={key: [embedded(p) for p in _parts(spec)] for key, spec in specs.items()},
        drawn=set(charts),
        keys={key: _key(spec) for key, spec in charts.items()},
        locale=embedded(_locale(words.lang)),
        look=embedded(look),
        whys=tree(words),
        tables=_tables(words),
        tests=_tests(words),
        kpis=standings(words),
        reached=reached(words),
        lines=list(lines(words)),
        folded=folded,
    )


def embedded(value: object) -> Markup:
    """JSON for a script element that is only read: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  # the signs that matter in HTML are gone


def _template(lang: str) -> Template:
    env = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    forms = ("number", "signed", "percent", "interval", "period", "where", "day")
    env.filters |= {name: partial(_form, getattr(form, name), lang) for name in forms}
    return env.from_string(_file("page.html.j2"))


def _form(function: Callable[[object, str], str], lang: str, value: object) -> str:
    return function(value, lang)


@cache
def _bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script,
    kept in the user's cache folder from one run to the next."""
    place = user_cache_path("kpilab") / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, UnicodeDecodeError):
        return place.read_text("utf-8")
    code = _bundled()
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_suffix(f".{os.getpid()}")
        draft.write_text(code, "utf-8")
        draft.replace(place)  # whole or not at all
    return code


def _bundled() -> str:
    code = vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;", vl_version="6.4")
    return code.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


@cache
def _file(name: str) -> str:
    return (files("kpilab.report") / name).read_text("utf-8")


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _locale(lang: str) -> Json:
    name = CHART_LOCALE[lang]
    return {
        "number": vl_convert.get_format_locale(name),
        "time": vl_convert.get_time_format_locale(name),
    }


def _key(spec: Json) -> str:
    """What the marks of a chart stand for, where its subtitle says it."""
    title = spec.get("title")
    text = title.get("subtitle", "") if isinstance(title, dict) else ""
    return " · ".join(text) if isinstance(text, list) else str(text)


def _parts(spec: Json) -> list[Json]:
    """The charts that stand one below the other in a spec, each as wide as the page.

    Titles go: the page says them as text, which wraps and can be read aloud.
    """
    stacked = spec.get("vconcat", spec.get("hconcat"))
    if not isinstance(stacked, list):
        return [_untitled(spec)]
    shared = {k: v for k, v in spec.items() if k not in ("vconcat", "hconcat", "title", "spacing")}
    parts = [shared | _untitled(part) for part in stacked]
    return [wide(part | {"datasets": _used(part, shared.get("datasets", {}))}) for part in parts]


def _untitled(spec: Json) -> Json:
    """The spec and its layers without titles."""
    layers = spec.get("layer")
    spec = {k: v for k, v in spec.items() if k != "title"}
    if not isinstance(layers, list):
        return spec
    return spec | {"layer": [_untitled(part) for part in layers]}


def _used(part: Json, sets: Any) -> Json:
    """The data that a part of a spec draws."""
    text = json.dumps({k: v for k, v in part.items() if k != "datasets"})
    return {name: rows for name, rows in sets.items() if f'"{name}"' in text}


def _fitting(words: Words, specs: Mapping[str, Json], look: object) -> dict[str, Json]:
    """The charts that fit into the page: the bridge, those behind causes, then the others in
    order, what only describes last."""
    cited = [f for cause in words.review.causes for f in cause.findings]
    asides = {f.id for f in words.review.findings if f.aside}
    weighed = [key for key in specs if key not in asides]
    kept, room = {}, ROOM_FOR_CHARTS
    for key in dict.fromkeys([BRIDGE, COURSE, *cited, *weighed, *specs]):
        spec = _packed(_plain(specs[key], look)) if key in specs else {}
        size = len(embedded(spec).encode())
        if spec and size <= room:
            kept[key] = spec
            room -= size
    return kept


def _plain(spec: Json, look: object) -> Json:
    """The spec without the look that all share."""
    return {k: v for k, v in spec.items() if k != "config" or v != look}


def _packed(spec: Json) -> Json:
    """The spec with its rows as columns and lists, which takes a third of the room; the page's
    script makes rows of them again."""
    sets: Any = spec.get("datasets", {})
    return spec | {"datasets": {name: _listed(rows) for name, rows in sets.items()}}


def _listed(rows: list[dict[str, Any]]) -> Json:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return {"columns": columns, "rows": [[_short(row.get(c)) for c in columns] for row in rows]}


def _short(value: object) -> object:
    """A number as exactly as it can be drawn."""
    return float(f"{value:.{DRAWN}g}") if isinstance(value, float) else value


def _tests(words: Words) -> dict[str, Markup]:
    """Per finding id the page of its experiment, where one was evaluated, with its effect by day,
    age and segment as far as there is room."""
    pages, room = {}, ROOM_FOR_PARTS
    for finding in words.review.findings:
        found = {r.kind: labelled(r, words.names) for r in finding.evidence}
        if "experiment" not in found:
            continue
        apart = (labelled(r, words.names) for r in finding.evidence if r.kind in PARTS)
        tables = []
        for table in (part_table(part, words.lang) for part in apart):
            size = len(table.encode())
            if size <= room:
                tables.append(table)
                room -= size
        pages[finding.id] = trial_page(cast("Any", found["experiment"]), words.lang, tables)
    return {key: Markup(page) for key, page in pages.items()}  # noqa: S704  # escaped there


def _tables(words: Words) -> dict[str, Json]:
    """Per finding id: columns, numeric columns and the first rows,
    as many as the page has room for; what only describes comes last."""
    tables, room = {}, ROOM_FOR_TABLES
    for finding in sorted(words.review.findings, key=lambda f: f.aside):
        table = _table(finding, words)
        if table is not None:
            sizes = [sum(len(cell.encode()) + 20 for cell in row) for row in table["rows"]]
            fits = [
                row
                for row, used in zip(table["rows"], accumulate(sizes), strict=True)
                if used <= room
            ]
            room -= sum(sizes[: len(fits)])
            tables[finding.id] = table | {"rows": fits}
    return tables


def _table(finding: Finding, words: Words) -> dict[str, Any] | None:
    result = main_result(finding)
    if result is None or result.table.empty:
        return None
    frame = result.table
    numeric = [
        pd.api.types.is_numeric_dtype(t) and not pd.api.types.is_bool_dtype(t) for t in frame.dtypes
    ]
    rows = [
        cells(words, frame.columns, row)
        for row in frame.head(MOST_ROWS).itertuples(index=False, name=None)
    ]
    return {
        "columns": [words.column(str(c)) for c in frame.columns],
        "numeric": numeric,
        "rows": rows,
        "all": len(frame),
    }
