"""Which kind of cause a place is, and what its customers make of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from kpilab.core.case import Customer, Metric
from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Effect, Where
from kpilab.questions.drivers import Driver
from kpilab.verdict.customers import CustomerSignal
from kpilab.verdict.evidence import Signalled
from kpilab.verdict.kinds import customers, place
from kpilab.verdict.placed import Placed
from tests.verdict.given import CURRENT, NORTH, SAID, case, evidence
from tests.verdict.kinds.test_kinds import fall

VOLUME = Driver("visits", "t", "sum(v)", "sum(o)")
RATE = Driver("rate", "t", "sum(o)", "sum(o)", "sum(v)")
SOUTH = Where({"region": ("south",)})
NORTH_WEB = Where({"region": ("north",), "channel": ("web",)})


KEPT_ROWS = "count(*) filter (where (status = 'kept') and (sold))"
KEPT = Metric(
    "kept_rate", "t", condition="sold", denominator="count(*)",
    numerator="COUNT(*) FILTER (WHERE status='kept')",
)  # fmt: skip


def placed(driver: Driver, *behind: str, loss: float = -20.0, where: Where = NORTH) -> Placed:
    effect = Effect(loss, loss - 5, loss + 5)
    found: Any = SimpleNamespace(
        driver=driver, where=where, effect=effect, change=-0.2, rest=0.01, p=1e-8, tests=100,
        pays=100, corrected=1e-6,
    )  # fmt: skip
    moved: Any = tuple(SimpleNamespace(name=name, before=1.0, after=0.5) for name in behind)
    return Placed(found, "root_cause.1", moved)


def signal(kind: str, loss: float = -20.0, where: Where = NORTH, **fields: Any) -> Signalled:
    size = Effect(loss, loss - 5, loss + 5, "orders")
    told: Any = CustomerSignal(kind, "orders", where, size, 1e-4, 9, SAID, Result(None), **fields)  # type: ignore[arg-type]
    return Signalled(told, "root_cause.4")


def kinds(*places: Placed, signals: tuple[Signalled, ...] = (), shop: Any = None) -> list[Any]:
    found = customers.judge(shop or case(), evidence(places=places, signals=signals, looked=100))
    return [(c.cause.kind, c.cause.subject, *c.cause.alternatives) for c in found]


@pytest.mark.parametrize(
    ("driver", "kind"), [(VOLUME, "volume_decline"), (RATE, "local_regression")]
)
def test_a_place_is_called_by_what_moved(driver, kind):
    assert kinds(placed(driver)) == [(kind, driver.name)]
    cause = place.judge(case(), evidence(places=(placed(driver),), looked=100))[0].cause
    assert (cause.where, cause.period, cause.findings) == (NORTH, CURRENT, ("root_cause.1",))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("in_stock", "stockout"),
        ("delivery_days", "delay"),
        ("refunds", "returns_rise"),
        ("discount", "price_erosion"),
    ],
)
def test_what_else_moved_there_names_it(name, kind):
    shop = case()
    each = Metric(name, "t", numerator="sum(x)", denominator="count(*)")
    more = replace(shop, metrics={**shop.metrics, name: each})
    assert kinds(placed(VOLUME, name), shop=more) == [(kind, "visits", "volume_decline")]


def test_hours_lost_are_no_delay():
    shop = case()
    lost = Metric("hours_lost", "t", measure="sum(hours)", better="down")
    more = replace(shop, metrics={**shop.metrics, "hours_lost": lost})
    assert kinds(placed(RATE, "hours_lost"), shop=more) == [("local_regression", "rate")]


def test_fewer_rows_of_the_customers_own_table_are_fewer_who_came():
    shop = replace(case(), customer=Customer("t", "id", "id", "orders"))
    assert kinds(placed(VOLUME), shop=shop) == [("acquisition_decline", "visits", "volume_decline")]
    assert kinds(placed(RATE), shop=shop) == [("local_regression", "rate")]


def test_a_shift_of_mix_is_no_less_of_a_volume():
    moved = evidence(
        places=(placed(VOLUME), placed(RATE)), falls=(fall("mix", dimension="region"),), looked=100
    )
    assert [c.cause.subject for c in place.judge(case(), moved)] == ["rate"]


def test_customers_by_contract_name_the_place_and_others_stand_beside():
    left = signal("retention_decline", contract=True)
    assert kinds(placed(VOLUME), signals=(left,)) == [
        ("retention_decline", "visits", "volume_decline")
    ]
    fewer = signal("retention_decline")
    assert kinds(placed(VOLUME), signals=(fewer,)) == [
        ("volume_decline", "visits", "retention_decline")
    ]


def test_a_lower_price_names_what_a_row_brings_and_not_how_many_rows_there_are():
    cheaper = signal("price_erosion")
    assert kinds(placed(RATE), signals=(cheaper,)) == [
        ("price_erosion", "rate", "local_regression")
    ]
    assert kinds(placed(VOLUME), signals=(cheaper,)) == [
        ("volume_decline", "visits", "price_erosion")
    ]


def unsure(where: Where = NORTH) -> Placed:
    """A place that is none among all that were looked at."""
    found = placed(RATE, where=where)
    found.found.corrected = 0.4
    return found


def test_a_place_that_is_not_said_takes_nothing_from_what_its_customers_say():
    clear = signal("contraction", contract=True)
    assert kinds(unsure(NORTH_WEB), signals=(clear,)) == [
        ("local_regression", "rate"),
        ("contraction", "orders"),
    ]
    faint = replace(clear, signal=replace(clear.signal, p=0.4))
    assert kinds(unsure(), signals=(faint,)) == [("contraction", "rate", "local_regression")]


def test_a_place_is_as_sure_as_the_clearer_of_it_and_its_customers():
    found = [placed(RATE), placed(RATE, where=NORTH_WEB)]
    for each, where, p in zip(found, (NORTH, NORTH_WEB), (1e-9, 0.02), strict=True):
        each.found.corrected = 0.01
        said = signal("contraction", contract=True)
        said = replace(said, signal=replace(said.signal, p=1e-9))
        told = customers.judge(case(), evidence(places=(each,), signals=(said,), looked=100))
        assert told[0].cause.where == where
        assert told[0].corrected == p


def test_what_customers_did_elsewhere_or_the_other_way_is_a_cause_of_its_own():
    for other in (signal("contraction", where=SOUTH), signal("contraction", 20.0)):
        found = kinds(placed(VOLUME), signals=(other,))
        assert found == [("volume_decline", "visits"), ("contraction", "orders")]


def test_few_large_customers_are_the_place_if_they_carry_half_of_it():
    assert kinds(placed(VOLUME), signals=(signal("concentration", -11.0),)) == [
        ("concentration", "orders")
    ]
    small = kinds(placed(VOLUME), signals=(signal("concentration", -9.0),))
    assert small == [("volume_decline", "visits"), ("concentration", "orders")]


def test_of_signals_about_one_segment_the_clearest_is_said():
    weaker = signal("contraction", where=NORTH_WEB)
    weaker = replace(weaker, signal=replace(weaker.signal, p=0.01))
    assert kinds(signals=(weaker, signal("retention_decline"))) == [("retention_decline", "orders")]


def pulled(by_chance: float, **fields: Any) -> Signalled:
    return signal("pull_forward", where=EVERYWHERE, by_chance=by_chance, **fields)


def test_what_all_lack_in_a_trough_is_said_once():
    lacking = signal("contraction", where=EVERYWHERE)
    assert kinds(signals=(pulled(1e-6), lacking)) == [("pull_forward", "orders")]
    assert len(kinds(signals=(pulled(1.0), lacking))) == 2  # the trough may be chance


def test_where_less_is_better_what_all_had_more_of_is_said_once():
    shop = case()
    shop = replace(
        shop, metrics={**shop.metrics, "orders": replace(shop.metrics["orders"], better="down")}
    )
    more = signal("contraction", loss=20.0, where=EVERYWHERE)
    assert kinds(signals=(pulled(1e-6, loss=20.0), more), shop=shop) == [("pull_forward", "orders")]


def kept(after: float, rows: str = KEPT_ROWS) -> Any:
    """The cause where fewer visits were kept, by a fifth, and the rate went from 1 to this."""
    moved: Any = SimpleNamespace(name="kept_rate", before=1.0, after=after)
    told = replace(placed(replace(VOLUME, num=rows)), behind=(moved,))
    shop = replace(case(), metrics={**case().metrics, "kept_rate": KEPT})
    return place.judge(shop, evidence(places=(told,), looked=100))[0].cause


@pytest.mark.parametrize(
    ("after", "kind", "subject"),
    [
        (0.8, "local_regression", "kept_rate"),  # all of a fifth
        (0.95, "volume_decline", "visits"),  # a quarter of it: fewer were booked
    ],
)
def test_a_count_that_a_rate_made_less_is_called_by_the_rate(after, kind, subject):
    cause = kept(after)
    assert (cause.kind, cause.subject) == (kind, subject)
    assert cause.action.values["driver"] == subject
    assert cause.statement.values["said"].values["driver"] == "visits"


def test_a_rate_of_other_rows_made_no_count_less():
    assert kept(0.8, "count(*)").kind == "volume_decline"
