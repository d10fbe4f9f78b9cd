"""The kinds of causes a sample world can have."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType

from kpilab.samples.causes import (
    ab_novelty,
    ab_peeking,
    ab_srm,
    data_loss,
    definition_mismatch,
    driver_decline,
    external_decline,
    fabricated_execution,
    local_regression,
    mix_shift,
    untracked_leak,
    wrong_kpi,
)

_MODULES = (
    wrong_kpi,
    untracked_leak,
    driver_decline,
    mix_shift,
    external_decline,
    fabricated_execution,
    local_regression,
    data_loss,
    definition_mismatch,
    ab_srm,
    ab_novelty,
    ab_peeking,
)
KINDS: Mapping[str, ModuleType] = {module.__name__.rsplit(".", 1)[1]: module for module in _MODULES}

# Two causes at once: pairs that do not hide each other.
PAIRS: tuple[tuple[str, str], ...] = (
    ("local_regression", "external_decline"),
    ("fabricated_execution", "external_decline"),
    ("untracked_leak", "fabricated_execution"),
    ("untracked_leak", "external_decline"),
    ("local_regression", "definition_mismatch"),
    ("wrong_kpi", "untracked_leak"),
    ("data_loss", "fabricated_execution"),
    ("driver_decline", "definition_mismatch"),
    ("wrong_kpi", "ab_peeking"),
    ("mix_shift", "fabricated_execution"),
)
