"""Localise: active users, counted once however often they came."""

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.localise import localise
from kpilab.core.table import Facts
from kpilab.engine.door.tables import table as as_table
from kpilab.errors import BadInput
from kpilab.rootcause import Distinct
from tests.analysis.rootcause.test_localise import PERIODS

DIMENSIONS = ["city", "app"]
LAST = pd.Timestamp(PERIODS[1].first)


def visits(seed: int = 0, fall: float = 0.0, users: int = 9000) -> pd.DataFrame:
    """A few visits per user and period, most in one app; in city2 × app1 users stay away."""
    rng = np.random.default_rng(seed)
    city, app = rng.integers(6, size=users), rng.integers(4, size=users)
    rows = []
    for start in (PERIODS[0].first, PERIODS[1].first):
        away = (city == 2) & (app == 1) & (rng.random(users) < fall)
        came = np.flatnonzero((rng.random(users) < 0.6) & ~(away & (start == PERIODS[1].first)))
        who = np.repeat(came, rng.geometric(0.3, len(came)))
        used = np.where(rng.random(len(who)) < 0.1, rng.integers(4, size=len(who)), app[who])
        day = pd.Timestamp(start) + pd.to_timedelta(rng.integers(28, size=len(who)), unit="D")
        rows.append(pd.DataFrame({"user": who, "city": city[who], "app": used, "date": day}))
    frame = pd.concat(rows, ignore_index=True)
    return frame.assign(
        city="city" + frame["city"].astype(str), app="app" + frame["app"].astype(str)
    )


def test_each_user_counts_once_and_places_add_up_to_the_whole():
    frame = visits()
    result = localise(frame, dimensions=DIMENSIONS, measure=Distinct("user"), periods=PERIODS)
    late = frame["date"] >= LAST
    assert result.actual == pytest.approx(frame.loc[late, "user"].nunique())
    assert result.expected == pytest.approx(frame.loc[~late, "user"].nunique())
    assert result.cells["actual"].sum() == pytest.approx(result.actual)


def test_visits_of_the_same_users_change_nothing():
    frame = visits(fall=0.5)
    often = pd.concat([frame, frame[frame["app"] == "app3"]], ignore_index=True)
    once, twice = (
        localise(f, dimensions=DIMENSIONS, measure=Distinct("user"), periods=PERIODS)
        for f in (frame, often)
    )
    pd.testing.assert_frame_equal(once.table, twice.table)


@pytest.mark.slow
def test_a_place_that_users_left_is_found_and_none_where_nobody_did():
    found, silent = 0, 0
    for seed in range(10):
        for fall in (0.5, 0.0):
            facts = Facts(as_table(visits(seed, fall)), dimensions=tuple(DIMENSIONS))
            places = localise(facts, measure=Distinct("user"), periods=PERIODS).places
            right = [p.plain() for p in places] == [{"city": "city2", "app": "app1"}]
            found, silent = found + (fall > 0 and right), silent + (fall == 0 and not places)
    assert found >= 9
    assert silent >= 9


def test_distinct_counts_need_periods_of_one_length_and_stand_beside_other_metrics():
    frame = visits(fall=0.6).assign(visits=1)
    both = localise(
        frame, dimensions=DIMENSIONS, metrics=[Distinct("user"), "visits"], periods=PERIODS
    )
    assert set(both.beside["metric"]) == {"user", "visits"}
    short = (PERIODS[0], type(PERIODS[1])(PERIODS[1].first, PERIODS[1].first))
    with pytest.raises(BadInput, match="do not add up over days"):
        localise(frame, dimensions=DIMENSIONS, measure=Distinct("user"), periods=short)
    with pytest.raises(BadInput, match="counted and searched"):
        localise(frame, dimensions=["user"], measure=Distinct("user"), periods=PERIODS)


def also_elsewhere() -> pd.DataFrame:
    """In the second period everybody who uses app1 uses app3 as well; nobody stays away."""
    frame = visits()
    late = frame[(frame["date"] >= LAST) & (frame["app"] == "app1")].drop_duplicates("user")
    return pd.concat([frame, late.assign(app="app3")], ignore_index=True)


def test_a_place_whose_users_are_only_seen_elsewhere_as_well_did_not_fall():
    frame = also_elsewhere()
    result = localise(frame, dimensions=DIMENSIONS, measure=Distinct("user"), periods=PERIODS)
    assert [place.plain() for place in result.places] == [{"app": "app3"}]
    said = {note.key: note.values for note in result.notes}
    late = frame["date"] >= LAST
    for key, app in (("elsewhere", "app1"), ("own_count", "app3")):
        users = [frame.loc[(frame["app"] == app) & t, "user"].nunique() for t in (~late, late)]
        told = said[f"localise.{key}"]
        assert [told["before"], told["now"]] == users
        assert told["where"].plain() == {"app": app}


def test_users_that_stay_away_are_a_place_however_many_apps_they_use():
    result = localise(
        visits(fall=0.6), dimensions=DIMENSIONS, measure=Distinct("user"), periods=PERIODS
    )
    assert [p.plain() for p in result.places] == [{"city": "city2", "app": "app1"}]
    assert "localise.elsewhere" not in {note.key for note in result.notes}
