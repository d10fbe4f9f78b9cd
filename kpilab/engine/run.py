"""`collect`: the only door through which rows reach pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from kpilab.errors import BadInput, EngineError, KpilabError

if TYPE_CHECKING:
    import ibis.expr.types as ir

MAX_ROWS = 200_000


def collect(expression: ir.Table, purpose: str, limit: int = MAX_ROWS) -> pd.DataFrame:
    """Run an aggregate on its engine and fetch it.

    Args:
        expression: unexecuted Ibis table of aggregates.
        purpose: which analysis asks, for the error message.
        limit: most rows that may come back.

    Raises:
        BadInput: more than `limit` rows (a sign that raw rows were asked for).
        EngineError: the engine failed.
    """
    try:
        frame = expression.limit(limit + 1).to_pandas()
    except KpilabError:
        raise
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EngineError(f"{purpose}: the engine failed: {first}") from error
    if len(frame) > limit:
        raise BadInput(
            f"{purpose} would fetch more than {limit:,} rows",
            purpose,
            "use fewer or coarser dimensions, or a shorter period",
        )
    return frame


def collect_one(expression: ir.Table, purpose: str) -> dict[str, Any]:
    """The only row of an aggregate, column -> plain value."""
    return {str(k): v for k, v in collect(expression, purpose, limit=1).iloc[0].items()}
