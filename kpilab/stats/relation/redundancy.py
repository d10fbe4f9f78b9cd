"""Metrics that say the same: clusters of strongly correlated series."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from kpilab.stats.series import Array, Innovations


def clusters(new: Innovations, same: float) -> NDArray[np.int64]:
    """Cluster number of each series; within a cluster all pairs correlate by at least `same` in
    size."""
    z = new.values
    n, columns = z.shape
    if n < 2:
        return np.ones(n, dtype=np.int64)
    rho = np.nan_to_num(z @ z.T / columns)
    apart = np.clip(1 - np.abs(rho), 0, None)
    np.fill_diagonal(apart, 0)
    tree = linkage(squareform((apart + apart.T) / 2, checks=False), method="complete")
    return np.asarray(fcluster(tree, 1 - same, criterion="distance"), dtype=np.int64)


def spokesman(labels: NDArray[np.int64], strength: Array) -> NDArray[np.bool_]:
    """Which series speaks for its cluster: the one with the greatest strength,
    the first among equals."""
    best = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        inside = np.flatnonzero(labels == label)
        best[inside[np.argmax(np.nan_to_num(strength[inside], nan=-1))]] = True
    return best
