"""Registry: every metric with its definition, owner, lineage, versions and reporters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from kpilab.core.case import Definition, Metric
from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.engine.lineage import lineage, sources
from kpilab.errors import BadInput


@dataclass(frozen=True, slots=True, eq=False)
class RegistryResult(Result):
    """Answer of `registry`.

    Attributes:
        table: one row per metric; columns `metric`, `label`, `definition` (SQL), `table`, `columns`
            (tuple), `owner` (None when nobody), `unit`, `per` (grain), `reporters` (tuple),
            `versions` (count of declared definitions).
        versions: one row per declared definition; columns `metric`, `reporter`, `since`, `text`,
            `table`, `measure`, `columns`, `changed` (bool: another measure than the reporter's
            former one).
    """

    versions: pd.DataFrame
    kind: ClassVar[str] = "registry"

    @property
    def headline(self) -> Message:
        orphans = tuple(self.table.loc[self.table["owner"].isna(), "metric"])
        values = {
            "metrics": len(self.table),
            "orphans": orphans,
            "changed": int(self.versions["changed"].sum()),
        }
        return Message("registry.orphans" if orphans else "registry.owned", values)


def registry(
    metrics: Mapping[str, Metric], *, definitions: Sequence[Definition] = (), lang: str = "en"
) -> RegistryResult:
    """List what is measured, from which columns, who owns it, and who reports it by which
    definition since when.

    Args:
        metrics: name -> definition. definitions: what reporters declare. lang: language of the
            labels.

    Raises:
        BadInput: no metrics, or a measure that cannot be parsed.
    """
    if not metrics:
        raise BadInput("no metrics", "registry(metrics=)", "define at least one metric")
    versions = _versions(definitions)
    rows = []
    for name, metric in metrics.items():
        mine = versions[versions["metric"] == name]
        sql = metric.measure or f"{metric.numerator} / {metric.denominator}"
        rows.append(
            {
                "metric": name,
                "label": metric.label.get(lang, name),
                "definition": sql,
                "table": metric.table,
            }
            | {
                "columns": sources(metric),
                "owner": metric.owner,
                "unit": metric.unit,
                "per": metric.per,
            }
            | {"reporters": tuple(dict.fromkeys(mine["reporter"])), "versions": len(mine)}
        )
    return RegistryResult(pd.DataFrame(rows).astype({"owner": object}), versions)


def _versions(definitions: Sequence[Definition]) -> pd.DataFrame:
    last: dict[tuple[str, str], str | None] = {}
    rows = []
    for d in sorted(definitions, key=lambda d: (d.metric, d.reporter, str(d.since or ""))):
        key = (d.metric, d.reporter)
        read = lineage(d.measure, f"definition of {d.metric!r}") if d.measure else ()
        rows.append(
            (
                d.metric,
                d.reporter,
                d.since,
                d.text,
                d.table,
                d.measure,
                read,
                key in last and last[key] != d.measure,
            )
        )
        last[key] = d.measure
    columns = ["metric", "reporter", "since", "text", "table", "measure", "columns", "changed"]
    return pd.DataFrame(rows, columns=columns).astype({"changed": bool})
