"""Families in which nothing is wrong."""

from __future__ import annotations

from kpilab.samples.companies.company import Company
from kpilab.samples.companies.family import Family, Planted, Scene
from kpilab.samples.companies.lever import Lever
from kpilab.samples.companies.local import pick, said, stage
from kpilab.samples.companies.ranges import Need
from kpilab.samples.companies.spots import NoPlace


def _any(firm: Company) -> bool:
    return bool(firm.knobs)


def _seasonal(firm: Company) -> bool:
    return firm.seasonal


def _daily(firm: Company) -> bool:
    return not firm.weekly and not firm.months


def _flows(firm: Company) -> bool:
    return bool(firm.flow)


def _cut(firm: Company) -> bool:
    return "volume" in firm.knobs


def quiet(scene: Scene) -> tuple[str, str]:
    """The goal and KPI of some knob that nobody pulls; no goal that is a count of joiners."""
    whole = [n for n in scene.firm.knobs if n not in ("join", "again", "move")]
    return stage(scene, pick(scene, tuple(whole)))


def target(scene: Scene) -> Planted:
    """As ever; the target asked for more than growth ever gave."""
    return Planted(*quiet(scene), (), (1.06, 1.16))


def flat(scene: Scene) -> Planted:
    """As ever, and a target that fits."""
    return Planted(*quiet(scene), (), (0.99, 1.01))


def fall(scene: Scene) -> Planted:
    """The season, or a short month, as in other years: less than in the baseline."""
    goal, kpi = quiet(scene)
    days = scene.setting.days
    if scene.base.total(goal, days.current) > 0.98 * scene.base.total(goal, days.baseline):
        raise NoPlace
    return Planted(goal, kpi, (), None)


def log(scene: Scene) -> Planted:
    """The change log speaks of something that sounds important; it did nothing."""
    goal, kpi = quiet(scene)
    book = scene.base.books[goal]
    dims = [d for d in book.columns if d not in ("day", "value") and book[d].nunique() < 12]
    dim = pick(scene, tuple(dims))
    value = pick(scene, tuple(str(v) for v in book[dim].unique()))
    texts = ("reorganised", "prices reviewed", "new manager", "new supplier")
    return Planted(goal, kpi, (), (1.03, 1.1), log=(f"{value}: {pick(scene, texts)}",))


def trend(scene: Scene) -> Planted:
    """One place loses ground steadily all the time, as it did before the baseline."""
    knob = scene.firm.knobs["volume"]
    goal, kpi = stage(scene, "volume")
    days = scene.setting.days
    dim = pick(scene, knob.dims)
    share = scene.shares(goal, dim)
    fitting = [v for v in share if 0.1 < share[v] < 0.35]
    if not fitting:
        raise NoPlace
    place = {dim: (pick(scene, tuple(fitting)),)}
    # 15 to 25 % a year: a few percent from one quarter to the next.
    left = 1 - float(scene.rng.uniform(0.15, 0.25)) * days.days / 365.25
    lever = Lever(knob.what, max(left, 0.3), place, start=0, ramp=days.days)
    note = f"{said(place)} loses ground as steadily as it always did"
    return Planted(goal, kpi, (), (1.0, 1.03), background=(lever,), note=note)


def market(scene: Scene) -> Planted:
    """Everybody sells less, other firms too; a table of the market says so."""
    goal, kpi = quiet(scene)
    start = scene.setting.days.current[0]
    drop = float(scene.rng.uniform(0.78, 0.9))
    lever = Lever(scene.firm.flow, drop, start=start, ramp=7)
    tolerated = ("external_decline",)
    return Planted(goal, kpi, (), (0.99, 1.02), tolerated, background=(lever,), market=lever)


SEASONAL = Need(history=24, year_ago=True, season=(0.15, 0.3), months=(3,))
SHORT = Need(history=24, year_ago=True, growth=(-0.02, 0.05), season=(0.0, 0.04), february=True)
CALM = Need(history=24, season=(0.0, 0.04), growth=(0.0, 0.1), months=(3,))
NULLS = (
    Family("n_target", _any, target, Need(history=18)),
    Family("n_flat", _any, flat, Need(growth=(-0.02, 0.03), season=(0.0, 0.04))),
    Family("n_season", _seasonal, fall, SEASONAL),
    Family("n_calendar", _daily, fall, SHORT),
    Family("n_market", _flows, market, CALM),
    Family("n_drift", _any, flat, Need(history=24, drift=(0.018, 0.028), season=(0.0, 0.05))),
    Family("n_trend", _cut, trend, Need(history=24, season=(0.0, 0.05))),
    Family("n_small", _any, target, Need(few=(0.08, 0.3))),
    Family("n_log", _any, log, Need(history=18)),
)
