"""Sentences: message keys to text, per language, from `messages/<lang>/<room>/<topic>.json`.

A template holds placeholders `{name}` or `{name:form}`; the forms are those of `show/format.py`.
Text in `[[ ]]` is left out when a value inside it is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from kpilab.core.values import Message
from kpilab.errors import unknown
from kpilab.show.format import FORMS

LANGUAGES = ("en", "zh")
PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
OPTIONAL = re.compile(r"\[\[(.*?)\]\]")


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
    text = OPTIONAL.sub(lambda m: _optional(m.group(1), values), template(message.key, lang))
    return PLACEHOLDER.sub(lambda m: _filled(m, values, lang), text)


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
    name, form = match.group(1), match.group(2) or ""
    return FORMS[form](values.get(name), lang)
