"""The words of one review in one language: sentences, labels, sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil, isclose

from kpilab.core.finding import Cause, Finding, Review
from kpilab.core.loop import NO_LOOP, Loop, Past, Pinned
from kpilab.core.values import Effect, Message
from kpilab.show.format import (
    interval,
    items,
    percent,
    percent_interval,
    points,
    quantity,
    signed,
    signed_percent,
)
from kpilab.show.say import catalogue, sentence
from kpilab.verdict.tuned import MOST_OF_GAP

IN_THE_LOG = "data_loss"
SAME = 1e-9  # two values of the goal that differ by less are one
NOTHING = 0.05  # the error rate at which the findings were tested
MOST_TIMES = 12  # as long a period as anybody would wait for
FEW_WINDOWS = 8  # former periods below which more of them would tell more
PART = "share"  # unit of an effect that is a part of what it acts on
SHARE_OF = "share of "  # how the unit of an effect begins that is a part of something
REPORTED = re.compile(r"reported (.+) \((.+)\)", re.DOTALL)  # what a mismatch acts on
SURE = ((0.9, "report.sure_very"), (0.7, "report.sure_likely"), (0.0, "report.sure_more"))


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Says what a review holds in the language `lang`, metrics by their labels."""

    review: Review
    lang: str
    loop: Loop = NO_LOOP

    def text(self, key: str, **values: object) -> str:
        """A text of the report page, `report.<key>` or any full key."""
        return self.say(Message(key if "." in key else f"report.{key}", values))

    def say(self, message: Message | None) -> str:
        """The sentence of a message, with metrics called by their labels; "" for none."""
        return "" if message is None else sentence(self._labelled(message), self.lang)

    @property
    def names(self) -> dict[str, str]:
        """The label of every metric that has one."""
        return {metric: self.name(metric) for metric in self.review.labels}

    def name(self, metric: str | None) -> str:
        """The label of a metric, or the name itself."""
        return "" if metric is None else str(self._label(metric))

    def amount(self, metric: str, value: float) -> str:
        """A number of a metric with what it is counted in."""
        unit = self.review.units.get(metric, "")
        return quantity(value, unit, self.lang, share=metric in self.review.shares)

    def level(self, value: float) -> str:
        """A value of the goal, without its unit."""
        goal = self.review.goal.metric
        return quantity(value, "", self.lang, share=goal in self.review.shares)

    def moved(self, value: float) -> str:
        """How far the goal moved: signed, in percentage points where it is a share."""
        share = self.review.goal.metric in self.review.shares
        return (points if share else signed)(value, self.lang)

    def ends(self, low: float | None, high: float | None) -> str:
        """The interval of how far the goal moved; "–" where none is known."""
        if self.review.goal.metric not in self.review.shares or low is None or high is None:
            return interval((low, high), self.lang)
        return f"{interval((100 * low, 100 * high), self.lang)}{points(0.0, self.lang)[3:]}"

    def known(self, topic: str, name: str) -> str:
        """The label `topic.name` where there is one, else the name:
        kinds and steps may be the review's own."""
        key = f"{topic}.{name}"
        return sentence(Message(key), self.lang) if key in catalogue(self.lang) else name

    def column(self, name: str) -> str:
        """The title of a table's column; one without a word of its own is its name, spoken."""
        name = str(self._label(name))
        said = self.known("column", name)
        return said if said != name else name.replace("_", " ")

    def asks(self, step: str) -> str:
        """The question a step asks; "" for a step of the review's own."""
        key = f"step.{step}_asks"
        return sentence(Message(key), self.lang) if key in catalogue(self.lang) else ""

    def join(self, values: Iterable[object]) -> str:
        """A list as the language writes it."""
        return items(values, self.lang)

    def fact(self, name: str, value: str) -> str:
        """«Where: everywhere», with the language's colon."""
        return self.text("fact", name=name, value=value)

    def sure(self, confidence: float) -> str:
        """How sure the review is, in words and per cent."""
        key = next(key for least, key in SURE if confidence >= least)
        return self.text(key, confidence=confidence)

    def size(self, effect: Effect | None, pct: float | None = None, on: str = "") -> str:
        """«−1,200 orders (−1,500 to −900), the goal −12 %», as much of it as is known."""
        parts = [] if effect is None else [self._amount(effect)]
        if pct is not None:
            share = signed_percent(pct / 100, self.lang)
            of_goal = on in ("", "goal", self.review.goal.metric)
            key = "percent_of_goal" if of_goal else "percent_on"
            parts.append(self.text(key, percent=share, of=self.acts_on(on)))
        return self.text("comma").join(parts)

    def _amount(self, effect: Effect) -> str:
        """The effect with its interval, in its unit; a share in per cent of what it is a share
        of."""
        amount, ends = self._sized(effect), self.range(effect)
        if effect.unit == "rho":
            return self.text("correlation", value=effect.value, interval=ends)
        return self.text("amount_interval", amount=amount, interval=ends) if ends else amount

    def _sized(self, effect: Effect) -> str:
        if effect.unit == PART:
            return signed_percent(effect.value, self.lang)
        if effect.unit.startswith(SHARE_OF):
            whole = self.name(effect.unit.removeprefix(SHARE_OF))
            share = signed_percent(effect.value, self.lang)
            return self.text("percent_of", percent=share, of=whole)
        of = self.review.units.get(effect.unit) or self.name(effect.unit or None)
        size = self.moved if self._of_goal(effect) else partial(signed, lang=self.lang)
        return f"{size(effect.value)} {of}".rstrip()

    def range(self, effect: Effect) -> str:
        """The interval of an effect as its amount is written; "" where none is known."""
        if effect.low is None and effect.high is None:
            return ""
        if effect.unit == PART or effect.unit.startswith(SHARE_OF):
            return percent_interval(effect, self.lang)
        moved = self._of_goal(effect)
        return self.ends(effect.low, effect.high) if moved else interval(effect, self.lang)

    def _of_goal(self, effect: Effect) -> bool:
        """Whether it is points of a goal that is a share."""
        return effect.unit in self.review.shares and effect.unit == self.review.goal.metric

    def acts_on(self, on: str) -> str:
        """What a percentage is of: the goal, or what the cause acts on."""
        if on in ("", "goal", self.review.goal.metric):
            return self.text("on_goal")
        reported = REPORTED.fullmatch(on)
        if reported is not None:
            metric, reporter = reported.groups()
            return self.text("on_reported", metric=self.name(metric), reporter=reporter)
        key = f"report.on_{on.replace(' ', '_')}"
        return sentence(Message(key), self.lang) if key in catalogue(self.lang) else self.name(on)

    def share_of_gap(self, cause: Cause) -> float | None:
        """Part of the gap that a cause explains; None where it works the other way, has no size, or
        where causes and gains offset each other, so that a share would mislead."""
        gap, effect = self.review.goal.gap, cause.effect
        # What only the log lost is no part of the gap, which has it put back.
        aside = effect is None or effect.unit not in ("", self.review.goal.metric)
        if effect is None or aside or cause.kind == IN_THE_LOG or not gap:
            return None
        share = effect.value / gap
        return share if 0 < share <= MOST_OF_GAP else None

    def goal_line(self) -> str:
        """The goal in one sentence, like with like: from, to, by how much, how sure."""
        goal = self.review.goal
        like = goal.baseline if goal.like is None else goal.like
        low, high = goal.like_ends
        change, pct = goal.change_like, goal.change_like_pct
        way = "up" if change > 0 else "down" if change < 0 else "same"
        within = change and low is not None and high is not None and low <= 0 <= high
        line = self.text(
            "goal_noise" if within else f"goal_{way}",
            metric=self.name(goal.metric),
            baseline=self.level(like),
            current=self.amount(goal.metric, goal.current),
            change=self.moved(change) if within else self._size(abs(change)),
            pct="" if pct is None else self._share(pct / 100, sign=bool(within)),
            interval="" if low is None else self.ends(low, high),
        )
        lines = (self.plan_line(), self._logged_line(), self._like_line(like))
        return line + "".join(lines) + self._history_line()

    def _size(self, change: float) -> str:
        """How far the goal moved, without the way."""
        goal = self.review.goal.metric
        share = goal in self.review.shares
        return self.moved(change).removeprefix("+") if share else self.amount(goal, change)

    def _share(self, share: float, *, sign: bool) -> str:
        return signed_percent(share, self.lang) if sign else percent(abs(share), self.lang)

    def _logged_line(self) -> str:
        """What the tables hold, where rows that they lack count as usual; else ""."""
        goal = self.review.goal
        if isclose(goal.logged, goal.current, rel_tol=SAME):
            return ""
        return self.text("goal_logged", logged=self.amount(goal.metric, goal.logged))

    def _like_line(self, like: float) -> str:
        """What the baseline itself was; "" where the periods are alike."""
        goal = self.review.goal
        if like == goal.baseline:
            return ""
        sizes = {"baseline": goal.baseline, "like": like}
        return self.text("goal_like", **{k: self.amount(goal.metric, v) for k, v in sizes.items()})

    def _history_line(self) -> str:
        """What the history says; "" where there is too little of it."""
        history = self.review.goal.history
        if history is None or not history.windows:
            return ""
        value = self.amount(self.review.goal.metric, history.value)
        ends = "" if history.low is None else self._levels(history.low, history.high)
        return self.text("goal_history", history=value, interval=ends)

    def _levels(self, low: float, high: float | None) -> str:
        """The interval of a value of the goal."""
        share = self.review.goal.metric in self.review.shares
        return (percent_interval if share else interval)((low, high), self.lang)

    @property
    def expected(self) -> str:
        """What the bridge begins with: the plan, where there is one."""
        goal = self.review.goal
        return self.text("bridge_expected" if goal.expected == goal.baseline else "bridge_target")

    def plan_line(self) -> str:
        """How far from the plan; "" when nothing was planned."""
        goal = self.review.goal
        if goal.expected == goal.baseline:
            return ""
        key = "plan_short" if goal.gap < 0 else "plan_over" if goal.gap > 0 else "plan_met"
        expected = self.amount(goal.metric, goal.expected)
        return self.text(key, gap=self._size(abs(goal.gap)), expected=expected)

    def verdict(self) -> str:
        """The headline: causes, a move that is unexplained, nothing, or that it cannot be told."""
        count, review = len(self.review.causes), self.review
        seen = None if review.detectable is None else review.detectable / 100
        if count:
            first = review.causes[0]
            values = {
                "n": count,
                "kind": self.known("kind", first.kind),
                "subject": self.name(first.subject),
            }
            return self.text("verdict_one" if count == 1 else "verdict_many", **values)
        if review.fell:
            return self.text("verdict_fell", **self._shortfall())
        if self._moved() and not self._gained():
            return self.text("verdict_unexplained")
        if review.hidden is not None:
            return self.text("verdict_hidden", metric=self.name(review.goal.metric),
                             lost=self._size(abs(review.hidden.amount)))  # fmt: skip
        if review.answer == "nothing":
            return self.text("verdict_fine", detectable=seen)
        if seen is None:
            return self.text("verdict_no_noise")
        return self.text("verdict_cannot_tell", detectable=seen)

    def detail(self) -> str:
        """What the headline without a cause rests on, and what would settle it."""
        review = self.review
        counts = {"checks": len(review.findings), "steps": len(review.steps)}
        if self.calm():
            return self.text("fine_detail", **counts)
        if review.fell or self._moved() or review.hidden is not None:
            return self.text("unexplained_detail", **counts)
        floor = float(str(review.settings.get("floor", 1.0)))
        longer = None if review.detectable is None else ceil((review.detectable / floor) ** 2)
        # Nobody waits so long: it would read as advice.
        longer = None if longer is None or longer > MOST_TIMES else longer
        history = review.goal.history
        few = history.windows if history is not None and history.windows < FEW_WINDOWS else None
        known = few is None or (history is not None and history.seasonal)
        season = None if known else self.text("season_needs")
        counts |= {"times": longer, "floor": floor / 100, "windows": few, "season": season}
        return self.text("cannot_tell_detail", **counts)

    def _shortfall(self) -> dict[str, object]:
        """How far the goal is off its history, or off the baseline where it has none."""
        goal = self.review.goal
        by_history = goal.history is not None and goal.history.windows
        like = goal.baseline if goal.like is None else goal.like
        should = goal.history.value if goal.history is not None else like
        size = abs(goal.current - should) / abs(should) if should else None
        against = self.text("against_history" if by_history else "against_baseline")
        return {"metric": self.name(goal.metric), "size": size, "against": against}

    def calm(self) -> bool:
        """No cause is named, the goal moved no further than chance may move it, and a loss would
        have been seen."""
        review = self.review
        quiet = not review.causes and review.answer == "nothing" and not review.fell
        return quiet and not self._moved() and review.hidden is None

    def _moved(self) -> bool:
        """Beyond noise: against its history, or against the baseline where there is too little."""
        goal, history = self.review.goal, self.review.goal.history
        low, high = goal.like_ends
        if history is not None and history.windows:
            ends = history.low, history.high
            if ends[0] is not None and ends[1] is not None:
                low, high = goal.current - ends[1], goal.current - ends[0]
        return low is not None and high is not None and (low > 0 or high < 0)

    def _gained(self) -> bool:
        """Whether a stated gain went the way of the goal: it explains no fall."""
        goal = self.review.goal
        moved = goal.current - (goal.baseline if goal.like is None else goal.like)
        sizes = [g.effect.value for g in self.review.gains if g.effect is not None]
        return any(size * moved > 0 for size in sizes)

    def how(self, finding: Finding) -> str:
        """How far a finding can be leant on: what a test or comparison came to."""
        p = finding.p if finding.q is None else finding.q
        quiet = p is not None and p >= NOTHING
        known = finding.verdict in ("fine", "unclear")
        if finding.strength not in ("tested", "compared") or not (quiet or (p is None and known)):
            # A relation that was found is fine as well.
            unsure = finding.verdict == "unclear" and finding.strength in ("tested", "compared")
            return self.text(f"how_{finding.strength}{'_unclear' if unsure else ''}")
        # Trouble without a p below the level: a test that ruled something out.
        ends = {"info": "fine", "trouble": "ruled_out"}
        return self.text(f"how_{finding.strength}_{ends.get(finding.verdict, finding.verdict)}")

    def deeds(self, cause: int) -> list[str]:
        """The actions on a cause, each with owner, day and state."""
        return [
            self.text(
                "deed",
                what=d.what,
                owner=d.owner,
                state=self.known("action_state", d.state),
                day=d.done_on or d.due,
            )
            for d in self.loop.deeds
            if d.cause == cause
        ]

    def pin(self, pin: Pinned) -> tuple[str, str]:
        """What an analyst pinned; who did, and when."""
        by = self.text("pinned_by", author=pin.author or self.text("analyst"), day=pin.day)
        return pin.said.get(self.lang) or pin.said.get("en", ""), by

    def past(self) -> list[str]:
        """What became of each cause of the review before."""
        return [self._became(p) for p in self.loop.past]

    def _became(self, past: Past) -> str:
        said = {"state": self.known("compare", past.state), "kind": self.known("kind", past.kind)}
        said |= {"subject": self.name(past.subject), "why": past.reason}
        return self.text("compare.line", where=past.where or None, actors=None, **said)

    def stand(self, step: str, state: str) -> str:
        """What a step came to: where KPIs and goal are fine there was nothing to rule out."""
        fine = state == "fine" and step in ("goal", "relation")
        return self.text("verdict_good" if fine else f"line_{state}")

    def judged(self, finding: Finding) -> str:
        """The label of a finding's verdict."""
        return self.text(f"verdict_{'good' if finding.verdict == 'fine' else finding.verdict}")

    def caption(self, finding: Finding) -> str:
        """What a chart says, unless the finding says it already."""
        if not finding.evidence:
            return ""
        title = self.say(finding.evidence[finding.chart or 0].headline)
        return "" if title in self.say(finding.statement) else title

    def _label(self, value: object) -> object:
        labels = self.review.labels.get(value) if isinstance(value, str) else None
        return value if labels is None else labels.get(self.lang) or labels.get("en") or value

    def _labelled(self, message: Message) -> Message:
        # A table is looked up by its own name, unless its rows are a driver.
        called = {k: v if k == "table" else self._value(v) for k, v in message.values.items()}
        return Message(message.key, called)

    def _value(self, value: object) -> object:
        if isinstance(value, Message):
            return self._labelled(value)
        if isinstance(value, tuple | list):
            return tuple(self._value(v) for v in value)
        return self._label(value) if not isinstance(value, Mapping) else value
