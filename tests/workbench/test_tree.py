"""The decomposition tree: every level stays in sight, the best split is chosen by evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kpilab.core.values import EVERYWHERE, Where
from kpilab.workbench import ask
from kpilab.workbench.tree import Tree, branch


@pytest.fixture
def tree(shop):
    return Tree(shop, "pay_per_place_order", lang="en")


def opened(tree, where, by):
    tree.expand(where, by)
    tree.wait()


def test_the_best_split_is_the_one_along_which_the_change_differs_most(shop):
    best = ask.best_split(shop, "revenue").table.iloc[0]
    found = branch(shop, "revenue", EVERYWHERE, "best")
    assert (found.by, found.q) == (best["dimension"], best["q"])


def test_all_levels_stay_in_sight(tree):
    opened(tree, EVERYWHERE, "platform")
    opened(tree, Where({"platform": ("ios",)}), "channel")
    said = " ".join(w.value for r in tree.rows.children for w in getattr(r, "children", ())
                    if hasattr(w, "value") and isinstance(w.value, str))  # fmt: skip
    assert all(f"<b>{name}</b>" in said for name in ("android", "ios", "web", "partner"))


def test_another_choice_closes_what_is_below_unless_it_is_locked(tree):
    ios, web = (Where({"platform": (name,)}) for name in ("ios", "web"))
    for where, by in ((EVERYWHERE, "platform"), (ios, "channel"), (web, "channel")):
        opened(tree, where, by)
    tree.lock(ios)
    opened(tree, EVERYWHERE, "platform")
    assert set(tree.open_now) == {EVERYWHERE, ios}
    tree.fold(EVERYWHERE)
    assert set(tree.open_now) == {ios}


def test_two_values_are_compared_in_words(tree):
    opened(tree, EVERYWHERE, "platform")
    for name in ("ios", "web"):
        tree.compare(Where({"platform": (name,)}))
    assert "ios: " in tree.against.value
    assert "against platform = web: " in tree.against.value


def test_what_cannot_be_opened_is_said(tree):
    tree.expand(EVERYWHERE, "nowhere")
    tree.wait()
    assert "role='alert'" in tree.status.value
    assert not tree.open_now


def test_a_best_split_within_noise_is_not_called_evidence(tree):
    found = replace(branch(tree.case, tree.metric, EVERYWHERE, "best"), q=0.6)
    tree.open_now[EVERYWHERE] = found
    tree.speak("en")
    assert "yet within noise (q 0.600)" in tree.rows.children[1].value
