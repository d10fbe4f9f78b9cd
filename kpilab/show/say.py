"""Sentences: message keys to text, per language, from `messages/<lang>/<room>/<topic>.json`.

A template holds placeholders `{name}` or `{name:form}`; the forms are those of `show/format.py`;
`{name#one|many}` is the first word where the language's plural rule (Babel's, from CLDR) calls the
value "one", else the second.
Text in `[[ ]]` is left out when a value inside it is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np
from babel import Locale
from babel.plural import PluralRule

from kpilab.core.values import Message
from kpilab.errors import unknown
from kpilab.show.format import FORMS

LANGUAGES = ("en", "zh")
PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
SPACED = re.compile(rf"( ?){PLACEHOLDER.pattern}( ?)")
PLURAL = re.compile(r"\{(\w+)#([^|}]*)\|([^}]*)\}")
OPTIONAL = re.compile(r"\[\[(.*?)\]\]")
EDGE = "\ue000"  # a space beside a value, until it is known what stands on its other side
WIDE = r"[\u2e80-\u9fff\uf900-\uffef]"
BETWEEN = re.compile(f"(?<={WIDE}){EDGE}+(?={WIDE})")


@cache
def catalogue(lang: str) -> Mapping[str, str]:
    """All templates of a language by their full key (`topic.name`)."""
    if lang not in LANGUAGES:
        raise unknown("language", lang, LANGUAGES, "lang")
    found: dict[str, str] = {}
    for file in sorted(_files(files("kpilab.show") / "messages" / lang), key=lambda f: f.name):
        topic = file.name.removesuffix(".json")
        found |= {f"{topic}.{k}": v for k, v in json.loads(file.read_text("utf-8")).items()}
    return found


def _files(folder: Traversable) -> Iterator[Traversable]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry)
        elif entry.name.endswith(".json"):
            yield entry


def template(key: str, lang: str) -> str:
    known = catalogue(lang)
    if key not in known:
        raise unknown("message", key, known, f"show/messages/{lang}")
    return known[key]


def sentence(message: Message, lang: str = "en") -> str:
    """The sentence of a message; nested messages are said first."""
    values = {k: _said(v, lang) for k, v in message.values.items()}
    form = template(message.key, lang)
    text = OPTIONAL.sub(lambda m: _optional(m.group(1), values), form)
    text = PLURAL.sub(lambda m: _plural(m, values, lang), text)
    text = SPACED.sub(lambda m: _filled(m, values, lang), text)
    # Between Chinese characters stands no space.
    text = BETWEEN.sub("", text).replace(EDGE, " ") if EDGE in text else text
    text = text.replace("= < ", "< ")  # a chance below what is written
    return _capital(text) if form.startswith("{") and text.endswith((".", "?")) else text


def label(key: str, lang: str = "en", **values: object) -> str:
    """A text of a chart or page: fixed, or with values of its own."""
    return sentence(Message(key, values), lang)


def _said(value: object, lang: str) -> object:
    if isinstance(value, Message):
        return sentence(value, lang)
    if isinstance(value, tuple | list) and any(isinstance(v, Message) for v in value):
        return [_said(v, lang) for v in value]
    return value


def _optional(text: str, values: Mapping[str, object]) -> str:
    names = [m.group(1) for m in PLACEHOLDER.finditer(text)]
    return "" if any(_missing(values.get(n)) for n in names) else text


def _missing(value: object) -> bool:
    return value is None or value == "" or value == () or value == [] or value != value


def _filled(match: re.Match[str], values: Mapping[str, object], lang: str) -> str:
    before, name, form, after = match.groups()
    text = FORMS[form or ""](values.get(name), lang)
    return before.replace(" ", EDGE) + text + after.replace(" ", EDGE)


def _plural(match: re.Match[str], values: Mapping[str, object], lang: str) -> str:
    name, one, many = match.groups()
    value = values.get(name)
    if not isinstance(value, int | float | np.number) or value != value:
        return many
    return one if _rule(lang)(abs(float(value))) == "one" else many


@cache
def _rule(lang: str) -> PluralRule:
    return Locale.parse(lang).plural_form


def _capital(text: str) -> str:
    """The sentence with a large first letter, unless it begins with a name written its own way."""
    first = text.split(" ", 1)[0]
    own = "_" in first or "." in first[:-1] or any(c.isupper() for c in first[1:])
    return text if own else text[:1].upper() + text[1:]
