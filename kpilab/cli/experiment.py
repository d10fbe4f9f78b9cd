"""`kpilab experiment`: an A/B test read from its file to a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpilab.cli.common import Language, Verbose, told
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from kpilab.analysis.experiments.experiment import ExperimentResult
    from kpilab.core.values import Message

Many = list[str] | None


def experiment(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Counts per variant, one row per unit, or assignments; or a case: its tests.",
        ),
    ],
    log: Annotated[
        Path | None, typer.Option("--log", help="What the assigned units did: events or facts.")
    ] = None,
    arm: Annotated[str, typer.Option("--arm", help="Column of the variants.")] = "",
    control: Annotated[str, typer.Option("--control", help="The variant compared against.")] = "",
    units: Annotated[
        str, typer.Option("--units", help="Column of how many units a row stands for.")
    ] = "",
    metric: Annotated[
        Many,
        typer.Option(
            "--metric",
            help="What decides: COLUMN, NAME=COLUMN, NAME=ABOVE/BELOW; with a log an event or "
            "NAME=SQL; may be repeated.",
        ),
    ] = None,
    secondary: Annotated[Many, typer.Option("--secondary", help="A further metric.")] = None,
    guardrail: Annotated[
        Many, typer.Option("--guardrail", help="What must not get worse: NAME or NAME:MARGIN.")
    ] = None,
    down: Annotated[Many, typer.Option("--down", help="A metric that should fall.")] = None,
    split: Annotated[
        Many, typer.Option("--split", help="Declared share of a variant: VARIANT=SHARE.")
    ] = None,
    by: Annotated[Many, typer.Option("--by", help="Column to look for differences in.")] = None,
    holdout: Annotated[
        str,
        typer.Option("--holdout", help="Of a case: the test whose control got nothing shipped."),
    ] = "",
    level: Annotated[float, typer.Option("--level", help="Confidence level.")] = 0.95,
    lang: Annotated[Language, typer.Option("--lang", help="Language of the answer.")] = Language.en,
    verbose: Verbose = False,
) -> None:
    """Read an A/B test from its file: can it be trusted, what changed, and what to do."""
    with told(2, verbose):
        from kpilab.analysis.experiments.experiment import experiment as read
        from kpilab.case.tested import Wanted, tested
        from kpilab.core.trial import Design

        if file.is_dir() or file.suffix in (".yml", ".yaml"):
            typer.echo("\n".join(_together(file, holdout, level, lang.value)))
            return
        asked = (tuple(given or ()) for given in (metric, secondary, guardrail, down))
        wanted = Wanted(arm, control, units, *asked)
        found = tested(file, log, wanted, by or ())
        result = read(
            found.who,
            found.log,
            metrics=found.metrics,
            control=found.control,
            design=Design(split=_shares(split or ())),
            by=by or (),
            level=level,
        )
        typer.echo("\n".join(lines(result, by or (), lang.value)))


def _together(case: Path, holdout: str, level: float, lang: str) -> list[str]:
    """The decided tests of a case: what they achieved together, and a line for each."""
    from kpilab.case.read import open_case
    from kpilab.core.values import Message
    from kpilab.show.say import sentence
    from kpilab.verdict.past import programme_of

    found = programme_of(open_case(case, language=lang), holdout=holdout or None, level=level)
    said = [sentence(m, lang) for m in (found.headline, *found.notes)]
    said += ["", *(f"- {sentence(m, lang)}" for m in found.log)]
    met = found.interactions[found.interactions["p"] <= 1 - level].to_dict("records")
    return said + [
        f"- {sentence(Message('programme.met', {str(k): v for k, v in row.items()}), lang)}"
        for row in met
    ]


def _shares(given: list[str] | tuple[str, ...]) -> dict[str, float]:
    """VARIANT=SHARE, the share in any scale."""
    found = {}
    for text in given:
        name, _equal, share = text.rpartition("=")
        try:
            found[name] = float(share.rstrip("%"))
        except ValueError:
            raise BadInput(
                f"{text!r} is no share", "--split", "write VARIANT=SHARE for each variant"
            ) from None
    total = sum(found.values())
    return {name: share / total for name, share in found.items()} if total > 0 else found


def lines(result: ExperimentResult, by: list[str] | tuple[str, ...], lang: str) -> list[str]:
    """The card, then one line per metric and variant, then the segments."""
    from kpilab.analysis.experiments.subgroups import subgroups
    from kpilab.core.values import Message
    from kpilab.show.say import label, sentence

    said = [sentence(m, lang) for m in result.banner]
    said += ["", *_table(result.figures, lang), ""]
    metric = result.table["metric"].iloc[0]
    for dimension in (d for d in by if d in result.moments.searched()):
        found = subgroups(
            result.moments, metric, by=dimension, control=result.control, treatment=result.best
        )
        said.append(sentence(found.headline, lang))
    control = Message("experiment.against", {"control": result.control})
    done = [sentence(m, lang) for m in (control, *result.notes)]
    apart = "" if lang == "zh" else " "
    return [*said, apart.join([label("experiment.done", lang), *done])]


def _table(rows: Sequence[Mapping[str, Message]], lang: str) -> list[str]:
    """Columns of even width; wide characters count twice."""
    from kpilab.show.format import columns
    from kpilab.show.say import label, sentence

    names = ("metric", "role", "variation", "before", "after", "change", "absolute", "p", "chance")
    names += ("margin",) if any(sentence(row["margin"], lang) for row in rows) else ()
    cells = [[label(f"experiment.column_{n}", lang) for n in names]]
    for row in rows:
        cells.append([sentence(row[n], lang) for n in names])

    most = [max(columns(row[i]) for row in cells) for i in range(len(names))]
    return [
        "  ".join(c + " " * (w - columns(c)) for c, w in zip(row, most, strict=True)).rstrip()
        for row in cells
    ]
