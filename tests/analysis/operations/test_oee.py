"""OEE: one definition, a loss tree that closes, and a refusal of what cannot be."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from kpilab.analysis.operations.oee import Machines, oee
from kpilab.core.table import Facts
from kpilab.errors import BadInput
from kpilab.show import say
from tests.conftest import DATA

SHIFT = {
    "date": pd.Timestamp("2026-06-01"),
    "machine": "M1",
    "scheduled": 480.0,
    "planned_stop": 60.0,
}
SHIFT |= {
    "breakdown": 30.0,
    "changeover": 12.0,
    "minor": 5.0,
    "units": 19_271,
    "scrap": 423,
    "cycle": 1 / 60,
}
COLUMNS = Machines(
    scheduled="scheduled",
    total="units",
    scrap="scrap",
    cycle="cycle",
    stops={
        "planned_stop": "planned_stop",
        "breakdown": "breakdown",
        "changeover": "changeover",
        "minor_stop": "minor",
    },
)


def facts(*shifts: dict) -> Facts:
    return Facts(pd.DataFrame([SHIFT | s for s in shifts]), dimensions=("machine",))


def test_vorne_s_example():
    cases = {c["id"]: c for c in json.loads((DATA / "statistics_cases.json").read_text())["cases"]}
    given, known = cases["oee_vorne"]["input"], cases["oee_vorne"]["expected"]
    shift = {
        "scheduled": float(given["shift_min"]),
        "planned_stop": float(given["breaks_min"]),
        "changeover": 0.0,
    }
    shift |= {
        "breakdown": float(given["down_min"]),
        "cycle": given["ideal_cycle_s"] / 60,
        "minor": 0.0,
    }
    found = oee(
        facts(shift | {"units": given["total"], "scrap": given["reject"]}), COLUMNS
    ).table.iloc[0]
    for part, value in known.items():
        assert found[part] == pytest.approx(value, abs=cases["oee_vorne"]["tol"])


def test_nakajima_s_world_class():
    cases = {c["id"]: c for c in json.loads((DATA / "statistics_cases.json").read_text())["cases"]}
    given = cases["oee_worldclass"]["input"]
    shift = {"scheduled": 100.0, "planned_stop": 0.0, "changeover": 0.0, "minor": 0.0}
    shift |= {
        "breakdown": 100 * (1 - given["A"]),
        "cycle": 1e-3,
        "units": round(given["A"] * given["P"] * 1e5),
    }
    found = oee(facts(shift | {"scrap": round(shift["units"] * (1 - given["Q"]))}), COLUMNS)
    assert found.whole == pytest.approx(
        cases["oee_worldclass"]["expected"], abs=1.1e-4
    )  # scrap is whole units


def test_losses_and_oee_are_the_planned_time():
    result = oee(facts({}, {"machine": "M2", "units": 15_000}), COLUMNS, by=("machine",))
    lost = result.losses[result.losses["loss"] != "planned_stop"].groupby("machine")["share"].sum()
    assert (lost + result.table.set_index("machine")["oee"]).to_numpy() == pytest.approx(1.0)
    assert result.table["machine"].tolist() == ["M2", "M1"]  # worst first


def test_a_line_is_no_mean_of_its_machines():
    result = oee(facts({}, {"machine": "M2", "scheduled": 110.0, "units": 0, "scrap": 0}), COLUMNS)
    assert result.whole == pytest.approx((19_271 - 423) / 60 / (420 + 50))


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("shift", "fault"),
    [
        ({"units": 40_000}, "above_one"),
        ({"cycle": 0.0}, "no_ideal"),
        ({"breakdown": -1.0}, "negative"),
        ({"breakdown": 500.0}, "stops_too_long"),
        ({"scrap": 20_000}, "good_above_units"),
        ({"planned_stop": 480.0}, "no_planned_time"),
        ({"units": None}, "missing"),
    ],
)
def test_what_cannot_be_is_refused_or_counted(shift, fault):
    with pytest.raises(BadInput, match="1 row:"):
        oee(facts({}, shift), COLUMNS)
    result = oee(facts({}, shift), COLUMNS, faulty="leave_out")
    assert result.faults["fault"].tolist() == [fault]
    assert result.notes


def test_machining_cells_are_refused_politely():
    cells = pd.read_csv(DATA / "oee_machining_cells.csv")
    cells["day"] = pd.to_datetime(
        cells["date"].str.replace("GMT ", ""), format="%a %b %d %H:%M:%S %Y"
    )
    cells["scheduled"] = cells[["run_minutes", "idle_minutes", "fault_minutes"]].sum(axis=1)
    stops = {"breakdown": "fault_minutes", "changeover": "idle_minutes"}
    columns = Machines(scheduled="scheduled", total="output", stops=stops, ideal="adjusted_target")
    table = Facts(cells, time="day", dimensions=("machine",), name="cells")
    with pytest.raises(BadInput) as refused:
        oee(table, columns)
    said = str(refused.value)
    assert "OEE would be above 1" in said
    assert "target is zero" in said
    kept = oee(table, columns, by=("machine",), faulty="leave_out")
    assert kept.table["oee"].between(0, 1).all()


def test_packaging_sites(shared):
    table = Facts(shared / "datasets/oee_packaging_sites.csv", dimensions=("site",), name="sites")
    columns = Machines(
        scheduled="planned_time_hours",
        total="total_units",
        scrap="defective_units",
        cycle="ideal_cycle_time_unit",
        stops={"breakdown": "unplanned_downtime_hours"},
    )
    result = oee(table, columns, by=("site",), faulty="leave_out")
    raw = pd.read_csv(shared / "datasets/oee_packaging_sites.csv")
    result_faults = result.faults["fault"].tolist()
    assert result_faults == [
        "negative"
    ]  # 36 days of one site with less than no downtime, where its OEE is above 1
    sound = raw[raw["unplanned_downtime_hours"] >= 0].assign(
        good=lambda r: r["oee"] * r["planned_time_hours"]
    )
    sums = sound.groupby("site")[["good", "planned_time_hours"]].sum()
    own = sums["good"] / sums["planned_time_hours"]  # the file's own OEE, weighted by planned time
    kept = result.table.set_index("site")["oee"]
    assert (kept - own[kept.index]).abs().max() < 1e-6


@pytest.mark.few(2)
@pytest.mark.parametrize("column", ["scrap", "units", "cycle", "breakdown", "minor"])
def test_an_empty_cell_is_a_fault_not_a_zero(column):
    holed = facts({}, {column: None}, {"date": pd.Timestamp("2026-06-02")})
    with pytest.raises(BadInput, match="1 row: a time or count is missing"):
        oee(holed, COLUMNS)
    result = oee(holed, COLUMNS, faulty="leave_out")
    lost = result.losses[result.losses["loss"] != "planned_stop"]["share"].sum()
    assert lost + result.whole == pytest.approx(1.0)
    assert result.whole == pytest.approx(oee(facts({}), COLUMNS).whole)


def test_minor_stops_cannot_take_longer_than_the_units_leave():
    with pytest.raises(
        BadInput, match="minor stops and the ideal time of the units are longer than the run time"
    ):
        oee(facts({"minor": 200.0}), COLUMNS)


def test_a_machine_without_a_name_is_counted():
    result = oee(facts({}, {"machine": None}), COLUMNS, by=("machine",))
    assert set(result.table["machine"]) == {"M1", "(missing)"}
    assert result.table["planned"].sum() == oee(facts({}, {}), COLUMNS).table["planned"].sum()


@pytest.mark.parametrize(
    ("name", "said"),
    [("day", "day"), ("time", "time (by)"), ("run", "run (by)"), ("oee", "oee (by)")],
)
def test_a_dimension_may_be_called_like_a_column_of_ours(name, said):
    shifts = pd.DataFrame([SHIFT | {name: "b"}, SHIFT | {name: "a", "breakdown": 60.0}])
    result = oee(Facts(shifts), COLUMNS, by=(name,))
    assert result.by == (said,)
    assert result.table[said].tolist() == ["a", "b"]
    assert set(result.losses[said]) == {"a", "b"}
    assert "a" in say(result.headline, "en")
