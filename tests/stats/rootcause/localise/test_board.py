"""The board kept up as elements are taken is the one of the leaves that are left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kpilab.stats.rootcause.localise import locate, search
from kpilab.stats.rootcause.localise.cuboids import cuboids, sums
from kpilab.stats.rootcause.localise.evidence import Board, evidence
from kpilab.stats.rootcause.localise.leaves import Leaves
from kpilab.stats.rootcause.localise.noise import Noise
from kpilab.stats.rootcause.localise.search import Amounts, described

NOISE = Noise(1e-12, 0.04, 1.0)


def cube(
    levels: tuple[int, ...], part: float, seed: int = 7, *, alike: bool = False
) -> tuple[np.ndarray, Leaves]:
    """Codes and leaves of a cube of which a part of the cells occurs, some fallen."""
    noise = np.random.default_rng(seed)
    codes = np.array(np.unravel_index(np.arange(np.prod(levels)), levels))
    codes = codes[:, noise.random(codes.shape[1]) < part]
    shift = noise.normal(0, 0.2, codes.shape[1]) - 0.5 * (codes[0] == 1) - 0.6 * (codes[-1] == 2)
    return codes, Leaves(codes, shift, np.full(codes.shape[1], 0.04), alike)


@pytest.mark.parametrize("alike", [False, True])
@pytest.mark.parametrize(
    ("levels", "part", "deepest"),
    [((4, 5, 6), 1.0, None), ((4, 5, 6, 3), 0.4, None), ((4, 5, 6, 3), 0.7, 2), ((9,), 1.0, None)],
)
def test_what_is_left_when_elements_are_taken(levels, part, deepest, alike):
    codes, leaves = cube(levels, part, alike=alike)
    spaces = cuboids(codes, deepest)
    board = Board(spaces, leaves, NOISE, 3.0, np.ones(codes.shape[1], dtype=bool))
    assert len(levels) == 1 or (board.net > 0).any()
    for k in range(len(spaces) - 1, 0, -1):  # leaves first, then ever wider, overlapping places
        element = int(spaces[k].of(np.flatnonzero(board.live)[:1])[0])
        members = spaces[k].members(element)
        board.take(members[board.live[members]], k, element)
        fresh = Board(spaces, leaves, NOISE, 3.0, board.live)
        assert np.array_equal(board.live, fresh.live)
        assert board.net == pytest.approx(fresh.net, abs=1e-8)
        assert board.leaf_net == pytest.approx(fresh.leaf_net, abs=1e-8)
    assert 0 < board.live.sum() < codes.shape[1]


def test_three_sums_say_of_leaves_of_one_noise_what_all_terms_do():
    codes, leaves = cube((4, 5, 6, 3), 0.6)
    few = replace(leaves, alike=True)
    assert few.rows == len(list(few.summands())) == 3
    assert few.summed() == pytest.approx(leaves.summed())
    for mine, theirs in zip(few.beside((0,)), leaves.beside((0,)), strict=True):
        assert mine == pytest.approx(theirs)
    live = np.ones(codes.shape[1], dtype=bool)
    spaces = cuboids(codes)
    quick, slow = (Board(spaces, one, NOISE, 3.0, live) for one in (few, leaves))
    assert (slow.net > 0).any()
    assert quick.net == pytest.approx(slow.net, abs=1e-8)


@pytest.mark.parametrize("alike", [False, True])
def test_the_bound_is_no_less_than_the_evidence(alike):
    codes, leaves = cube((5, 6, 7, 3), 0.8, alike=alike)
    uneven = np.random.default_rng(1).normal(0, 0.5, codes.shape[1]) * (codes[1] == 3)
    leaves = replace(leaves, shift=leaves.shift + uneven)
    for places in sums(cuboids(codes), np.array(list(leaves.summands()))):
        assert (leaves.most(places) >= evidence(leaves.terms(places)) - 1e-9).all()


@pytest.mark.parametrize("seed", range(8))
def test_what_stands_is_what_another_search_finds(seed, monkeypatch):
    codes = np.indices((6, 5, 8, 5)).reshape(4, -1)
    rng = np.random.default_rng(seed)
    was = rng.lognormal(4, 1, codes.shape[1])
    now = was * rng.standard_t(4, codes.shape[1]).clip(-8, 8) * 0.1 + was
    now[codes[0] == seed % 6] *= 0.6
    now[(codes[1] == 2) & (codes[2] == seed)] *= 1.8
    now = np.maximum(now, 0.0)
    amounts = Amounts(cuboids(codes), codes, was, now, np.ones(len(was)), 0.0, 0.0, sampled=False)
    found = described(amounts, 3.0)
    monkeypatch.setattr(search, "_confirmed", lambda *_: None)
    again = described(amounts, 3.0)
    assert len(found.hits) >= 2
    assert [(h.cuboid, h.element) for h in found.hits] == [
        (h.cuboid, h.element) for h in again.hits
    ]
    assert [h.gain for h in found.hits] == pytest.approx([h.gain for h in again.hits], rel=0.02)


def test_amounts_of_relative_noise_are_searched_by_three_sums():
    codes = np.indices((6, 5, 4, 5)).reshape(4, -1)
    was = np.random.default_rng(2).lognormal(4, 1, codes.shape[1])
    now = was * np.random.default_rng(3).normal(1, 0.1, codes.shape[1])
    amounts = Amounts(cuboids(codes), codes, was, now, np.ones(len(was)), 0.0, 0.0, sampled=False)
    assert described(amounts, 3.0).leaves.alike


def crossed(seed: int, beside: float = 1.0) -> tuple[list[tuple[tuple[int, ...], tuple]], int]:
    """Places found where a large one runs through a small one, and how many leaves it kept."""
    codes = np.indices((8, 3, 10, 6)).reshape(4, -1)
    rng = np.random.default_rng(seed)
    was = rng.lognormal(4, 0.3, codes.shape[1])
    now = was * rng.lognormal(0, 0.25, codes.shape[1])
    now[codes[1] == 2] *= 0.55
    now[(codes[0] == 3) & (codes[2] == 4)] *= beside
    found = locate(codes, was, now).elements
    return [(e.dims, e.values) for e in found], min((len(e.leaves) for e in found), default=0)


def test_leaves_that_a_hit_took_speak_for_another_that_runs_through_it():
    both = [crossed(seed, 0.72) for seed in range(10)]
    alone = [crossed(seed) for seed in range(10)]
    assert all(found == [((1,), (2,))] for found, _ in alone)
    right = [set(found) == {((1,), (2,)), ((0, 2), (3, 4))} for found, _ in both]
    assert sum(right) >= 8  # 6 by the leaves outside alone
    assert {kept for (_, kept), ok in zip(both, right, strict=True) if ok} == {18}
