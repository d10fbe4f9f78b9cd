"""The public names: few at the top, each in one room, loaded when asked for; old ones warn."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from importlib import import_module
from operator import attrgetter

import pandas as pd
import pytest

import kpilab
from kpilab import BadInput, old
from kpilab.public import thing, written

ROOMS = [name for name in dir(kpilab) if name not in kpilab.__all__]
HEAVY = ("pandas", "numpy", "ibis", "duckdb", "scipy", "altair", "ipywidgets")


def found(path: str) -> object:
    return attrgetter(path)(kpilab)


def test_few_names_are_at_the_top():
    assert len(kpilab.__all__) <= 26
    assert len(ROOMS) <= 13


def test_every_name_can_be_had():
    assert all(thing(name).__doc__ for name in written())


def test_a_name_stands_in_one_room_and_the_top_takes_from_the_rooms():
    rooms = {room: import_module(f"kpilab.{room}") for room in ROOMS}
    assert [
        n
        for n, times in Counter(n for room in rooms.values() for n in room.__all__).items()
        if times > 1
    ] == []
    for room in rooms.values():
        assert [
            n
            for n in room.__all__
            if n in kpilab.__all__ and getattr(room, n) is not getattr(kpilab, n)
        ] == []


def test_importing_loads_no_library():
    code = f"import sys, kpilab, kpilab.events; print([m for m in {HEAVY} if m in sys.modules])"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "[]"


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'funel'"):
        found("funel")
    with pytest.raises(AttributeError, match="no attribute 'pandas'"):
        found("events.pandas")


@pytest.mark.parametrize("name", old.NAMES)
def test_an_old_name_warns_with_the_new_one_and_works(name):
    with pytest.warns(
        DeprecationWarning, match=rf"kpilab\.{name} is now kpilab\.{old.NAMES[name]};"
    ) as told:
        had = found(name)
    assert had is found(old.NAMES[name])
    assert told[0].filename == __file__


@pytest.mark.parametrize(("name", "word"), [(n, w) for n, ws in old.KEYWORDS.items() for w in ws])
def test_an_old_keyword_warns_with_the_new_one_and_is_taken(name, word):
    new, takes = old.KEYWORDS[name][word], inspect.signature(thing(name)).parameters
    nouns = {f: group for group in old.GROUPED.get(name, ()) for f in group.fields}
    assert (new in {*takes, *nouns}, word in takes) == (True, False)
    needed = [p for p in takes.values() if p.default is p.empty and p.name != new]
    given = [None for p in needed if p.kind is not p.KEYWORD_ONLY]
    named = {p.name: None for p in needed if p.kind is p.KEYWORD_ONLY}
    now = f"{nouns[new].argument}={nouns[new].noun}({new}=)" if new in nouns else f"{new}="
    said = re.escape(f"{name}({word}=) is now {name}({now});")
    useless = suppress(AttributeError, BadInput, TypeError, ValueError)
    with pytest.warns(DeprecationWarning, match=said) as told, useless:
        thing(name)(*given, **named | {word: None})
    assert told[0].filename == __file__


GROUPS = [(n, g, f) for n, groups in old.GROUPED.items() for g in groups for f in g.fields]


@pytest.mark.parametrize(("name", "group", "field"), GROUPS)
def test_a_keyword_that_went_into_a_noun_warns_and_is_a_field_of_it(name, group, field):
    takes = inspect.signature(thing(name)).parameters
    assert (group.argument in takes, field in takes) == (True, False)
    assert field in inspect.signature(thing(group.noun)).parameters


def test_the_two_columns_of_a_rate_go_into_one():
    cube = pd.DataFrame({"shop": ["a", "b"], "n0": [50, 50], "n1": [50, 5], "d": [1000, 1000]})
    asked = {"dimensions": ["shop"], "expected": ("n0", "d")}
    with pytest.warns(DeprecationWarning, match=r"is now localise\((measure|search)=(Rate|Search)"):
        before = kpilab.localise(cube, numerator="n1", denominator="d", deepest=1, **asked)
    assert before.places == kpilab.localise(cube, measure=("n1", "d"), **asked).places


def test_keywords_that_went_into_nouns_work():
    frame = pd.DataFrame({"user": ["a", "a", "b"], "event": ["x", "y", "y"]})
    frame["time"] = pd.to_datetime(["2026-01-05", "2026-01-06", "2026-01-05"])
    said = r"funnel\((mode|by)=\) is now funnel\(steps=Steps\((mode|unit)=\)\)"
    with pytest.warns(DeprecationWarning, match=said) as told:
        found = kpilab.funnel(frame, ["y", "x"], mode="unordered", by="session")
    assert {w.filename for w in told if "is now" in str(w.message)} == {__file__}
    new = kpilab.events.Steps(["y", "x"], "session", "unordered")
    pd.testing.assert_frame_equal(found.table, kpilab.funnel(frame, new).table)
    with pytest.warns(DeprecationWarning, match=r"paths\(length=\) is now paths\(ways=Ways"):
        assert kpilab.paths(frame, length=1).count == kpilab.paths(frame).count


def test_an_old_keyword_beside_the_new_one_is_refused():
    with (
        pytest.warns(DeprecationWarning, match="mend"),
        pytest.raises(TypeError, match="its old name"),
    ):
        BadInput("what", "where", hint="a", mend="b")


def test_an_error_says_what_where_and_a_hint():
    with pytest.warns(DeprecationWarning, match="mend"):
        error = BadInput("nothing is there", "here", mend="bring something")
    assert str(error) == "nothing is there\n  where: here\n  hint:  bring something"
    with pytest.warns(DeprecationWarning, match=r"BadInput\.mend is now BadInput\.hint"):
        assert error.mend == error.hint == "bring something"


def test_no_old_name_is_a_new_one():
    assert not {*old.NAMES} & {*dir(kpilab)}
