"""The words of one review in one language: sentences, labels, sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kpilab.core.finding import Cause, Finding, Review
from kpilab.core.values import Effect, Message
from kpilab.show.format import interval, items, number, percent, signed, signed_percent
from kpilab.show.say import catalogue, sentence

SURE = ((0.9, "report.sure_very"), (0.7, "report.sure_likely"), (0.0, "report.sure_more"))


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Says what a review holds in the language `lang`, metrics by their labels."""

    review: Review
    lang: str

    def text(self, key: str, **values: object) -> str:
        """A text of the report page, `report.<key>` or any full key."""
        return self.say(Message(key if "." in key else f"report.{key}", values))

    def say(self, message: Message | None) -> str:
        """The sentence of a message, with metrics called by their labels; "" for none."""
        return "" if message is None else sentence(self._labelled(message), self.lang)

    def name(self, metric: str | None) -> str:
        """The label of a metric, or the name itself."""
        return "" if metric is None else str(self._label(metric))

    def amount(self, metric: str, value: float) -> str:
        """A number of a metric with what it is counted in."""
        return f"{number(value, self.lang)} {self.review.units.get(metric, '')}".rstrip()

    def known(self, topic: str, name: str) -> str:
        """The label `topic.name` where there is one, else the name:
        kinds and steps may be the review's own."""
        key = f"{topic}.{name}"
        return sentence(Message(key), self.lang) if key in catalogue(self.lang) else name

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
        """«−1,200 orders (−1,500 to −900), −12 % of the goal», as much of it as is known."""
        parts = []
        if effect is not None:
            unit = self.name(effect.unit or None)
            amount = f"{signed(effect.value, self.lang)} {unit}".rstrip()
            ends = (
                interval(effect, self.lang)
                if effect.low is not None or effect.high is not None
                else ""
            )
            parts.append(
                self.text("amount_interval", amount=amount, interval=ends) if ends else amount
            )
        if pct is not None:
            share = signed_percent(pct / 100, self.lang)
            parts.append(self.text("percent_of", percent=share, of=self.acts_on(on)))
        return self.text("comma").join(parts)

    def acts_on(self, on: str) -> str:
        """What a percentage is of: the goal, or what the cause acts on."""
        if on in ("", "goal", self.review.goal.metric):
            return self.text("on_goal")
        key = f"report.on_{on.replace(' ', '_')}"
        return sentence(Message(key), self.lang) if key in catalogue(self.lang) else self.name(on)

    def share_of_gap(self, cause: Cause) -> float | None:
        """Part of the gap that a cause explains; None where it works the other way or has no
        size."""
        gap = self.review.goal.gap
        if (
            cause.effect is None
            or cause.effect.unit not in ("", self.review.goal.metric)
            or not gap
        ):
            return None
        share = cause.effect.value / gap
        return share if share > 0 else None

    def goal_line(self) -> str:
        """The goal in one sentence: from, to, by how much, how sure."""
        goal = self.review.goal
        way = "up" if goal.change > 0 else "down" if goal.change < 0 else "same"
        pct = None if goal.change_pct is None else abs(goal.change_pct) / 100
        line = self.text(
            f"goal_{way}",
            metric=self.name(goal.metric),
            baseline=number(goal.baseline, self.lang),
            current=self.amount(goal.metric, goal.current),
            change=self.amount(goal.metric, abs(goal.change)),
            pct="" if pct is None else percent(pct, self.lang),
            interval="" if goal.low is None else interval((goal.low, goal.high), self.lang),
        )
        return line + self.plan_line()

    def plan_line(self) -> str:
        """How far from the plan; "" when nothing was planned."""
        goal = self.review.goal
        if goal.expected == goal.baseline:
            return ""
        key = "plan_short" if goal.gap < 0 else "plan_over" if goal.gap > 0 else "plan_met"
        values = {"gap": abs(goal.gap), "expected": goal.expected}
        return self.text(key, **{k: self.amount(goal.metric, v) for k, v in values.items()})

    def verdict(self) -> str:
        """The headline: how many causes, none, or a move that stays unexplained."""
        count = len(self.review.causes)
        if count:
            return self.text("verdict_one" if count == 1 else "verdict_many", n=count)
        return self.text("verdict_fine" if self.calm() else "verdict_unexplained")

    def calm(self) -> bool:
        """No cause is named, and the goal moved no further than chance may move it."""
        goal = self.review.goal
        moved = goal.low is not None and goal.high is not None and (goal.low > 0 or goal.high < 0)
        return not self.review.causes and not moved

    def judged(self, finding: Finding) -> str:
        """The label of a finding's verdict."""
        return self.text(f"verdict_{'good' if finding.verdict == 'fine' else finding.verdict}")

    def caption(self, title: str, finding: Finding) -> str:
        """A chart's title, unless it only repeats the finding."""
        return "" if title == self.say(finding.statement) else title

    def _label(self, value: object) -> object:
        labels = self.review.labels.get(value) if isinstance(value, str) else None
        return value if labels is None else labels.get(self.lang) or labels.get("en") or value

    def _labelled(self, message: Message) -> Message:
        return Message(message.key, {k: self._value(v) for k, v in message.values.items()})

    def _value(self, value: object) -> object:
        if isinstance(value, Message):
            return self._labelled(value)
        if isinstance(value, tuple | list):
            return tuple(self._value(v) for v in value)
        return self._label(value) if not isinstance(value, Mapping) else value
