"""What a panel shows: a view, what was chosen, and the filter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kpilab.core.values import EVERYWHERE, Where


@dataclass(frozen=True, slots=True)
class State:
    """What a panel shows.

    Attributes:
        view: name of one of the app's views.
        choice: what was chosen, by the name of the control.
        where: the filter; carried along through every drill.
    """

    view: str
    choice: Mapping[str, object] = field(default_factory=dict)
    where: Where = EVERYWHERE

    def get(self, name: str) -> str:
        """A choice as text; "" when nothing was chosen."""
        value = self.choice.get(name)
        return "" if value is None else str(value)

    def names(self, name: str) -> tuple[str, ...]:
        """A list kept among the choices, e.g. the events to choose from."""
        value = self.choice.get(name)
        return value if isinstance(value, tuple) else ()

    def chosen(self, **choice: object) -> State:
        """The same with other choices."""
        return replace(self, choice={**self.choice, **choice})

    def looking(self, view: str, **choice: object) -> State:
        """Another view of the same, with the same filter."""
        return replace(self.chosen(**choice), view=view)

    def inside(self, where: Mapping[str, object]) -> State:
        """The same within a smaller segment."""
        values = dict(self.where.values) | {name: (value,) for name, value in where.items()}
        return replace(self, where=Where(values, self.where.without))

    def at(self, place: str) -> State:
        """The same inside a place, as a chart's mark tells it: JSON of values and exception."""
        told = json.loads(place)
        sides = zip((self.where.values, self.where.without), told.values(), strict=True)
        joined = [dict(old) | {d: tuple(v) for d, v in new.items()} for old, new in sides]
        return replace(self, where=Where(*joined))

    def within(self, where: Where) -> State:
        """The same with this filter."""
        return replace(self, where=where)

    def outside(self, dimension: str) -> State:
        """The same with the filter on one dimension taken away."""
        kept = [
            {k: v for k, v in d.items() if k != dimension}
            for d in (self.where.values, self.where.without)
        ]
        return replace(self, where=Where(*kept))
