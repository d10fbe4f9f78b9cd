"""The effect of an experiment by day, age and segment: what its data give, corrected for all
segments that were compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Outcome
from kpilab.show.say import sentence
from kpilab.stats.multiplicity import holm
from kpilab.verdict.trial_parts import parts, searched


@pytest.fixture(scope="module")
def tables():
    """Only in the north B pays more."""
    noise, k = np.random.default_rng(2), np.arange(900)
    day = pd.Timestamp("2026-01-05") + pd.to_timedelta(k // 2 % 6, "D")
    variant = np.resize(["A", "B"], len(k))
    region = np.array(["north", "south", "west"])[k // 24 % 3]
    device = np.array(["web", "app"])[k // 12 % 2]
    given = pd.DataFrame({"time": day, "user": k, "experiment": "t", "variant": variant})
    amount = noise.normal(10, 2, len(k)) + 2 * ((variant == "B") & (region == "north"))
    log = pd.DataFrame({"time": day + pd.Timedelta("1h"), "user": k, "event": "pay"})
    log = log.assign(amount=amount, region=region, device=device)
    return Assignments(given), EventLog(log, dimensions=("region", "device"))


def test_what_the_data_do_not_give_is_left_out():
    rows = pd.DataFrame({"variant": ["A", "B"] * 50, "paid": np.arange(100.0)})
    assert parts(experiment(rows, metrics=["paid"], control="A")) == ()


def test_segments_are_corrected_for_all_that_were_compared(tables):
    paid = Outcome("paid", "sum(amount)", kind="mean")
    read = experiment(*tables, metrics=[paid], control="A", by=("region", "device"))
    found = parts(read)
    assert [part.kind for part in found] == ["course", "ages", "subgroups", "subgroups"]
    region, device = found[2:]
    p = [*region.table["p"], *device.table["p"]]
    assert [*region.table["q"], *device.table["q"]] == pytest.approx(holm(p))
    (alone,) = [
        part
        for part in parts(experiment(*tables, metrics=[paid], control="A", by=("region",)))
        if part.kind == "subgroups"
    ]
    assert region.interaction == pytest.approx(2 * alone.interaction)
    assert alone.notes == () == device.notes
    assert "2 dimensions" in sentence(region.notes[0])
    assert sentence(region.notes[0], "zh")


def test_only_dimensions_with_several_values_but_few_are_searched():
    sizes = {"one": 1, "two": 2, "many": 13, "a": 3, "b": 3, "c": 3, "d": 3}
    rows = [(d, str(v)) for d, n in sizes.items() for v in range(n)]
    segments = pd.DataFrame(rows, columns=["dimension", "value"])
    assert searched(("d", "gone", "one", "two", "many", "c", "b", "a"), segments) == (
        "d", "two", "c", "b",
    )  # fmt: skip
    assert searched(("a",), segments.head(0)) == ()
