"""Pseudonyms: names in chosen columns are replaced on the engine, before anything reads them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar, cast

import ibis

from kpilab.core.table import Table
from kpilab.engine.dialect import engine_name
from kpilab.engine.dialect import sha256 as on_engine

if TYPE_CHECKING:
    import ibis.expr.types as ir

DIGITS = 12
Role = TypeVar("Role", bound=Table)


def pseudonym(value: str, key: str) -> str:
    """What stands for a name: «p-3f9a02c41b7d»; the same key gives the same pseudonym in every
    table.

    Example:
        >>> secret = "a secret of the case"
        >>> pseudonym("Li Lei", secret) == pseudonym("Li Lei", secret)
        True
    """
    return f"p-{sha256(f'{key}:{value}'.encode()).hexdigest()[:DIGITS]}"


def pseudonymised(table: Role, columns: Collection[str], key: str) -> Role:
    """The table with the values of these columns replaced by pseudonyms; empty cells stay empty.

    Args:
        table: any role.
        columns: those the table does not have are passed over.
        key: secret; who has it and the names can find out who is who.
    """
    rows, engine = table.table, engine_name(table.table)
    hidden = [c for c in rows.columns if c in columns]
    salt, mark = (cast("ir.StringValue", ibis.literal(text)) for text in (f"{key}:", "p-"))
    hashed = {c: on_engine(salt + rows[c].cast("string"), engine) for c in hidden}
    replaced = {c: mark + text.substr(0, DIGITS) for c, text in hashed.items()}
    return replace(table, table=rows.mutate(**replaced)) if replaced else table
