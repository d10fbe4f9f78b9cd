"""Both languages say the same things."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from kpilab.show.say import LANGUAGES, PLACEHOLDER, catalogue

ROOT = Path(__file__).parents[1] / "kpilab"
KEY = re.compile(r"^[a-z_]+\.[a-z0-9_]+$")


def test_every_key_is_in_every_language():
    keys = {lang: set(catalogue(lang)) for lang in LANGUAGES}
    assert keys["en"] == keys["zh"]


def test_placeholders_are_the_same():
    for key, text in catalogue("en").items():
        names = {m.group(1) for m in PLACEHOLDER.finditer(text)}
        assert names == {m.group(1) for m in PLACEHOLDER.finditer(catalogue("zh")[key])}, key


def test_chinese_is_chinese():
    same = [
        k
        for k, v in catalogue("en").items()
        if v == catalogue("zh")[k] and re.search(r"[a-z]{4}", PLACEHOLDER.sub("", v))
    ]
    assert same == [], "untranslated"


def test_every_message_used_in_the_code_exists():
    missing = [
        f"{path.name}: {node.args[0].value}"
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Message"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value not in catalogue("en")
    ]
    assert missing == []
