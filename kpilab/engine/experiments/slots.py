"""Switchback tests: what was drawn is a stretch of time in a place, not a unit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ibis import _

from kpilab.core.trial import Design, Units
from kpilab.core.values import duration
from kpilab.engine.column import own
from kpilab.engine.dialect import engine_name, microseconds
from kpilab.errors import BadInput, unknown

SLOT, AT, MICROSECOND = own("slot"), own("at"), timedelta(microseconds=1)


def slotted(who: Units, design: Design) -> tuple[Units, Design]:
    """Units with their slot as the cluster that was drawn, without those of a washout.

    A unit may come again in slots of either variant, so its id names no one here.

    Raises:
        BadInput: units without a time, an unknown column.
    """
    if design.slot is None:
        return who, design
    if who.time is None:
        what = "slots are stretches of time, and the units have none"
        raise BadInput(what, "Design, slot", "name it: Units(table, time='column')")
    if design.cluster and design.cluster not in who.table.columns:
        raise unknown("column", design.cluster, who.table.columns, "Design, cluster")
    at = microseconds(who.table[who.time].cast("timestamp"), engine_name(who.table))
    length = duration(design.slot) // MICROSECOND
    lost = duration(design.washout) // MICROSECOND if design.washout else 0
    rows = who.table.mutate(**{AT: at})
    slot = ((_[AT] - _[AT] % length) / length).cast("int64").cast("string")
    if design.cluster:
        slot = _[design.cluster].cast("string") + " " + slot
    rows = rows.filter(_[AT] % length >= lost).mutate(**{SLOT: slot}).drop(AT)
    return (
        replace(who, table=rows, unit=None),
        replace(design, cluster=SLOT, slot=None, washout=None),
    )
