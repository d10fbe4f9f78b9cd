"""`kpilab metrics`: the registry of a case: definitions, owners, sources, versions,
and whether the KPIs are SMART."""

from __future__ import annotations

from typing import cast

import typer

from kpilab.cli.common import CaseFolder, Lang, Verbose, told


def metrics(case: CaseFolder, lang: Lang = None, verbose: Verbose = False) -> None:
    """List every metric with definition, owner, sources and reporters,
    and check the KPIs (SMART)."""
    with told(2, verbose):
        from kpilab.analysis.data.registry import registry
        from kpilab.analysis.relation.smart import smart
        from kpilab.case.read import open_case
        from kpilab.core.values import Message
        from kpilab.show.say import label, sentence

        read = open_case(case, language=lang)
        language = read.language
        listed = registry(read.metrics, definitions=read.definitions, lang=language)
        typer.echo(sentence(listed.headline, language))
        for row in listed.table.to_dict("records"):
            values = {str(k): v for k, v in row.items()}
            values |= {"metric": row["label"] or row["metric"], "versions": row["versions"] or None}
            typer.echo("- " + sentence(Message("registry.line", values), language))
        if not read.kpis:
            return
        checked = smart(
            read.kpis,
            metrics=read.metrics,
            tables=read.tables,
            tree=read.goal.tree,
            current=read.current,
        )
        failing = tuple(
            read.label(k, language)
            for k in cast("tuple[str, ...]", checked.headline.values.get("failing", ()))
        )
        headline = Message(checked.headline.key, {**checked.headline.values, "failing": failing})
        typer.echo("\n" + sentence(headline, language))
        for row in checked.table.to_dict("records"):
            values = {"kpi": read.label(row["kpi"], language), "chance": row["chance"]}
            values |= {"verdict": label("smart.no" if row["missing"] else "smart.yes", language)}
            values |= {"missing": tuple(label(f"smart.{c}", language) for c in row["missing"])}
            typer.echo("- " + sentence(Message("smart.line", values), language))
