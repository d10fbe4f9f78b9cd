"""The same question put otherwise has the same answer, and where there is nothing,
nothing is found."""

from __future__ import annotations

import pytest

from kpilab.public import written
from tests.conftest import few
from tests.laws import judge
from tests.laws.catalogue import ENTRIES
from tests.laws.excuses import FAILING, NOUNS
from tests.laws.relations import MISSING, NOTHING, OTHERWISE, RELATIONS, Trial

BESIDE = ("loop", "workbench", "report", "samples")
TURNS = {name: k for k, name in enumerate(ENTRIES)}


def told(name: str, trials: list[Trial]) -> list[str]:
    """What is wrong under each of the trials."""
    wrong = {t.change.name: found for t in trials if (found := judge.faults(name, t))}
    return [f"{name}, {what}: {found}" for what, found in wrong.items()]


def otherwise(name: str) -> list[str]:
    """One way of each law at once, another one for each function; where that fails,
    each law alone says which."""
    trial = judge.at_once(name, TURNS[name])
    if trial is None or not judge.faults(name, trial):
        return []
    alone = [t for law in OTHERWISE if (name, law) not in FAILING for t in judge.trials(name, law)]
    return told(name, alone) or told(name, [trial])


def one(name: str, trials: list[Trial]) -> list[Trial]:
    """One of them, another for each call."""
    return trials[TURNS[name] % len(trials) :][:1] if trials else []


def missing(name: str) -> list[Trial]:
    """Holes in single columns and in all numbers."""
    return [t for law in MISSING if (name, law) not in FAILING for t in judge.trials(name, law)]


def nothing(name: str) -> list[list[Trial]]:
    """Constants, one row, no rows, zeros."""
    return [judge.trials(name, law) for law in NOTHING if (name, law) not in FAILING]


def test_every_public_name_is_under_the_laws_or_a_noun():
    """But for the rooms that write files and draw widgets, which have tests of their own."""
    public = {name for name, path in written().items() if path.split(".")[1] not in BESIDE}
    assert {name.partition(":")[0] for name in ENTRIES} | set(NOUNS) == public


def test_an_excuse_names_a_law_and_a_reason():
    excused = [(law, why) for e in ENTRIES.values() for law, why in e.without.items()]
    excused += [(law, why) for (_, law), why in FAILING.items()]
    assert all(law.partition(":")[0] in RELATIONS and len(why) > 10 for law, why in excused)
    print(f"{len(excused)} excused of {len(ENTRIES) * len(RELATIONS)}")


@pytest.mark.parametrize("name", few(ENTRIES, 14))
def test_the_laws_hold(name):
    chosen = [t for trials in (missing(name), *nothing(name)) for t in one(name, trials)]
    wrong = [*otherwise(name), *told(name, chosen)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ENTRIES if not ENTRIES[name].on_engine])
def test_they_hold_in_every_way(name):
    """But for what lies on an engine and takes ten times as long: `benchmarks/laws.py` tries it."""
    wrong = told(name, [t for trials in (missing(name), *nothing(name)) for t in trials])
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("name", "law"), FAILING)
@pytest.mark.xfail(strict=True)
def test_not_yet(name, law):
    for trial in judge.trials(name, law):
        assert not judge.faults(name, trial)
