"""How results are shown: `say` a message, tell a `summary`, draw a `chart`, make a `bundle`."""

from __future__ import annotations

from typing import TYPE_CHECKING

# Loaded before the function of the same name is defined: a later first import would put the module
# in its place.
from kpilab.core.values import Message
from kpilab.show.say import sentence

if TYPE_CHECKING:
    import altair as alt

    from kpilab.core.result import Result


def say(message: Message, lang: str = "en") -> str:
    """The sentence of `message` in the language `lang`."""
    return sentence(message, lang)


def summary(result: Result, lang: str = "en") -> str:
    """The headline of a result, how many rows its table has, and its notes, a line each."""
    held = Message("result.rows", {"rows": len(result.table)})
    said = dict.fromkeys(sentence(m, lang) for m in (result.headline, held, *result.notes))
    return "\n".join(said)


def chart(result: Result, lang: str = "en") -> alt.TopLevelMixin:
    """The Altair chart of a result."""
    from kpilab.show.charts import draw

    return draw(result, lang)


def bundle(result: Result, lang: str = "en") -> dict[str, object]:
    """What a notebook displays: the sentence, the table and a static picture."""
    from kpilab.show.html import mimebundle

    return mimebundle(result, lang)
