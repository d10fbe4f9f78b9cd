"""Rate and mix: sums are exact, Simpson's reversal is flagged, intervals cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpilab.analysis.rootcause.ratemix import ratemix
from kpilab.errors import BadInput
from kpilab.stats.rootcause.ratemix import rate_mix
from tests.conftest import DATA

amounts = st.integers(0, 10_000)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(amounts, amounts, amounts, amounts), min_size=1, max_size=8), st.booleans()
)
def test_contributions_sum_to_the_change(rows, three):
    frame = pd.DataFrame(rows, columns=["num0", "den0", "num1", "den1"], dtype=float)
    # A numerator without a denominator belongs to no rate.
    frame["num0"] *= frame["den0"] > 0
    frame["num1"] *= frame["den1"] > 0
    frame = frame.assign(segment=[f"s{k}" for k in range(len(frame))])
    if frame["den0"].sum() == 0 or frame["den1"].sum() == 0:
        with pytest.raises(BadInput):
            ratemix(frame, by="segment", three=three)
        return
    result = ratemix(frame, by="segment", three=three)
    size = max(
        1e-12,
        abs(result.before),
        abs(result.after),
        float(result.table["contribution"].abs().max()),
    )
    assert abs(result.table["contribution"].sum() - result.change) <= 1e-9 * size


def test_berkeley_admissions_reverse():
    data = pd.read_csv(DATA / "simpson_ucb_admissions.csv")
    men, women = (data[data["sex"] == sex].set_index("dept") for sex in ("male", "female"))
    columns = {
        "num0": men["admitted"],
        "den0": men["applied"],
        "num1": women["admitted"],
        "den1": women["applied"],
    }
    frame = pd.DataFrame(columns).reset_index()
    result = ratemix(frame, by="dept")
    # Published: 44.5 % of men and 30.4 % of women admitted, yet women do better in most
    # departments.
    assert result.before == pytest.approx(0.4452, abs=1e-3)
    assert result.after == pytest.approx(0.3035, abs=1e-3)
    assert result.rate.value > 0 > result.mix.value
    assert result.simpson


def test_a_reversal_in_all_segments_is_flagged():
    frame = pd.DataFrame(
        {
            "segment": ["a", "b"],
            "num0": [900, 100],
            "den0": [1000, 1000],
            "num1": [186, 280],
            "den1": [200, 2000],
        }
    )
    result = ratemix(frame, by="segment")
    assert result.simpson
    assert result.headline.key == "ratemix.simpson_points"


def test_a_segment_that_came_gives_entry_not_rate():
    frame = pd.DataFrame(
        {
            "segment": ["a", "b"],
            "num0": [50, 0],
            "den0": [100, 0],
            "num1": [50, 90],
            "den1": [100, 100],
        }
    )
    row = ratemix(frame, by="segment").table.set_index("segment").loc["b"]
    assert row["rate"] == 0
    assert row["entry"] > 0


@pytest.mark.parametrize("three", [False, True])
def test_intervals_cover(three):
    rng = np.random.default_rng(0)
    share0, share1 = np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.3, 0.3])
    r0, r1 = np.array([0.1, 0.2, 0.4]), np.array([0.09, 0.22, 0.38])
    rate = (share0 if three else (share0 + share1) / 2) @ (r1 - r0)
    mix = (share1 - share0) @ (r0 if three else (r0 + r1) / 2)
    hits, draws = np.zeros(2), 1500
    for _ in range(draws):
        den0, den1 = rng.multinomial(4000, share0), rng.multinomial(5000, share1)
        num0, num1 = rng.binomial(den0, r0), rng.binomial(den1, r1)
        found = rate_mix(*(v.astype(float) for v in (num0, den0, num1, den1)), three=three)
        ends = zip((found.rate.sum(), found.mix.sum()), (rate, mix), found.errors, strict=False)
        hits += [abs(estimate - truth) <= 1.959964 * error for estimate, truth, error in ends]
    assert np.all(
        np.abs(hits / draws - 0.95) < 0.02
    )  # Monte-Carlo error 0.6 points; the benchmark draws more


def test_ratios_above_one_have_intervals_too():
    frame = pd.DataFrame(
        {
            "s": ["a", "b"],
            "num0": [300, 80],
            "den0": [100, 50],
            "num1": [330, 70],
            "den1": [100, 50],
        }
    )
    result = ratemix(frame, by="s")
    assert result.rate.low is not None
    assert result.rate.low < result.rate.value


SEGMENTS = pd.DataFrame(
    {"s": ["a", "b", None], "num0": [10, 20, 30], "den0": 100, "num1": [10, 25, 30], "den1": 100}
)


def test_a_row_with_a_missing_cell_is_left_out_of_both_periods_and_counted():
    for gone in (np.nan, np.inf):
        result = ratemix(SEGMENTS.assign(num1=[gone, 25, 30]), by="s")
        assert result.before == 0.25
        assert result.after == 0.275
        assert result.notes[0].values["rows"] == 1
    assert set(ratemix(SEGMENTS, by="s").table["segment"]) == {"a", "b", "(missing)"}


def test_names_of_segments_and_of_their_column_do_not_matter():
    first = ratemix(SEGMENTS, by="s")
    other = ratemix(
        pa.Table.from_pandas(SEGMENTS.rename(columns={"s": "segment"}).astype({"num0": "int32"})),
        by="segment",
    )
    pd.testing.assert_frame_equal(first.table, other.table)
    with pytest.raises(BadInput, match="below zero"):
        ratemix(SEGMENTS.assign(num0=-1), by="s")
