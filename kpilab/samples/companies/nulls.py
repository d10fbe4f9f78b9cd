"""Families in which nothing is wrong."""

from __future__ import annotations

from kpilab.samples.companies.company import Company
from kpilab.samples.companies.family import Family, Planted, Scene
from kpilab.samples.companies.local import pick, stage
from kpilab.samples.companies.places import NoPlace
from kpilab.samples.companies.ranges import Need, Range


def _any(firm: Company) -> bool:
    return bool(firm.knobs)


def _seasonal(firm: Company) -> bool:
    return firm.seasonal


def quiet(
    name: str,
    target: Range | None,
    need: Need,
    *,
    tolerated: tuple[str, ...] = (),
    falls: bool = False,
) -> Family:
    """A company as it would be, judged against some target."""

    def plant(scene: Scene) -> Planted:
        goal, kpi = stage(scene, pick(scene, tuple(scene.firm.knobs)))
        days = scene.setting.days
        if falls and scene.base.total(goal, days.current) > scene.base.total(goal, days.baseline):
            raise NoPlace
        return Planted(goal, kpi, (), target, tolerated)

    return Family(name, _seasonal if falls else _any, plant, need)


SEASONAL = Need(history=24, year_ago=True, season=(0.15, 0.3), months=(3,))
NULLS = (
    quiet("n_target", (1.06, 1.16), Need(history=18)),
    quiet(
        "n_season",
        None,
        Need(history=24, year_ago=True, season=(0.15, 0.3), months=(3,)),
        falls=True,
    ),
)
