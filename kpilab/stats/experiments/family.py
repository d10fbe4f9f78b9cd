"""Which p-values of an experiment are corrected together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.experiments.dunnett import adjusted_p, norm_z
from kpilab.stats.multiplicity import benjamini_hochberg, holm


def corrected(
    p: Sequence[float],
    shares: Sequence[float],
    metrics: Sequence[str],
    roles: Sequence[str],
    treatments: Sequence[str],
) -> NDArray[np.float64]:
    """p-values corrected over the treatments of a metric (Dunnett), then over metrics of a
    treatment.

    Primary metrics are corrected by Holm, secondary ones by Benjamini-Hochberg, guardrails not:
    each has to pass.

    Args:
        p: one per metric and treatment, looks paid for. shares: of the difference's variance that
            is the control's.
        metrics, roles, treatments: what each belongs to.
    """
    raw = np.asarray(p, dtype=float)
    q, name, role, arm = raw.copy(), np.asarray(metrics), np.asarray(roles), np.asarray(treatments)
    if len(set(treatments)) > 1:
        for metric in set(metrics):
            mine = np.flatnonzero(name == metric)
            # The looks' price stays: a p-value is turned into the |z| that it stands for.
            known, share = np.nan_to_num(raw[mine], nan=1.0), np.asarray(shares, dtype=float)[mine]
            q[mine] = np.maximum(adjusted_p(norm_z(known), share.tolist()), raw[mine])
    for wanted, correction in (("primary", holm), ("secondary", benjamini_hochberg)):
        for treatment in set(treatments):
            mine = np.flatnonzero((role == wanted) & (arm == treatment))
            q[mine] = correction(q[mine])
    return q
