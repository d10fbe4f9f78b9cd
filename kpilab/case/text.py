"""The text of a first case.yml: its sections, each with a word on what it is for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from kpilab.core.values import Message

if TYPE_CHECKING:
    from kpilab.core.values import Period

Say = Callable[[Message], str]


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes sections with comments in the reader's language.

    Attributes:
        say: makes a sentence of a message.
    """

    say: Say

    def head(
        self, title: str, notes: Iterable[Message], language: str, zone: str | None, zoned: bool
    ) -> str:
        """Version, title and what is common to all tables."""
        named = {"kpilab": 1, "title": title}
        named |= {"language": str(language)} if language != "en" else {}
        named |= {"timezone": zone} if zone else {}
        open_zone = self.comment("timezone") if zoned and not zone else ""
        other = "" if language != "en" else self.comment("language")
        remarks = "".join(f"# {self.say(note)}\n" for note in notes)
        return (
            f"{self.comment('head')}{remarks}{_yaml(named)}{other}{open_zone}"
            f"{self.comment('currency')}{self.comment('holidays')}"
        )

    def periods(self, found: Mapping[str, Period]) -> str:
        lines = "".join(f"  {name}: [{p.first}, {p.last}]\n" for name, p in found.items())
        return f"{self.comment('periods')}periods:\n{lines}"

    def section(self, key: str, value: object, **values: object) -> str:
        """A key with its comment; nothing where there is nothing to say."""
        return f"{self.comment(key, **values)}{_yaml({key: value})}" if value else ""

    def goal(
        self, goal: Mapping[str, object], others: Iterable[str], guessed: Message | None
    ) -> str:
        """The goal, what else it could be, and what its choice rests on."""
        listed = ", ".join(dict.fromkeys(others))
        more = self.comment("goal_else", others=listed) if listed else ""
        more += f"# {self.say(guessed)}\n" if guessed else ""
        hint = "" if goal.get("target") is not None else f"  {self.comment('target')}"
        key = "goal" if goal.get("formula") else "goal_whole"
        return f"{self.comment(key)}{more}{_yaml({'goal': goal})}{hint}"

    def kpis(self, told: list[dict[str, object]], goal: str) -> str:
        """The KPIs, or how one would be written."""
        example = f"# - metric: {goal}\n#   owner: sales\n#   target: 1000\n"
        return f"{self.comment('kpis')}{_yaml({'kpis': told}) if told else '# kpis:'}\n{example}"

    def changes(self) -> str:
        return (
            f"{self.comment('changes')}# changes:\n# - date: 2026-01-31\n#   text: new checkout\n"
        )

    def comment(self, key: str, **values: object) -> str:
        return f"# {self.say(Message(f'first.{key}', values))}\n"


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)
