"""How long does a panel take to answer? Every view of every question, asked for the second time.

Usage: python benchmarks/panels.py [case] [--only funnel,whys] [--least 0.5]
Each view is asked as it opens, with every other choice of its controls, and inside the commonest
value of its first dimension; to the answer belong its chart and its evidence. A line for each that
takes `--least` seconds or more; the end says how many take more than a reader waits for.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator

import kpilab
from kpilab import workbench
from kpilab.core.case import Case
from kpilab.core.values import Where
from kpilab.errors import KpilabError
from kpilab.workbench.answers import asked_of
from kpilab.workbench.app import App
from kpilab.workbench.choices import values
from kpilab.workbench.home import QUESTIONS
from kpilab.workbench.lab import bundled
from kpilab.workbench.state import State
from kpilab.workbench.words import Words

MOST = 1.5  # seconds
OPTIONS = 4  # of a control, the first ones


def states(case: Case, app: App) -> Iterator[State]:
    """What can be asked: every view, one other choice at a time, and inside a segment."""
    start = app.start(case)
    for view in app.views:
        opened = start.looking(view)
        yield opened
        for control in app.controls(case, opened):
            others = [v for v, _ in control.options if v != opened.choice.get(control.name)]
            if control.name != "view":
                yield from (opened.chosen(**{control.name: v}) for v in others[:OPTIONS])
        table = app.table(case, opened)
        if table is not None and table.dimensions_named:
            dimension = next(iter(table.dimensions_named))
            first = values(table, dimension)[0]
            yield opened.within(Where({dimension: (first,)}))


def seconds(case: Case, app: App, state: State) -> tuple[float, float]:
    """Wall and processor time until the answer can stand on the page."""
    wall, processor = time.perf_counter(), time.process_time()
    words = Words(case, case.language)
    try:
        asked, result = asked_of(case, app, state)
        table = getattr(result, asked.table)
        drawn = None if table.empty else asked.drawn(result, words.lang, words.names)
        if drawn is not None:
            drawn.to_dict()
        words.evidence(result, table)
    except KpilabError:
        pass  # what is lacking is an answer, too
    return time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("case", nargs="?", default=str(bundled()))
    asked.add_argument("--only", default="")
    asked.add_argument("--least", type=float, default=0.5)
    given = asked.parse_args()
    case, slow, answers = kpilab.open_case(given.case), 0, 0
    for name in given.only.split(",") if given.only else QUESTIONS:
        app = getattr(workbench, name.upper())
        for state in [] if app.lacking(case, app.start(case)) else states(case, app):
            seconds(case, app, state)
            wall, processor = seconds(case, app, state)
            answers, slow = answers + 1, slow + (processor > MOST)
            if processor >= given.least:
                choice = {k: v for k, v in state.choice.items() if v != app.start(case).get(k)}
                told = f"{name}.{state.view} {choice} {state.where.plain()}"
                print(f"{wall:5.2f} {processor:5.2f}  {told}")
    print(f"{answers} answers, {slow} of them take more than {MOST} s of processor time")


if __name__ == "__main__":
    main()
