"""Paths as a Sankey picture: columns of events, ribbons of users; drawn from sampled curves."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import INK, PALETTE

if TYPE_CHECKING:
    from kpilab.analysis.events.paths import PathsResult

ARROW, REST = " → ", "…"
WIDTH, HEIGHT, BAR, GAP, POINTS, SWEEPS = 640, 340, 0.05, 0.03, 24, 4
Node = tuple[int, str]
Links = Counter[tuple[Node, Node]]


def paths(result: PathsResult, lang: str = "en") -> alt.TopLevelMixin:
    """The ways as ribbons between columns of events; pooled ways are left out."""
    ways = result.table[result.table["path"] != REST]
    links, sizes = _links(ways)
    order = _ordered(links, sizes)
    boxes = _boxes(order, sizes)
    names = {
        n: PALETTE[k % len(PALETTE)]
        for k, n in enumerate(dict.fromkeys(e for column in order for _, e in column))
    }
    colour = alt.Color(
        "event:N", scale=alt.Scale(domain=list(names), range=list(names.values())), legend=None
    )
    none, x = None, alt.Scale(domain=[-0.05, max(len(order) - 1, 1) + 0.45])
    ribbon = alt.Chart(_ribbons(links, boxes)).mark_area(opacity=0.35, line=False).encode(
        x=alt.X("x:Q", axis=none, scale=x), y=alt.Y("low:Q", axis=none, scale=alt.Scale(domain=[0,
            1.02])), y2="high:Q",
        detail="link:N", color=colour,
    )  # fmt: skip
    table = pd.DataFrame([_box(n, low, high, sizes[n]) for n, (low, high) in boxes.items()])
    bars = (
        alt.Chart(table)
        .mark_rect()
        .encode(x="x:Q", x2="x2:Q", y="low:Q", y2="high:Q", color=colour)
    )
    said = (
        alt.Chart(table)
        .mark_text(align="left", dx=4, color=INK, fontSize=11)
        .encode(x="x2:Q", y="mid:Q", text="said:N")
    )
    layers = [bars, said] if not links else [ribbon, bars, said]
    title = head(result, lang)
    title.subtitle = label("paths.sankey", lang)
    # Ribbons are half transparent: on a transparent ground the PNG renderer falsifies their
    # colours.
    ground = alt.ViewBackground(fill="white", strokeWidth=0)
    return alt.layer(*layers, view=ground).properties(width=WIDTH, height=HEIGHT, title=title)


def _box(node: Node, low: float, high: float, size: int) -> dict[str, object]:
    place, event = node
    ends: dict[str, object] = {
        "x": place,
        "x2": place + BAR,
        "low": low,
        "high": high,
        "mid": (low + high) / 2,
    }
    return ends | {"event": event, "said": f"{event} {size:,}"}


def _links(ways: pd.DataFrame) -> tuple[Links, Counter[Node]]:
    links: Links = Counter()
    sizes: Counter[Node] = Counter()
    for path, count in zip(ways["path"], ways["count"], strict=True):
        nodes = list(enumerate(path.split(ARROW)))
        sizes.update({n: int(count) for n in nodes})
        links.update({pair: int(count) for pair in itertools.pairwise(nodes)})
    return links, sizes


def _ordered(links: Links, sizes: Counter[Node]) -> list[list[Node]]:
    """Nodes of each column, ordered by the mean place of their neighbours so that ribbons cross
    little."""
    last = max((n[0] for n in sizes), default=0)
    columns = [
        sorted((n for n in sizes if n[0] == k), key=lambda n: (-sizes[n], n[1]))
        for k in range(last + 1)
    ]
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for k in range(1, last + 1) if forward else range(last - 1, -1, -1):
            place = {n: p for p, n in enumerate(columns[k - 1 if forward else k + 1])}
            columns[k].sort(
                key=lambda n, place=place, forward=forward: (
                    _centre(n, links, place, forward),
                    -sizes[n],
                )
            )
    return columns


def _centre(node: Node, links: Links, place: dict[Node, int], forward: bool) -> float:
    ends = [
        (a, c) if forward else (b, c)
        for (a, b), c in links.items()
        if (b if forward else a) == node
    ]
    weight = sum(c for _, c in ends)
    return sum(place[n] * c for n, c in ends) / weight if weight else 0.0


def _boxes(order: list[list[Node]], sizes: Counter[Node]) -> dict[Node, tuple[float, float]]:
    """Vertical extent of each node, from the top, on one scale for all columns."""
    most = max((sum(sizes[n] for n in column) for column in order), default=1)
    gaps = GAP * max((len(column) for column in order), default=1)
    boxes = {}
    for column in order:
        top = 1.0
        for node in column:
            tall = sizes[node] / most * (1 - gaps)
            boxes[node] = (top - tall, top)
            top -= tall + GAP
    return boxes


def _ribbons(links: Links, boxes: dict[Node, tuple[float, float]]) -> pd.DataFrame:
    """Sampled edges of every ribbon: they leave and arrive in the order of the nodes,
    so they do not cross at them."""
    spent_out: dict[Node, float] = dict.fromkeys(boxes, 0.0)
    spent_in, found = dict(spent_out), []
    scale = _scale(links, boxes)
    x = np.linspace(0, 1, POINTS)
    bend = x * x * (3 - 2 * x)
    for (a, b), c in sorted(
        links.items(), key=lambda item: (-boxes[item[0][0]][1], -boxes[item[0][1]][1])
    ):
        tall = c * scale
        left, right = boxes[a][1] - spent_out[a], boxes[b][1] - spent_in[b]
        spent_out[a] += tall
        spent_in[b] += tall
        high = left + (right - left) * bend
        span = a[0] + BAR + x * (b[0] - a[0] - BAR)
        found.append(
            pd.DataFrame(
                {"x": span, "high": high, "low": high - tall, "event": a[1], "link": f"{a}{b}"}
            )
        )
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _scale(links: Links, boxes: dict[Node, tuple[float, float]]) -> float:
    """Height of one path: the same for every box, so any box with all its ribbons tells it."""
    into: Counter[Node] = Counter()
    for (_, b), c in links.items():
        into[b] += c
    node = max(into, key=lambda n: into[n], default=None)
    return (boxes[node][1] - boxes[node][0]) / into[node] if node else 0.0
