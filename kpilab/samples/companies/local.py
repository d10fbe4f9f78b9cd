"""Families in which one driver changes in one place."""

from __future__ import annotations

from kpilab.samples.companies.company import Knob
from kpilab.samples.companies.family import Family, Planted, Scene
from kpilab.samples.companies.lever import Lever, Place
from kpilab.samples.companies.reason import Reason
from kpilab.samples.companies.spots import NoPlace, Spot, Wish, spot

HEADS = 90  # customers in a place some of whom leave: fewer would say little
RISE = 1.6  # room for what grows


def pick(scene: Scene, options: tuple[str, ...]) -> str:
    return str(options[int(scene.rng.integers(len(options)))])


def said(place: Place) -> str:
    """A place in words, as a change log or a note has it."""
    return ", ".join(" and ".join(values) for values in place.values()) or "everywhere"


def wish(scene: Scene, knob: Knob, dims: int, *, gain: bool = False) -> Wish:
    """A loss, or gain, of the size that this split draws."""
    low, high = (loss * knob.harsh for loss in scene.ranges.loss)
    small, large = scene.ranges.share
    if gain:
        return Wish(
            dims, (small, large), (-1.5 * high, -low), 1.08, RISE, knob.pull, knob.seen, knob.plain
        )
    return Wish(
        dims, (small, large), (low, high), knob.least, knob.most, knob.pull, knob.seen, knob.plain
    )


def place_for(scene: Scene, knob: Knob, goal: str, size: Wish) -> Spot:
    """A place for a change of this driver, with enough customers in it."""
    found = spot(scene.rng, scene.base, scene.setting, goal, knob.dims, size)
    if knob.heads and scene.usual(goal, found.where)[knob.heads].nunique() < HEADS:
        raise NoPlace
    return found


def one_place(
    scene: Scene, family: str, nature: str, goal: str, *, dims: int = 1, gain: bool = False
) -> Reason:
    """One driver changed in a random place."""
    knob = scene.firm.knobs[nature]
    found = place_for(scene, knob, goal, wish(scene, knob, dims, gain=gain))
    return reason(scene, family, knob, found)


def reason(scene: Scene, family: str, knob: Knob, found: Spot) -> Reason:
    """The reason at a spot; some begin at once, some within three weeks."""
    first, last = scene.setting.days.current
    ramp = int(scene.rng.choice((0, 0, 10, 20))) if last - first > 60 else 0
    lever = Lever(knob.what, found.factor, found.where, start=found.start, ramp=ramp)
    # A fall that harms and a rise that harms (returns) have opposite factors.
    sign = (1 if found.factor > 1 else -1) * (1 if knob.pull > 0 else -1)
    note = f"{knob.what} x {found.factor:.2f} in {said(found.where)}"
    return Reason(
        family, knob.kinds, (found.where,), (lever,), sign, found.start, note, said(found.where)
    )


def stage(scene: Scene, nature: str) -> tuple[str, str]:
    """The goal that suffers and the KPI that hits its target all the same."""
    knob = scene.firm.knobs[nature]
    return pick(scene, knob.goals), pick(scene, knob.kpis)


def local(name: str, nature: str, *, dims: int = 1, gain: bool = False) -> Family:
    """A family in which one driver changes in a place bounded by `dims` dimensions."""

    def suits(firm: object) -> bool:
        knob = getattr(firm, "knobs", {}).get(nature)
        return (
            knob is not None
            and min(knob.width, len(knob.dims)) >= dims
            and not (gain and not knob.rises)
        )

    def plant(scene: Scene) -> Planted:
        goal, kpi = stage(scene, nature)
        found = one_place(scene, name, nature, goal, dims=dims, gain=gain)
        return Planted(goal, kpi, (found,), target=(0.97, 1.0) if gain else (0.985, 1.02))

    room = {"*": RISE} if gain else {}
    return Family(name, suits, plant, room=room)


LOCAL = (
    local("volume_place", "volume"),
    local("volume_pair", "volume", dims=2),
    local("volume_triple", "volume", dims=3),
    local("ratio_place", "ratio"),
    local("ratio_pair", "ratio", dims=2),
    local("scrap", "yield"),
    local("slow_cycle", "slow"),
    local("stockout", "stock"),
    local("rise", "volume", gain=True),
    local("rise_pair", "volume", dims=2, gain=True),
    local("price_erosion", "price"),
    local("returns", "return"),
    local("acquisition_decline", "join"),
    local("churn", "leave"),
    local("churn_pair", "leave", dims=2),
    local("contraction", "contract"),
)
