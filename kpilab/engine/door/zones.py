"""Zones: whose clock the times of a table are read by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kpilab.engine.dialect import local_time, session_zone
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.core.table import Table

MEND = "say whose local times are meant: timezone='Asia/Shanghai'"


def of_frame(frame: pd.DataFrame, name: str) -> str | None:
    """The zone that the time columns of a frame carry; None where none carries one.

    Raises:
        BadInput: they carry several.
    """
    zones = {
        str(kind.tz): str(c)
        for c, kind in frame.dtypes.items()
        if isinstance(kind, pd.DatetimeTZDtype)
    }
    if len(zones) > 1:
        said = ", ".join(f"{column!r} in {zone}" for zone, column in zones.items())
        raise BadInput(f"times are in several zones: {said}", f"table {name!r}", MEND)
    return next(iter(zones), None)


def of_file(path: str | Path) -> str | None:
    """The zone that a parquet file says its times are in, UTC where it says several or none that
    is known; None where no time carries one, or for another kind of file."""
    first = next(iter(sorted(Path(path).parent.glob(Path(path).name))), None)
    if first is None or first.suffix.lower() != ".parquet":
        return None
    try:
        kinds = pq.read_schema(first).types
    except (OSError, pa.ArrowException):  # whoever reads the file says what is wrong with it
        return None
    zones = {kind.tz for kind in kinds if pa.types.is_timestamp(kind) and kind.tz}
    if not zones:
        return None
    return zones.pop() if len(zones) == 1 and zones <= available_timezones() else "UTC"


def of_engine(rows: ir.Table) -> str | None:
    """The zone of the engine's session, where any column carries one."""
    carries = any(getattr(kind, "timezone", None) is not None for kind in rows.schema().values())
    return session_zone(rows.get_backend()) if carries else None


def local(column: Any, zone: str | None, session: str | None) -> Any:
    """A moment as the local time of a zone, or of the session's."""
    return local_time(column, zone) if zone and zone != session else column.cast("timestamp")


def one_clock(first: Table, second: Table) -> None:
    """Whether the times of two tables may be compared.

    Raises:
        BadInput: they are local times of two zones.
    """
    zones = (first.timezone, second.timezone)
    if None not in zones and zones[0] != zones[1]:
        raise BadInput(
            (
                f"times of {first.name!r} are read in {zones[0]}, those of {second.name!r} in "
                f"{zones[1]}"
            ),
            f"tables {first.name!r} and {second.name!r}",
            "give both the same timezone=",
        )
