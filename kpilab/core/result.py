"""What an analysis returns: a documented table, a summary in words, a chart on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.values import Message
from kpilab.errors import extra

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Base of all answers.

    Attributes:
        table: the numbers; each subclass documents its columns.
        notes: statistical doubts and choices made, to be shown with the answer.
    """

    table: pd.DataFrame
    notes: tuple[Message, ...] = field(default=(), kw_only=True)
    kind: ClassVar[str] = "result"

    @property
    def headline(self) -> Message:
        """The answer in one sentence."""
        return Message("result.rows", {"rows": len(self.table)})

    def summary(self, lang: str = "en") -> str:
        """The answer in words: the headline, the size of the table, every note; a line each."""
        # The one upward import: words and charts load when asked for, never with the numbers.
        from kpilab import show

        return show.summary(self, lang)

    def chart(self, lang: str = "en") -> alt.TopLevelMixin:
        """Altair chart of this result in the language `lang`."""
        from kpilab import show

        with extra(f"{type(self).__name__}.chart"):
            return show.chart(self, lang)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, object]:
        from kpilab import show

        return show.bundle(self)
