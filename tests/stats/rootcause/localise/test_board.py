"""The board kept up as elements are taken is the one of the leaves that are left."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.rootcause.localise.cuboids import cuboids
from kpilab.stats.rootcause.localise.evidence import Board, Leaves
from kpilab.stats.rootcause.localise.noise import Noise

NOISE = Noise(1e-12, 0.04, 1.0)


def cube(levels: tuple[int, ...], part: float, seed: int = 7) -> tuple[np.ndarray, Leaves]:
    """Codes and leaves of a cube of which a part of the cells occurs, some fallen."""
    noise = np.random.default_rng(seed)
    codes = np.array(np.unravel_index(np.arange(np.prod(levels)), levels))
    codes = codes[:, noise.random(codes.shape[1]) < part]
    shift = noise.normal(0, 0.2, codes.shape[1]) - 0.5 * (codes[0] == 1) - 0.6 * (codes[-1] == 2)
    return codes, Leaves(codes, shift, np.full(codes.shape[1], 0.04))


@pytest.mark.parametrize(
    ("levels", "part", "deepest"),
    [((4, 5, 6), 1.0, None), ((4, 5, 6, 3), 0.4, None), ((4, 5, 6, 3), 0.7, 2), ((9,), 1.0, None)],
)
def test_what_is_left_when_elements_are_taken(levels, part, deepest):
    codes, leaves = cube(levels, part)
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
