"""The keys of case.yml that say how a file is to be read, where the file does not show it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

KEYS = frozenset({"sheet", "header", "encoding", "decimal", "format", "unpivot", "expand"})


def _listed(given: object) -> object:
    return (given,) if isinstance(given, str) else given


class UnpivotSpec(BaseModel):
    """Columns that are values of one: `columns` are names or patterns."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=10_000)
    columns: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(min_length=1)
    name: str = Field(min_length=1)
    value: str = Field(min_length=1)


class ExpandSpec(BaseModel):
    """Rows that stand for several units: `count` of them, of whom `outcomes` did something."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=10_000)
    count: str = Field(min_length=1)
    outcomes: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    unit: str = Field(default="unit", min_length=1)


class FileKeys(BaseModel):
    """What a table may say of its file."""

    sheet: str | None = None
    header: int | None = Field(default=None, ge=0, le=1000)
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    format: dict[str, str] = Field(default_factory=dict)
    unpivot: UnpivotSpec | None = None
    expand: ExpandSpec | None = None
