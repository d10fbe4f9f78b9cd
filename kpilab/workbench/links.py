"""Links: what a panel shows as the query of an address, and back."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from kpilab.core.case import Case
from kpilab.core.values import Where
from kpilab.workbench.app import App
from kpilab.workbench.state import State


def query_of(app: App, state: State, lang: str) -> str:
    """What a panel shows, as the query of a link."""
    pairs = [("open", app.name), ("lang", lang), ("view", state.view)]
    pairs += [(f"c.{k}", str(v)) for k, v in state.choice.items() if isinstance(v, str | int)]
    for sign, values in (("f", state.where.values), ("x", state.where.without)):
        pairs += [(f"{sign}.{d}", str(v)) for d, several in values.items() for v in several]
    return urlencode(pairs)


def state_of(app: App, case: Case, query: str) -> State:
    """The state that a link leads to; what it does not say is as the app opens."""
    start, told = app.start(case), parse_qsl(query)
    named = dict(told)
    choice = {k[2:]: _like(start.choice.get(k[2:]), v) for k, v in told if k.startswith("c.")}
    where = Where(_several(told, "f."), _several(told, "x."))
    view = named.get("view", start.view)
    return State(view if view in app.views else start.view, {**start.choice, **choice}, where)


def _like(known: object, text: str) -> object:
    """The text as a number where the app opens with one."""
    return int(text) if isinstance(known, int) and text.lstrip("-").isdigit() else text


def _several(told: list[tuple[str, str]], sign: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in told:
        if name.startswith(sign):
            found[name[2:]] = (*found.get(name[2:], ()), value)
    return found
