"""What Postgres lacks of what the analyses ask for, filled in where Ibis writes its SQL."""

from __future__ import annotations

from typing import Any

from ibis.backends.sql.compilers.postgres import PostgresCompiler
from ibis.expr import datatypes as dt


class Compiler(PostgresCompiler):
    """Ibis's compiler; a truth value becomes 1 or 0 of any width (Postgres casts it to one width
    only)."""

    def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802  Ibis's name
        truth = op.arg.dtype.is_boolean() and to.is_integer()
        return super().visit_Cast(op, arg=self.cast(arg, dt.int32) if truth else arg, to=to)
