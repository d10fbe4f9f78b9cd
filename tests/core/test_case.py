"""What is said of a case is in words, not in the names of its file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from tests.verdict.given import case


def test_the_numerator_of_a_ratio_has_a_name_people_say():
    shop = case()
    paid = replace(shop.metrics["rate"], name="pay_rate", label={"en": "payment rate"})
    shop = replace(shop, metrics={**shop.metrics, "pay_rate": paid})
    assert shop.label(paid.counted, "en") == "numerator of payment rate"
    assert shop.label(paid.counted, "zh") == "payment rate 的分子"
    assert shop.label("orders", "zh") == "orders"


def test_a_table_whose_rows_are_a_driver_is_said_in_words():
    shop = replace(case(), tables={"order_items": cast(Any, None)})
    assert shop.label("order_items", "en") == "order items"
