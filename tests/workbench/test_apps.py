"""Every view of every app has a headless twin, and the code it shows gives the same result."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from kpilab.core.result import Result
from kpilab.show.say import LANGUAGES, catalogue
from kpilab.workbench.app import App
from kpilab.workbench.apps.data.definitions import DEFINITIONS
from kpilab.workbench.apps.events.funnel import FUNNEL
from kpilab.workbench.apps.events.lifecycle import LIFECYCLE
from kpilab.workbench.apps.events.paths import PATHS
from kpilab.workbench.apps.execution.evidence import EXECUTION
from kpilab.workbench.apps.experiments.trial import TRIAL
from kpilab.workbench.apps.external.market import EXTERNAL
from kpilab.workbench.apps.goal import GOAL
from kpilab.workbench.apps.relation.pairs import RELATION
from kpilab.workbench.apps.rootcause.explore import EXPLORE
from kpilab.workbench.apps.whys import WHYS

APPS = (
    DEFINITIONS,
    EXECUTION,
    EXPLORE,
    EXTERNAL,
    FUNNEL,
    GOAL,
    LIFECYCLE,
    PATHS,
    RELATION,
    TRIAL,
    WHYS,
)
VIEWS = [(app, view) for app in APPS for view in app.views]
SLOW = pytest.mark.slow
# What a view needs beside the state the app opens with.
NEEDS = {"step": "pay", "dimension": "platform"}


def state(app: App, view: str, case):
    start = app.start(case).looking(
        view, **{k: v for k, v in NEEDS.items() if app is FUNNEL or k == "dimension"}
    )
    return start.inside({"platform": "android"}) if view == "rest" else start


def twin(code: str) -> Result:
    scope: dict[str, object] = {}
    exec(code, scope)
    result = scope["result"]
    assert isinstance(result, Result)
    return result


@pytest.mark.few(5)
@pytest.mark.parametrize(
    ("app", "view"),
    [
        pytest.param(app, view, id=f"{app.name}-{view}", marks=[] if k % 3 == 0 else SLOW)
        for k, (app, view) in enumerate(VIEWS)
    ],
)
def test_a_view_answers_draws_and_its_code_gives_the_same(app, view, shop, monkeypatch):
    if view == "pipeline":  # of a funnel that takes weeks
        plans = {name: replace(f, within=timedelta(days=30)) for name, f in shop.funnels.items()}
        shop = replace(shop, funnels=plans)
    asked = app.asked(shop, state(app, view, shop))
    result = asked.call.ask()
    table = getattr(result, asked.table)
    if len(table) and asked.chart:
        for lang in LANGUAGES:
            drawn = (asked.draw or (lambda r, language: r.chart(language)))(result, lang).to_dict()
            assert drawn["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    monkeypatch.setattr("kpilab.open_case", lambda folder: shop)
    pd.testing.assert_frame_equal(twin(asked.call.code(shop)).table, result.table)


@pytest.mark.parametrize("app", APPS, ids=lambda a: a.name)
def test_every_control_has_a_name_and_every_choice_a_text(app, shop):
    for view in app.views:
        for control in app.controls(shop, state(app, view, shop)):
            assert f"workbench.{control.name}" in catalogue("en")
            keys = [text.key for _, text in control.options if not isinstance(text, str)]
            assert set(keys) <= set(catalogue("en"))


@pytest.mark.parametrize("app", APPS, ids=lambda a: a.name)
def test_every_offer_leads_to_a_view_and_keeps_the_filter(app, shop):
    for view in app.views:
        here = state(app, view, shop).inside({"channel": "paid"})
        for offer in app.offers(shop, here, None):
            assert offer.state.view in app.views
            assert offer.state.where == here.where
            assert offer.label.key in catalogue("en")


def test_a_click_in_explore_goes_inside_a_value_and_shows_the_next_dimension(shop):
    here, dimensions = EXPLORE.start(shop), shop.tables["events"].dimensions_named
    for k, dimension in enumerate(dimensions):
        asked = EXPLORE.asked(shop, here)
        assert asked.fields == (dimension,)
        value = asked.call.ask().table[dimension][0]
        here = EXPLORE.clicked(shop, here, {dimension: value, "said": "1"})
        assert list(here.where.values) == list(dimensions)[: k + 1]
    assert EXPLORE.asked(shop, here).fields == ()
    assert EXPLORE.clicked(shop, here, {"said": "1"}) is None


def test_a_funnel_of_weeks_leads_to_its_pipeline_without_the_filter(shop):
    plan = next(iter(shop.funnels.values()))
    start = FUNNEL.start(shop).inside({"platform": "android"})
    assert "pipeline" not in [o.state.view for o in FUNNEL.offers(shop, start, None)]
    deals = replace(shop, funnels={plan.name: replace(plan, within=timedelta(days=30))})
    offered = next(o for o in FUNNEL.offers(deals, start, None) if o.state.view == "pipeline")
    assert not offered.state.where
    visits = FUNNEL.lacking(shop, offered.state)
    assert visits is not None
    assert visits.key == "workbench.lacks_deals"
    said = FUNNEL.lacking(deals, start.looking("pipeline"))
    assert said is not None
    assert said.key == "workbench.lacks_unfiltered"


def test_one_period_alone_offers_no_order_by_change(shop):
    both = EXPLORE.start(shop).chosen(order="change")
    assert EXPLORE.asked(shop, both).call.ask().table["period"].nunique() == 2
    alone = both.chosen(periods="current")
    assert EXPLORE.asked(shop, alone).call.ask().table["period"].unique() == ["current"]
    (order,) = (c for c in EXPLORE.controls(shop, alone) if c.name == "order")
    assert "change" not in dict(order.options)


def test_a_place_without_a_dimension_left_leads_to_its_days_and_its_records(shop):
    dimensions = shop.tables[shop.metrics[shop.goal.metric].table].dimensions_named
    *first, last = dimensions
    inside = WHYS.start(shop).looking("split", dimension=last).inside(dict.fromkeys(first, "x"))
    led = WHYS.clicked(shop, inside, {"segment": "y"})
    assert led is not None
    assert led.view == "began"
    offered = [offer.state.view for offer in WHYS.offers(shop, led, None)]
    assert "records" in offered
    assert not {"next", "split"} & set(offered)
