"""Any text as case.yml: it is read, or it is refused in words for people."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kpilab.case.check import read_spec
from kpilab.case.document import MOST_ALIASES, MOST_BYTES, read_document
from kpilab.errors import BadInput, Problem
from tests.case.conftest import CASE


def read(text: str | bytes):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "case.yml"
        path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
        return read_spec(read_document(path))


def told(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text; nothing when it is a case."""
    try:
        read(text)
    except BadInput as error:
        return error.problems
    return ()


def refused(text: str | bytes) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read(text)
    assert all(p.what and p.where and p.hint for p in caught.value.problems)
    return caught.value


@pytest.mark.parametrize(
    "text",
    ["", "a", "- a", "~", "a: [", "a: b: c", "\t", "{", "a: 'x", "&a [*a]", "a: &b {c: *b}",
        b"\xff\xfe\x00", "\0",
     "a: !!python/name:os.system x", "? [1]\n: 2", "? {a: 1}\n: 2", "1: 2"],
)  # fmt: skip
def test_what_is_no_case_is_refused(text):
    refused(text)


def test_a_billion_laughs_end_early():
    text = "a0: &a0 [x, x]\n" + "".join(
        f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 12)}]\n" for k in range(1, 30)
    )
    assert str(MOST_ALIASES) in refused(text).what


def test_deep_nesting_ends_early():
    refused("a: " + "[" * 5000 + "]" * 5000)


def test_a_huge_file_is_not_read():
    assert "larger" in refused("#" * (MOST_BYTES + 1)).what


def test_lines_are_those_of_the_file():
    with TemporaryDirectory() as folder:
        path = Path(folder) / "case.yml"
        path.write_text("# first\n\nkpilab: 1\ntables:\n  a:\n    kind: facts\n", "utf-8")
        document = read_document(path)
    assert document.at("tables", "a", "kind") == "case.yml line 6, key tables.a.kind"
    assert document.at("tables", "a", "time") == "case.yml line 5, key tables.a.time"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
GOOD = yaml.safe_load(CASE)


def paths(node, at=()):
    yield at
    for key, value in (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    ):
        yield from paths(value, (*at, key))


PLACES = [p for p in paths(GOOD) if p]


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_any_value_in_any_place_is_read_or_refused_in_words(place, value):
    spoilt = yaml.safe_load(CASE)
    node = spoilt
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    for problem in told(yaml.safe_dump(spoilt, allow_unicode=True)):
        assert problem.what
        assert "case.yml" in problem.where
        assert problem.hint


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=200) | st.lists(st.sampled_from(CASE.splitlines()), max_size=20).map("\n".join)
)
@example("kpilab: 1\n<<: *x")
@example("a: 2026-99-99")
def test_any_text_is_read_or_refused_in_words(text):
    assert all(p.what and p.where and p.hint for p in told(text))
