"""The stress table holds every question that promises an error rate, and says what was seen."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from kpilab.public import thing, written

# Asked on its rows by `programme`, whose cells they are.
ELSEWHERE = {"programme_of"}


@pytest.fixture
def stress(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    import stress

    return stress


def test_every_question_with_a_level_has_cells(stress):
    asked = {
        name
        for name in written()
        if inspect.isfunction(found := thing(name))
        and {"level", "alpha", "false_alarms"} & set(inspect.signature(found).parameters)
    }
    cells = [cell for part in stress.PARTS.values() for cell in part()]
    named = {cell.function.split(",")[0].split(" ")[0] for cell in cells}
    assert asked - named == ELSEWHERE
    assert {"quality", "reconcile", "restatement", "pace", "incentives"} <= named
    assert len({(c.function, c.trait) for c in cells}) == len(cells)


def test_a_row_is_read_back_from_its_line(stress):
    row = stress.Row("funnel", "rare (2 %)", 0.06, 9, 40, 7, 10)
    assert row.above
    assert stress.Row.read(row.written()) == row
    without = stress.Row("ratemix, Simpson", "mix moved", 0.06, 0, 36, 0, 0)
    assert not without.above
    assert stress.Row.read(without.written()) == without
    assert "Above: funnel: rare (2 %) (22 %)." in stress.page([row, without])


def test_a_draw_depends_on_its_number_alone(stress):
    cell = next(c for c in stress.PARTS["decompose"]() if c.function == "decompose")
    assert stress.drawn(cell, 0, 20, 60) == stress.drawn(cell, 0, 20, 60)
