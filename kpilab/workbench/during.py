"""A table's rows of some days."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import ibis

from kpilab.core.table import Table
from kpilab.core.values import Period

Role = TypeVar("Role", bound=Table)


def during(table: Role, period: Period) -> Role:
    """The same table, only its rows of some days."""
    rows = table.table
    time = rows[table.roles()["time"]]
    first, after = str(period.first), str(period.last + timedelta(days=1))
    return replace(
        table, table=rows.filter(time >= ibis.timestamp(first), time < ibis.timestamp(after))
    )
