"""Pictures of the trades' charts for the documentation, made from the sample worlds.

Run: python docs/pictures.py
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import vl_convert

import kpilab
from kpilab import Measured, Period
from kpilab.analysis.relation.screen import screen
from kpilab.core.result import Result
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.samples.write import write

IMAGES = Path(__file__).parent / "images"
STOPS = ("planned_stop", "breakdown", "changeover", "minor_stop")


def retail(case) -> dict[str, Result]:
    pos, metrics = case.tables["pos"], case.metrics
    history = Period(
        case.current.first - timedelta(weeks=26), case.current.first - timedelta(days=1)
    )
    results = Measured(pos, metrics["new_members"])
    levels = ("region", "store", "clerk")
    shares = kpilab.targets(results, int(case.goal.target), levels=levels, period=history, weeks=4)
    goals = shares.leaves.set_index("unit")["target"].to_dict()
    day = case.current.first + timedelta(days=17)
    pace = kpilab.pace(results, goals, by="clerk", period=case.current, until=day)
    known = Period(history.first, history.first + timedelta(weeks=18))
    rate = Measured(pos, metrics["signup_rate"])
    span = Period(history.first, case.current.last)
    chart = kpilab.control(rate, by=("store",), period=span, known=known)
    return {
        "targets": shares,
        "pace": pace,
        "incentives": kpilab.incentives(pace.table),
        "control": chart,
    }


def equipment(case) -> dict[str, Result]:
    hours, stops = case.tables["hours"], {s: s for s in STOPS}
    columns = kpilab.Machines(
        scheduled="scheduled", total="units", scrap="scrap", cycle="cycle", stops=stops
    )
    oee = Measured(hours, case.metrics["oee"])
    return {
        "oee": kpilab.oee(hours, columns, by=("machine", "shift"), period=case.current),
        "response": kpilab.response(case.tables["incidents"], by=("shift",)),
        "fair": kpilab.fair(oee, by="machine", within="type", period=case.current, aim=0.80),
    }


def activity(case) -> dict[str, Result]:
    wall = case.tables["wall"].table.to_pandas().set_index("week")
    return {
        "activity": kpilab.activity(case.tables["events"]),
        "screen": screen(wall, goal=case.goal.metric),
    }


def checkout(case) -> dict[str, Result]:
    steps = case.funnels["main"].steps
    change = kpilab.funnel_change(
        case.tables["events"], steps, baseline=case.baseline, current=case.current, within="1d"
    )
    return {"funnel_change": change}


def growth(case) -> dict[str, Result]:
    rows = case.tables["promised"].table.to_pandas()
    return {"claims": kpilab.claims(rows, wanted=case.targets["registrations"])}


def landing(case) -> dict[str, Result]:
    names = [k.metric for k in case.kpis]
    weeks = Period(case.current.last - timedelta(weeks=60), case.current.last)
    found = measure(
        case.tables["daily"], [case.metrics[n] for n in names], {"all": weeks}, Cut("week")
    )
    given = {"goal": case.goal.metric, "metrics": case.metrics, "tree": case.goal.tree}
    return {"levels": kpilab.levels(case.kpis, series=found.set_index(BUCKET)[names], **given)}


def main() -> None:
    for trade in (retail, equipment, activity, checkout, growth, landing):
        name = trade.__name__
        case = kpilab.open_case(write(name, Path(mkdtemp()) / name))
        for chart, result in trade(case).items():
            for lang in ("en",):
                spec = result.chart(lang).properties(background="white").to_json()
                file = IMAGES / f"{name}_{chart}_{lang}.png"
                file.write_bytes(vl_convert.vegalite_to_png(spec, scale=1.3))
                print(file.name)


if __name__ == "__main__":
    main()
