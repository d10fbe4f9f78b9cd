"""What a review says: findings, causes, the bridge, and the review as a whole.
No text in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Effect, Message, Period, Where

if TYPE_CHECKING:
    import altair as alt

Verdict = Literal["trouble", "fine", "unclear", "info"]
Strength = Literal["described", "tested", "compared", "randomised"]
Answer = Literal["causes", "nothing", "cannot_tell"]
StepName = Literal["trust", "goal", "relation", "root_cause", "external", "execution"]
STEP_NAMES: tuple[StepName, ...] = (
    "trust",
    "goal",
    "relation",
    "root_cause",
    "external",
    "execution",
)


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """This happened, here, then, to these people; it cost the goal so much.

    Attributes:
        id: unique within the review, e.g. "root_cause.3".
        step: the step that found it.
        verdict: trouble, fine, unclear (cannot tell), or info.
        statement: the finding in one sentence.
        subject: the name from case.yml it is about (metric, KPI, table, experiment); None for none.
        effect: size with interval; goal units unless `effect.unit` says otherwise.
        p, q: p-value, and the same corrected for how much was looked at.
        strength: described < tested < compared < randomised.
        evidence: the results that carry the numbers; tables and charts come from them.
        chart: index into `evidence` of the result to draw; None for no chart.
        aside: whether it only says more of what happened: no cause is made of it.
    """

    id: str
    step: StepName
    verdict: Verdict
    statement: Message
    subject: str | None = None
    where: Where = EVERYWHERE
    period: Period | None = None
    actors: tuple[str, ...] = ()
    effect: Effect | None = None
    p: float | None = None
    q: float | None = None
    strength: Strength = "described"
    evidence: tuple[Result, ...] = ()
    chart: int | None = 0
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Why:
    """One link of the 5-Why chain: a question, its answer, the finding that carries the number."""

    question: Message
    answer: Message
    finding: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cause:
    """What the review stands behind: a kind, its subject and place, its size, and how sure it is.

    Attributes:
        kind: one of CASE_FORMAT's kinds, or a kind of the review's own.
        effect: in goal units with interval; None for causes outside the formula.
        effect_pct: signed percent of `effect_on`; None when it starts from zero.
        effect_on: what the percentage is of (the goal, a report, an experiment's read-out …).
        confidence: calibrated chance that the cause is true, 0-1.
        findings, against: ids of findings for and against it.
        why: the 5-Why chain, from the goal down.
        action: what to do next.
        alternatives: kinds that the numbers cannot tell from this one, best first.
        falsification: what must not have moved if this is the cause, and did not.
    """

    kind: str
    subject: str
    step: StepName
    statement: Message
    confidence: float
    where: Where = EVERYWHERE
    actors: tuple[str, ...] = ()
    period: Period | None = None
    effect: Effect | None = None
    effect_pct: float | None = None
    effect_on: str = ""
    findings: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    why: tuple[Why, ...] = ()
    action: Message | None = None
    alternatives: tuple[str, ...] = ()
    falsification: Message | None = None


# The label of the last row, where what is left unexplained is beyond noise.
CLEAR_REST = "bridge.unexplained_clear"


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """One row from expected to logged: an amount in goal units with its interval."""

    label: Message
    amount: float
    low: float | None = None
    high: float | None = None
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryForecast:
    """What the current period should be by all that came before it.

    Attributes:
        calendar, season, trend: steps from the baseline to `value`; they sum to value - baseline.
        value, low, high: of the current period as a whole; None where no noise can be told.
        df: degrees of freedom of the interval.
        error: standard error of `value`; 0 where no noise can be told.
        windows: how many former periods of equal length stand behind the interval.
        seasonal: whether the season of former years is in it.
    """

    calendar: float
    season: float
    trend: float
    value: float
    low: float | None = None
    high: float | None = None
    df: float = 1.0
    error: float = 0.0
    windows: int = 0
    seasonal: bool = False

    def off(self, value: float) -> float:
        """How many standard errors a value lies off, up positive; 0 where no noise can be told."""
        return (value - self.value) / self.error if self.error > 0 else 0.0


@dataclass(frozen=True, slots=True)
class GoalChange:
    """The goal in both periods; `low` and `high` are the interval of `change`.

    `logged` is what the tables say, `current` is after correcting what only the log lost,
    `expected` is the target if given, else the baseline; change = current - baseline, gap = current
    - expected. `like` is the baseline brought to the length and the weekdays of the current period
    (the baseline itself where it is not a sum over days), and change_like = current - like: the one
    change that is said. `history` is what all former periods say for the current one.
    """

    metric: str
    baseline: float
    expected: float
    logged: float
    current: float
    low: float | None = None
    high: float | None = None
    like: float | None = None
    history: HistoryForecast | None = None

    @property
    def change_like(self) -> float:
        return self.current - (self.baseline if self.like is None else self.like)

    @property
    def like_ends(self) -> tuple[float | None, float | None]:
        """Interval of `change_like`: what the length of a period adds is no noise."""
        shift = self.change_like - self.change
        return (
            None if self.low is None else self.low + shift,
            None if self.high is None else self.high + shift,
        )

    @property
    def change_like_pct(self) -> float | None:
        like = self.baseline if self.like is None else self.like
        return 100 * self.change_like / abs(like) if like else None

    @property
    def change(self) -> float:
        return self.current - self.baseline

    @property
    def change_pct(self) -> float | None:
        return 100 * self.change / abs(self.baseline) if self.baseline else None

    @property
    def gap(self) -> float:
        return self.current - self.expected


@dataclass(frozen=True, slots=True)
class DataIssue:
    """One fault of the data: which table, column, segment, days, rows (and how many of them on each
    day); effect on the goal where known."""

    table: str
    statement: Message
    column: str | None = None
    where: Where = EVERYWHERE
    period: Period | None = None
    rows: int | None = None
    effect: Effect | None = None
    daily: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class StepReport:
    """What one step found, and what it could not examine."""

    step: StepName
    findings: tuple[Finding, ...] = ()
    not_examined: tuple[Message, ...] = ()
    issues: tuple[DataIssue, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Review:
    """The whole answer.

    `labels`: metric -> {lang: label}; `units`: metric -> what it is counted in; `shares`: metrics
    that are a part of a whole (0-1), written in per cent; `settings`: what it was run with.
    `gains`: what raised the goal, told as causes are. `answer`: causes; nothing,
    where a loss that matters would have been seen; else cannot_tell. `detectable`: the loss of the
    goal, in percent, that this review would have named with chance .8; None where no noise is
    known. `fell`: the goal is worse than its history beyond noise, explained or not.
    """

    case: str
    title: str
    language: str
    periods: Mapping[str, Period]
    goal: GoalChange
    bridge: tuple[BridgeRow, ...]
    causes: tuple[Cause, ...]
    steps: tuple[StepReport, ...]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    version: str = ""
    rejected: tuple[Cause, ...] = ()
    gains: tuple[Cause, ...] = ()
    answer: Answer = "nothing"
    detectable: float | None = None
    fell: bool = False
    shares: tuple[str, ...] = ()

    def summary(self, lang: str | None = None) -> str:
        """The verdict in words, in `lang` or the review's own language."""
        # Upward, as the words of a result: they load when asked for.
        from kpilab.report.text import verdict

        return verdict(self, lang)

    def say(self, message: Message, lang: str | None = None) -> str:
        """A finding's or cause's sentence, with the case's own labels."""
        from kpilab.report.words import Words

        return Words(self, lang or self.language).say(message)

    def chart(self, lang: str | None = None) -> alt.TopLevelMixin:
        """The bridge from what was expected to what is in the log, one step per cause."""
        from kpilab.report.specs import drawn

        return drawn(self, lang or self.language)

    @property
    def hidden(self) -> BridgeRow | None:
        """What is left unexplained beyond noise on the other side of stated gains, which hide it in
        the change of the goal; None where causes are named, or nothing is left."""
        if self.causes or not self.bridge or self.bridge[-1].label.key != CLEAR_REST:
            return None
        gained = sum(g.effect.value for g in self.gains if g.effect is not None)
        return self.bridge[-1] if self.bridge[-1].amount * gained < 0 else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for step in self.steps for f in step.findings)

    @property
    def issues(self) -> tuple[DataIssue, ...]:
        return tuple(i for step in self.steps for i in step.issues)
