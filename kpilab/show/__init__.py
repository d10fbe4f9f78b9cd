"""How results are shown: `say` a message, draw a `chart`, make a display `bundle`."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Loaded before the function of the same name is defined: a later first import would put the module
# in its place.
from kpilab.show.say import sentence

if TYPE_CHECKING:
    import altair as alt

    from kpilab.core.result import Result
    from kpilab.core.values import Message


def say(message: Message, lang: str = "en") -> str:
    """The sentence of `message` in the language `lang`."""
    return sentence(message, lang)


def chart(result: Result, lang: str = "en") -> alt.TopLevelMixin:
    """The Altair chart of a result."""
    from kpilab.show.charts import draw

    return draw(result, lang)


def bundle(result: Result, lang: str = "en") -> dict[str, object]:
    """What a notebook displays: the sentence, the table and a static picture."""
    from kpilab.show.html import mimebundle

    return mimebundle(result, lang)
