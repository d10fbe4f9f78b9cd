"""Localisation: exact sets on the reference cubes, silence in noise,
new values against the old ones."""

from __future__ import annotations

import json
from datetime import date
from itertools import product

import ibis
import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.localise import localise
from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.door.tables import table as as_table
from kpilab.engine.rootcause.coded_leaves import coded_sums
from kpilab.engine.rootcause.frame_leaves import amounts, frame_sums
from kpilab.engine.rootcause.leaves import sums
from kpilab.engine.run import collect
from kpilab.errors import BadInput

PERIODS = (
    Period(date(2025, 3, 3), date(2025, 3, 30)),
    Period(date(2025, 3, 31), date(2025, 4, 27)),
)


def cube(seed=0, mean=40.0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        list(product("abcdefgh", "123456", "xyzw")), columns=["shop", "product", "channel"]
    )
    size = rng.lognormal(np.log(mean), 0.5, len(frame))
    return frame.assign(size=size, was=rng.poisson(size), now=rng.poisson(size))


def found(result):
    return {frozenset(place.plain().items()) for place in result.places}


def test_a_planted_combination_is_found_exactly():
    frame = cube()
    hit = (frame["shop"] == "b") & (frame["channel"] == "x")
    frame["now"] = frame["now"].where(~hit, (frame["now"] * 0.3).round())
    result = localise(
        frame, dimensions=["shop", "product", "channel"], measure="now", expected="was"
    )
    assert found(result) == {frozenset({("shop", "b"), ("channel", "x")})}
    row = result.table.iloc[0]
    assert row["low"] < row["contribution"] < row["high"] < 0
    assert row["contribution"] == pytest.approx(row["actual"] - row["expected"])
    assert abs(row["corrected"]) <= abs(row["change"])


@pytest.mark.parametrize("noise", ["counts", "relative"])
def test_an_element_but_for_an_exception_is_told_as_such(noise):
    frame = cube(5, mean=200.0)
    if noise == "relative":
        rng = np.random.default_rng(0)
        frame = frame.assign(
            was=frame["size"], now=frame["size"] * rng.lognormal(0, 0.05, len(frame))
        )
    hit = (frame["shop"] == "b") & (frame["channel"] != "x")
    frame["now"] = frame["now"].where(~hit, frame["now"] * 0.6)
    frame["now"] = frame["now"].round() if noise == "counts" else frame["now"]
    result = localise(
        frame, dimensions=["shop", "product", "channel"], measure="now", expected="was"
    )
    assert result.noise == noise
    (place,) = result.places
    assert (place.plain(), place.plain_without()) == ({"shop": "b"}, {"channel": "x"})
    assert result.table["expected"].iloc[0] == pytest.approx(frame.loc[hit, "was"].sum())


def test_rounding_is_no_deviation():
    rng = np.random.default_rng(0)
    frame = cube(6).assign(
        was=lambda f: f["size"], now=lambda f: f["size"] * rng.lognormal(0, 0.03, len(f))
    )
    frame.loc[frame["shop"] == "c", "now"] *= 0.5
    rounded = frame.assign(was=frame["was"].round(), now=frame["now"].round())
    names = ["shop", "product", "channel"]
    for table in (frame, rounded):
        result = localise(table, dimensions=names, measure="now", expected="was")
        assert (result.noise, found(result)) == ("relative", {frozenset({("shop", "c")})})


def test_a_frame_is_summed_as_the_engine_would():
    frame = cube(2).sample(500, replace=True, random_state=0).reset_index(drop=True)
    frame["product"] = frame["product"].astype(int)
    frame.loc[3, "shop"] = None
    names = ("shop", "product", "channel")
    mine = frame_sums(frame, names, amounts(frame, {"num1": "now", "num0": "was"}))
    table = as_table(frame)
    other = sums(
        table, names, {"num1": table["now"].cast("float64"), "num0": table["was"].cast("float64")}
    )
    text = dict.fromkeys(names, "str")
    pd.testing.assert_frame_equal(mine.frame.astype(text), other.frame.astype(text))


@pytest.mark.parametrize("shops", [3, 400])
def test_leaves_by_the_million_are_fetched_as_numbers_and_are_the_same(monkeypatch, shops):
    monkeypatch.setattr("kpilab.engine.rootcause.coded_leaves.MANY", 100)
    frame = cube(2).sample(500, replace=True, random_state=0).reset_index(drop=True)
    frame["shop"] = [f"it's {k % shops}" for k in range(500)]
    frame.loc[3, "shop"] = None
    frame["product"] = frame["product"].astype(int)
    table, names = as_table(frame), ("shop", "product", "channel")
    asked = {"num1": table["now"].cast("float64"), "num0": table["was"].cast("float64")}
    asked["none"] = table["now"].cast("float64") * 0
    mine, other = coded_sums(table, names, asked), sums(table, names, asked)
    assert mine is not None
    assert mine.grouped == other.grouped == ({"shop": 401} if shops > 300 else {})
    text = dict.fromkeys(names, "str")
    pd.testing.assert_frame_equal(mine.frame.astype(text), other.frame.astype(text))


def test_a_table_of_millions_of_leaves_is_searched_on_the_engine(monkeypatch):
    frame = cube(2).assign(was=lambda f: f["size"], now=lambda f: f["size"])
    frame.loc[frame["shop"] == "c", "now"] *= 0.5
    # as if only a few rows of texts could be fetched
    monkeypatch.setattr("kpilab.engine.run.collect.__defaults__", (50,))
    monkeypatch.setattr("kpilab.engine.rootcause.coded_leaves.MANY", 10)
    names = ["shop", "product", "channel"]
    result = localise(as_table(frame), dimensions=names, measure="now", expected="was")
    assert found(result) == {frozenset({("shop", "c")})}


def test_an_engine_groups_by_what_is_stored_and_names_what_is_missing_afterwards(monkeypatch):
    asked: list[str] = []

    def seen(expression, *rest):
        asked.append(str(ibis.to_sql(expression)))
        return collect(expression, *rest)

    monkeypatch.setattr("kpilab.engine.rootcause.leaves.collect", seen)
    frame = pd.DataFrame({"a": ["x", None, "(missing)"], "b": ["y", "y", "y"], "n": [1.0, 2, 3]})
    table = as_table(frame)
    found = sums(table, ("a", "b"), {"n": table["n"]}).frame
    assert asked
    assert not any("missing" in query for query in asked)
    assert found["a"].tolist() == ["(missing)", "x"]
    assert found["n"].tolist() == [5.0, 1.0]


def test_a_plain_frame_with_dates_is_told_like_facts():
    rng = np.random.default_rng(0)
    frame = pd.concat(
        [
            cube(s).assign(date=pd.Timestamp("2025-02-24") + pd.Timedelta(days=7 * s))
            for s in range(10)
        ]
    )
    frame["date"] += pd.to_timedelta(rng.integers(0, 86400, len(frame)), unit="s")
    hit = (frame["shop"] == "b") & (frame["date"] >= "2025-03-31")
    frame["now"] = frame["now"].where(~hit, frame["now"] // 2)
    frame.loc[frame.index[:5], "date"] = pd.NaT
    names = ["shop", "product", "channel"]
    plain = localise(frame, dimensions=names, measure="now", periods=PERIODS)
    other = localise(Facts(as_table(frame)), dimensions=names, measure="now", periods=PERIODS)
    assert found(plain) == {frozenset({("shop", "b")})}
    pd.testing.assert_frame_equal(plain.table, other.table)
    pd.testing.assert_frame_equal(plain.cells, other.cells)
    days = frame.assign(date=frame["date"].dt.date)
    assert found(localise(days, dimensions=names, measure="now", periods=PERIODS)) == found(plain)


def test_silent_when_nothing_happened():
    names = ["shop", "product", "channel"]
    results = [
        localise(cube(s), dimensions=names, measure="now", expected="was") for s in range(20)
    ]
    assert sum(len(r.table) for r in results) <= 1


def test_order_of_rows_names_and_scale_change_nothing():
    frame = cube(3)
    frame.loc[frame["product"] == "4", "now"] //= 2
    names = ["shop", "product", "channel"]
    first = localise(frame, dimensions=names, measure="now", expected="was")
    again = frame.sample(frac=1, random_state=1).assign(product=lambda f: "p" + f["product"])
    second = localise(again, dimensions=names[::-1], measure="now", expected="was")
    assert found(first) == {frozenset({("product", "4")})}
    assert found(second) == {frozenset({("product", "p4")})}


def test_everything_fell_alike_is_said_as_everywhere():
    frame = cube(4, mean=200.0).assign(now=lambda f: (f["now"] * 0.8).round())
    result = localise(
        frame, dimensions=["shop", "product", "channel"], measure="now", expected="was"
    )
    assert result.places == ()
    assert result.headline.key == "localise.everywhere"
    assert result.everywhere.low < -0.2 < result.everywhere.high < 0


def rates(shape, fallen, fall=0.3, seed=0, visits=11_000):
    """A rate of one in five; in the leaf `fallen` it fell."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        list(product(*(range(n) for n in shape))), columns=list("ab"[: len(shape)])
    ).astype(str)
    hit = (
        np.all([frame[d] == str(v) for d, v in fallen.items()], axis=0)
        if fallen
        else np.zeros(len(frame), bool)
    )
    den = rng.poisson(visits, (2, len(frame)))
    num = rng.binomial(den, [np.full(len(frame), 0.2), np.where(hit, 0.2 * (1 - fall), 0.2)])
    return frame.assign(num0=num[0], den0=den[0], num1=num[1], den1=den[1])


@pytest.mark.few(3)
@pytest.mark.parametrize("shape", [(2,), (3,), (8,), (4, 2), (3, 3), (5, 2), (4, 3), (5, 3)])
def test_a_fall_in_one_of_few_cells_is_placed(shape):
    fallen = dict(zip("ab", [1] * len(shape), strict=False))
    asked = {"measure": ("num1", "den1"), "expected": ("num0", "den0")}
    right = false = 0
    for seed in range(10):
        result = localise(rates(shape, fallen, seed=seed), dimensions=list(fallen), **asked)
        right += [place.plain() for place in result.places] == [
            {d: str(v) for d, v in fallen.items()}
        ]
        false += (
            len(localise(rates(shape, None, seed=seed), dimensions=list(fallen), **asked).places)
            > 0
        )
    assert (right >= 9, false <= 1) == (True, True)


def test_a_dimension_of_one_value_names_no_place():
    frame = rates((8,), {"a": 3}).assign(c="only")
    asked = {"measure": ("num1", "den1"), "expected": ("num0", "den0")}
    result = localise(frame, dimensions=["a", "c"], **asked)
    assert [place.plain() for place in result.places] == [{"a": "3"}]


def test_a_store_is_not_told_with_its_region():
    frame = forecast(4, 0.05, shape=(24, 6, 5))
    frame["region"] = frame["a"].str[1:].astype(int) % 6
    frame.loc[(frame["a"] == "a7") & (frame["c"] == "c2"), "now"] *= 0.6
    result = localise(frame, dimensions=["region", "a", "b", "c"], measure="now", expected="was")
    assert found(result) == {frozenset({("a", "a7"), ("c", "c2")})}
    nested = [n.values for n in result.notes if n.key == "localise.nested"]
    assert nested == [{"dimension": "a", "parents": ("region",)}]


def forecast(seed, noise, shape=(4, 4, 4, 4, 3, 3), bias=1.0):
    rng = np.random.default_rng(seed)
    codes = np.indices(shape).reshape(len(shape), -1)
    frame = pd.DataFrame(
        {d: [f"{d}{v}" for v in code] for d, code in zip("abcdef", codes, strict=False)}
    )
    was = rng.lognormal(4, 0.8, len(frame))
    return frame.assign(
        was=was, now=was * bias * np.maximum(1 + rng.normal(0, noise, len(frame)), 0)
    )


def test_a_large_element_that_moved_less_than_its_leaves_scatter_is_found():
    frame = forecast(0, 0.1)
    frame.loc[(frame["a"] == "a1") & (frame["c"] == "c2"), "now"] *= 0.88
    result = localise(frame, dimensions=list("abcdef"), measure="now", expected="was")
    assert found(result) == {frozenset({("a", "a1"), ("c", "c2")})}


@pytest.mark.parametrize("noise", [0.0, 0.03, 0.1, 0.3])
@pytest.mark.parametrize("bias", [0.95, 1.05])
def test_a_bias_of_everything_makes_no_places(noise, bias):
    frame = forecast(1, noise, bias=bias)
    result = localise(frame, dimensions=list("abcdef"), measure="now", expected="was")
    assert result.places == ()
    assert result.everywhere.value == pytest.approx(bias - 1, abs=0.02)


def test_a_forecast_exact_to_the_cent_leaves_rounding_alone():
    frame = forecast(2, 0.0).round(2)
    frame.loc[frame["b"] == "b3", "now"] = (frame["now"] * 0.9).round(2)
    result = localise(frame, dimensions=list("abcdef"), measure="now", expected="was")
    assert found(result) == {frozenset({("b", "b3")})}


@pytest.mark.parametrize("unit", [1e-6, 1e-3, 1.0, 1e3])
def test_the_unit_of_amounts_changes_no_place(unit):
    frame = cube(3)
    frame.loc[frame["product"] == "4", "now"] //= 2
    frame[["was", "now"]] *= unit
    result = localise(
        frame, dimensions=["shop", "product", "channel"], measure="now", expected="was"
    )
    assert found(result) == {frozenset({("product", "4")})}


def test_silence_says_what_it_would_have_seen():
    result = localise(
        cube(), dimensions=["shop", "product", "channel"], measure="now", expected="was"
    )
    assert result.places == ()
    assert 0 < result.visible < 0.2
    assert "localise.visible" in {note.key for note in result.notes}


@pytest.mark.parametrize(
    ("case", "dimensions", "rate", "where"),
    [
        (
            "sf937106f",
            ("platform", "channel", "product", "app_version", "user_type"),
            ("n_engage", "n_browse"),
            {"platform": "android", "channel": "ads", "app_version": "v7.1"},
        ),
        (
            "sc0ba2caa",
            ("line", "machine", "shift", "material_lot", "user_type"),
            ("n_running", "n_scheduled"),
            {"line": "L1", "shift": "evening", "material_lot": "B"},
        ),
    ],
)
def test_a_new_value_is_compared_with_what_it_replaced(shared, case, dimensions, rate, where):
    facts = Facts(pd.read_parquet(shared / "cases" / case / "facts.parquet"), dimensions=dimensions)
    result = localise(facts, measure=rate, periods=PERIODS)
    assert [place.plain() for place in result.places] == [where]
    assert "localise.successor" in {note.key for note in result.notes}


@pytest.mark.parametrize(("name", "least"), [("S", 0.9), ("L", 0.95), ("B0", 0.95), ("P", 0.9)])
def test_reference_cubes(shared, name, least):
    folder = shared / "reference" / "localisation" / name
    truth = json.loads((folder / "truth.json").read_text())
    right = wrong = missed = 0
    for key in list(truth)[:12]:
        frame = pd.read_parquet(folder / f"{key}.parquet")
        result = localise(
            frame, dimensions=list(frame.columns[:-2]), measure="real", expected="predict"
        )
        planted = {frozenset(e.items()) for e in truth[key]["root_causes"]}
        right += len(planted & found(result))
        wrong += len(found(result) - planted)
        missed += len(planted - found(result))
    assert (
        2 * right / (2 * right + wrong + missed) >= least - 0.05
    )  # twelve cubes; the benchmark holds the figure


@pytest.mark.parametrize("engine", [False, True])
def test_a_long_dimension_is_grouped_and_said(engine):
    n = 100_000
    frame = pd.DataFrame(
        {"user": [f"u{k}" for k in range(n)], "app": ["a", "b"] * (n // 2), "was": 5}
    )
    frame["now"] = frame["was"].where(frame["app"] == "a", 2)
    table = as_table(frame) if engine else frame
    result = localise(table, dimensions=["user", "app"], measure="now", expected="was")
    assert ("localise.grouped", n) in {
        (note.key, note.values.get("values")) for note in result.notes
    }
    assert result.expected == 5 * n
    assert found(result) == {frozenset({("app", "b")})}


def test_missing_combinations_and_missing_values_are_no_obstacle():
    frame = cube(7).sample(frac=0.4, random_state=0)
    hit = frame["product"] == "4"
    frame["now"] = frame["now"].where(~hit, frame["now"] // 3).astype(float)
    frame.loc[frame.index[~hit][:3], "shop"] = None
    result = localise(
        frame, dimensions=["shop", "product", "channel"], measure="now", expected="was"
    )
    assert found(result) == {frozenset({("product", "4")})}


def test_a_stray_negative_amount_counts_as_nothing_and_is_said():
    frame = cube().assign(now=lambda f: f["now"].where(f.index != 5, -3))
    result = localise(
        frame, dimensions=["shop", "product", "channel"], measure="now", expected="was"
    )
    assert "localise.negative" in {note.key for note in result.notes}


def test_bad_input_is_named():
    frame = cube()
    with pytest.raises(BadInput, match="no column named 'shops'"):
        localise(frame, dimensions=["shops"], measure="now", expected="was")
    with pytest.raises(BadInput, match="nothing was expected"):
        localise(frame.assign(was=0), dimensions=["shop"], measure="now", expected="was")
    with pytest.raises(BadInput, match="measure is None"):
        localise(frame, dimensions=["shop"], expected="was")


@pytest.mark.parametrize("gone", [np.nan, np.inf])
@pytest.mark.parametrize("wrap", [lambda f: f, lambda f: f.assign(app=f["app"].astype(object))])
def test_an_empty_cell_is_no_fall_to_zero(gone, wrap):
    rng = np.random.default_rng(5)
    cube = pd.DataFrame(list(product("abcd", "xyz", "01234")), columns=["app", "shop", "ver"])
    cube = cube.assign(was=200.0, now=rng.poisson(200, len(cube)).astype(float))
    holed = wrap(cube.assign(now=cube["now"].where(cube.index != 3, gone)))
    asked = {"dimensions": ["app", "shop", "ver"], "measure": "now", "expected": "was"}
    result = localise(holed, **asked)
    assert result.places == ()
    assert result.actual == cube["now"].drop(index=3).sum()
    assert result.expected == 200.0 * (len(cube) - 1)
    assert [n.values["rows"] for n in result.notes if n.key == "door.left_out"] == [1]


def test_a_combination_known_in_one_period_alone_is_left_out():
    days = pd.date_range("2026-01-05", periods=14)
    rows = pd.DataFrame(list(product(days, "abcd", "xyz")), columns=["date", "app", "shop"])
    rows["n"] = np.random.default_rng(1).poisson(100, len(rows)).astype(float)
    gone = (rows["app"] == "a") & (rows["shop"] == "x") & (rows["date"] >= days[7])
    periods = (Period(days[0].date(), days[6].date()), Period(days[7].date(), days[13].date()))
    result = localise(
        rows.assign(n=rows["n"].mask(gone)),
        dimensions=["app", "shop"],
        measure="n",
        periods=periods,
    )
    assert result.places == ()
    assert (
        result.expected
        == rows.loc[
            (rows["date"] < days[7]) & ~((rows["app"] == "a") & (rows["shop"] == "x")), "n"
        ].sum()
    )


def test_amounts_in_another_unit_have_the_same_places():
    """Cents in thousandths are whole numbers, but no counts."""
    rng = np.random.default_rng(7)
    cube = pd.DataFrame({"region": np.repeat(list("NSW"), 2), "city": list("ab") * 3})
    cube["was"] = np.round(rng.normal(24000, 900, 6), 2)
    cube["now"] = np.round(cube["was"] * [0.5, 0.5, 1, 1, 1, 1] * rng.normal(1, 0.04, 6), 2)
    found = []
    for factor in (1.0, 1000.0, 0.001):
        scaled = cube.assign(
            was=(cube["was"] * factor).round(6), now=(cube["now"] * factor).round(6)
        )
        told = localise(scaled, dimensions=["region", "city"], measure="now", expected="was")
        found.append((told.noise, [place.plain() for place in told.places], round(told.visible, 3)))
    assert found[1] == found[0] == found[2]


def test_a_dimension_may_be_called_like_a_column_of_the_cells():
    names = {"app": "actual", "shop": "score"}
    cube = pd.DataFrame(
        {"app": ["a", "b"] * 8, "shop": list("wxyz") * 4, "was": 100.0, "now": 103.0}
    )
    plain, told = (
        localise(c, dimensions=d, measure="now", expected="was")
        for c, d in ((cube, [*names]), (cube.rename(columns=names), [*names.values()]))
    )
    assert told.across == tuple(f"{names[d]} (by)" for d in plain.across)
    assert told.cells.to_numpy().tolist() == plain.cells.to_numpy().tolist()


def test_a_dimension_of_one_value_is_not_drawn():
    cube = pd.DataFrame(
        {"app": ["a", "b"] * 8, "shop": list("wxyz") * 4, "was": 100.0, "now": 103.0, "all": "x"}
    )
    told = localise(cube, dimensions=["all", "app", "shop"], measure="now", expected="was")
    assert told.across == ("app", "shop")
    assert localise(cube, dimensions=["all", "app"], measure="now", expected="was").across == ()
