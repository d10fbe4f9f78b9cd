"""Families in which more than one driver moves, or rows move in time, place or number."""

from __future__ import annotations

from kpilab.samples.companies.company import Company
from kpilab.samples.companies.family import Family, Planted, Scene
from kpilab.samples.companies.lever import Lever, Place
from kpilab.samples.companies.local import one_place, pick, place_for, reason, said, stage, wish
from kpilab.samples.companies.ranges import Need
from kpilab.samples.companies.reason import Reason
from kpilab.samples.companies.spots import NoPlace, distinct, start_day

LATER = 7  # days until customers answer to a delay
POWER = 0.8  # part of the later visits that new customers of poor quality do not make


def knows(nature: str):
    """Can the company change this driver?"""

    def suits(firm: Company) -> bool:
        return nature in firm.knobs

    return suits


def delay(scene: Scene) -> Planted:
    """Something takes longer in a place, and its customers come less or leave."""
    knob = scene.firm.knobs["delay"]
    goal, kpi = stage(scene, "delay")
    found = place_for(scene, knob, goal, wish(scene, knob, 1))
    slower = float(scene.rng.uniform(1.7, 2.6))
    start = found.start
    levers = (
        Lever("delay", slower, found.where, start=start),
        Lever(knob.what, found.factor, found.where, start=start + LATER, ramp=LATER),
    )
    note = f"everything takes {slower:.1f} times as long in {said(found.where)}"
    return Planted(goal, kpi, (
        Reason("delay", knob.kinds, (found.where,), levers, -1, start, note,
               f"new carrier, new rota: {said(found.where)}"),
    ))  # fmt: skip


def exception(scene: Scene) -> Planted:
    """One value falls, but not where it meets a certain other one."""
    knob = scene.firm.knobs["volume"]
    goal, kpi = stage(scene, "volume")
    size = wish(scene, knob, 1)
    found = place_for(scene, knob, goal, size)
    first = next(iter(found.where))
    options: list[Place] = []
    for dim in knob.dims:
        parts = scene.shares(goal, dim, found.where)
        options += [{dim: (v,)} for v in parts if dim != first and 0.15 < parts[v] < 0.45]
    if not options:
        raise NoPlace
    but = options[int(scene.rng.integers(len(options)))]
    dim, spared = next(iter(but.items()))
    others = tuple(v for v in scene.by(goal, dim, found.where) if v not in spared)
    left = {**found.where, dim: others}
    if not distinct(scene.base, scene.setting, goal, left, found.factor, found.start):
        raise NoPlace
    lever = Lever(knob.what, found.factor, found.where, but, start=found.start)
    places = (found.where, left)
    note = f"{knob.what} x {found.factor:.2f} in {said(found.where)} except {said(but)}"
    told = Reason(
        "exception", knob.kinds, places, (lever,), -1, found.start, note, said(found.where), but
    )
    return Planted(goal, kpi, (told,))


def two_values(scene: Scene) -> Planted:
    """Two values of one dimension fall."""
    knob = scene.firm.knobs["volume"]
    goal, kpi = stage(scene, "volume")
    found = place_for(scene, knob, goal, wish(scene, knob, 1))
    dim, values = next(iter(found.where.items()))
    share = scene.shares(goal, dim)
    near = [v for v in share if v not in values and 0.5 < share[v] / found.share < 1.3]
    if not near or len(share) < 4:
        raise NoPlace
    place = {dim: (*values, pick(scene, tuple(near)))}
    if not distinct(scene.base, scene.setting, goal, place, found.factor, found.start):
        raise NoPlace
    lever = Lever(knob.what, found.factor, place, start=found.start)
    note = f"{knob.what} x {found.factor:.2f} in {said(place)}"
    told = Reason("two_values", knob.kinds, (place,), (lever,), -1, found.start, note, said(place))
    return Planted(goal, kpi, (told,))


def concentration(scene: Scene) -> Planted:
    """A few of the largest customers leave."""
    knob = scene.firm.knobs["large"]
    goal, kpi = stage(scene, "large")
    key = knob.dims[0]
    share = scene.shares(goal, key)
    largest = list(share)[:24]
    wanted = float(scene.rng.uniform(*scene.ranges.loss)) * 1.2
    chosen: list[str] = []
    for k in scene.rng.permutation(len(largest)):
        if sum(share[v] for v in chosen) < wanted and share[largest[int(k)]] < wanted:
            chosen.append(largest[int(k)])
    if not 2 <= len(chosen) <= 9:
        raise NoPlace
    # Half as strong: half of them leave.
    chosen = chosen[: max(1, round(len(chosen) * scene.effect))]
    place = {key: tuple(sorted(chosen))}
    start = start_day(scene.rng, scene.setting, latest=0.2)
    lever = Lever(knob.what, 0.0, place, start=start, whole=True)
    theirs = scene.usual(goal, place)
    shared = [
        {dim: (str(theirs[dim].iloc[0]),)}
        for dim in theirs.columns.drop(["day", "value", key])
        if theirs[dim].astype(str).nunique() == 1 and dim != "app_id"
    ]
    note = f"{len(chosen)} large ones left"
    told = Reason("concentration", knob.kinds, (place, *shared), (lever,), -1, start, note)
    return Planted(goal, kpi, (told,))


def quality(scene: Scene) -> Planted:
    """More new customers than ever from one source; they hardly come back."""
    knob = scene.firm.knobs["again"]
    goal, kpi = stage(scene, "again")
    days, source = scene.setting.days, knob.dims[0]
    share = scene.shares(kpi, source)
    fitting = [v for v in share if 0.2 < share[v] < 0.5]
    if not fitting or scene.base.total(kpi, days.baseline) < 450:
        raise NoPlace
    place = {source: (pick(scene, tuple(fitting)),)}
    start = days.current[0]
    pump = Lever("join", float(scene.rng.uniform(1.4, 1.55)), place, start=start)
    lever = Lever("again", 1 - POWER * float(scene.rng.uniform(0.9, 1.1)), place, start=start)
    note = f"many new customers from {said(place)}, who hardly come back"
    told = Reason(
        "acquisition_quality", knob.kinds, (place,), (lever,), -1, start, note,
        f"campaign: {said(place)}",
    )  # fmt: skip
    return Planted(goal, kpi, (told,), (1.02, 1.06), background=(pump,))


def cannibalisation(scene: Scene) -> Planted:
    """The KPI's channel grows, by what another one loses."""
    knob = scene.firm.knobs["move"]
    goal, kpi = stage(scene, "move")
    dim = knob.dims[0]
    gainer = knob.dims[1]
    share = scene.shares(goal, dim)
    fitting = [v for v in share if v != gainer and share[v] > 0.15]
    if not fitting or share.get(gainer, 0) < 0.08:
        raise NoPlace
    loser = pick(scene, tuple(fitting))
    start = start_day(scene.rng, scene.setting, latest=0.2)
    left = float(scene.rng.uniform(0.5, 0.72))
    if not distinct(scene.base, scene.setting, goal, {dim: (loser,)}, left, start):
        raise NoPlace
    lever = Lever("move", left, {dim: (loser,)}, start=start, to=gainer)
    places = ({dim: (loser,)}, {dim: (loser, gainer)}, {dim: (gainer,)})
    note = f"{gainer} grows by what {loser} loses"
    told = Reason("cannibalisation", knob.kinds, places, (lever,), -1, start, note, gainer)
    return Planted(goal, kpi, (told,), (1.03, 1.08))


def pull_forward(scene: Scene) -> Planted:
    """A campaign at the end of the baseline sells what would have been sold later."""
    knob = scene.firm.knobs["forward"]
    goal, kpi = stage(scene, "forward")
    days = scene.setting.days
    first, last = days.current
    trough = int(min(last - first, scene.rng.integers(25, 50)))
    lever = Lever(
        "forward", float(scene.rng.uniform(0.5, 0.7)), start=first, end=first + trough,
        ramp=int(scene.rng.integers(10, 20)),
    )  # fmt: skip
    note = f"a campaign of {lever.ramp} days sold what {trough} days after it lacked"
    told = Reason(
        "pull_forward", knob.kinds, ({},), (lever,), -1, first, note, "end of the campaign week"
    )
    return Planted(goal, kpi, (told,))


def double_load(scene: Scene) -> Planted:
    """Some days of the baseline were loaded twice."""
    nature = pick(scene, tuple(scene.firm.knobs))
    goal, kpi = stage(scene, nature)
    if goal not in scene.firm.loaded:
        raise NoPlace
    first, last = scene.setting.days.baseline
    length = int(max(7, (last - first) * scene.rng.uniform(0.15, 0.3)))
    start = first + int(scene.rng.integers(0, last - first - length + 1))
    start -= start % scene.setting.step
    lever = Lever("twice", 2.0, start=start, end=start + length - 1, whole=True)
    note = f"{length} days of the baseline loaded twice"
    told = Reason("double_load", ("duplicate_rows",), ({},), (lever,), -1, start, note)
    return Planted(goal, kpi, (told,), None)


def everywhere(scene: Scene) -> Planted:
    """One driver falls in every place."""
    nature = "ratio" if "ratio" in scene.firm.knobs else "price"
    knob = scene.firm.knobs[nature]
    goal, kpi = stage(scene, nature)
    loss = float(scene.rng.uniform(0.07, 0.14)) / knob.pull
    start = start_day(scene.rng, scene.setting, latest=0.2)
    lever = Lever(knob.what, 1 - loss, start=start)
    note = f"{knob.what} x {1 - loss:.2f} everywhere"
    kinds = tuple(k for k in knob.kinds if k != "local_regression")
    told = Reason("everywhere", kinds, ({},), (lever,), -1, start, note)
    return Planted(goal, kpi, (told,))


def mix_shift(scene: Scene) -> Planted:
    """As much as ever is sold, but more of what is worth little and less of what is worth much."""
    knob = scene.firm.knobs["mix"]
    goal, kpi = stage(scene, "mix")
    dim = pick(scene, knob.dims)
    share, worth = scene.shares(kpi, dim), scene.shares(goal, dim)
    each = {v: worth[v] / share[v] for v in worth if share.get(v)}
    low, high = min(each, key=each.__getitem__), max(each, key=each.__getitem__)
    per = share[high] * (each[high] - each[low])
    cut = float(scene.rng.uniform(*scene.ranges.loss)) * knob.harsh / per
    grow = 1 + cut * share[high] / share[low]
    if not 0.15 < cut < 0.8 or grow > 1.6 or share[high] < 0.05:
        raise NoPlace
    start = start_day(scene.rng, scene.setting, latest=0.2)
    down, up = {dim: (str(high),)}, {dim: (str(low),)}
    if not distinct(scene.base, scene.setting, kpi, down, 1 - cut, start):
        raise NoPlace
    levers = (
        Lever(knob.what, 1 - cut, down, start=start),
        Lever(knob.what, grow, up, start=start),
    )
    note = f"less {high}, more {low}"
    places = (up, down, {dim: (str(low), str(high))})
    told = Reason("mix_shift", knob.kinds, places, levers, -1, start, note, said(up))
    return Planted(goal, kpi, (told,))


def rise_and_fall(scene: Scene) -> Planted:
    """One place falls, another grows by about as much."""
    knob = scene.firm.knobs["volume"]
    goal, kpi = stage(scene, "volume")
    told = []
    for gain in (False, True):
        size = wish(scene, knob, 1, gain=gain)
        found = place_for(scene, knob, goal, size)
        told.append(reason(scene, "volume_rise" if gain else "volume_place", knob, found))
    if apart(told):
        return Planted(goal, kpi, tuple(told), (1.0, 1.04))
    raise NoPlace


def apart(told: list[Reason]) -> bool:
    """No two reasons share a value of a dimension."""
    seen = [{(d, v) for d, vs in r.where[0].items() for v in vs} for r in told]
    return len(set().union(*seen)) == sum(map(len, seen))


def several(count: int):
    """Plants reasons of different natures in different places."""

    def plant(scene: Scene) -> Planted:
        firm = scene.firm
        goals = sorted({goal for knob in firm.knobs.values() for goal in knob.goals})
        goal = pick(scene, tuple(goals))
        open_ = [n for n in SIMPLE if n in firm.knobs and goal in firm.knobs[n].goals]
        if len(open_) < min(count, 2):
            raise NoPlace
        told: list[Reason] = []
        pulled: list[str] = []
        for nature in [n for _ in range(3) for n in scene.rng.permutation(open_)]:
            found = _another(scene, nature, goal, told)
            if found is not None and len(told) < count:
                told.append(found)
                pulled.append(nature)
        if len(told) < count:
            raise NoPlace
        kpis = set.intersection(*(set(firm.knobs[n].kpis) for n in pulled))
        if not kpis:
            raise NoPlace
        return Planted(goal, pick(scene, tuple(sorted(kpis))), tuple(told), (0.98, 1.02))

    return plant


def _another(scene: Scene, nature: str, goal: str, told: list[Reason]) -> Reason | None:
    """A reason of this nature in a place of its own; None where there is none."""
    try:
        found = one_place(scene, nature, nature, goal)
    except NoPlace:
        return None
    return found if apart([*told, found]) else None


SIMPLE = ("volume", "price", "ratio", "yield", "return", "leave", "stock", "contract")


def _many(firm: Company) -> bool:
    return sum(nature in firm.knobs for nature in SIMPLE) >= 2


def _rises(firm: Company) -> bool:
    return "volume" in firm.knobs and firm.knobs["volume"].rises


def _whole(firm: Company) -> bool:
    knob = firm.knobs.get("ratio") or firm.knobs.get("price")
    # Where few events carry the goal, a fall everywhere drowns in them.
    return knob is not None and knob.harsh == 1


def _loads(firm: Company) -> bool:
    return bool(firm.loaded)


ROOM = {"*": 1.6}
LONG = Need(history=24, year_ago=True, months=(3,), season=(0.0, 0.08))
STORIES = (
    Family("delay", knows("delay"), delay),
    Family("exception", knows("volume"), exception),
    Family("two_values", knows("volume"), two_values),
    Family("concentration", knows("large"), concentration),
    Family("acquisition_quality", knows("again"), quality, Need(months=(3,)), {"join": 1.6}),
    Family("cannibalisation", knows("move"), cannibalisation),
    Family("pull_forward", knows("forward"), pull_forward, Need(history=18)),
    Family("double_load", _loads, double_load),
    Family("everywhere", _whole, everywhere, LONG),
    Family("mix_shift", knows("mix"), mix_shift, room=ROOM),
    Family("rise_and_fall", _rises, rise_and_fall, room=ROOM),
    Family("two_reasons", _many, several(2)),
    Family("three_reasons", _many, several(3)),
)
