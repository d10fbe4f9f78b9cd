"""Whatever text comes from outside: it is read, or refused in words; nothing else is opened,
started or run."""

from __future__ import annotations

import gc
import os
import random
import sys
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpilab.case.document import parse_document
from kpilab.core.tree import MetricTree
from kpilab.core.values import duration
from kpilab.engine import sheet
from kpilab.engine.expression import parse_measure
from kpilab.errors import BadInput

SOURCE = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"
INPUTS = {
    "case text": 250, "case file": 60, "formula": 4_000, "SQL expression": 400, "query": 150,
    "parameters": 4_000,
    "work sheet csv": 150, "work sheet xlsx": 25,
}  # fmt: skip
SHARED = (HealthCheck.function_scoped_fixture,)
KEPT = settings(derandomize=True, deadline=None, max_examples=250, suppress_health_check=SHARED)


@pytest.fixture(scope="module")
def fuzz():
    found = spec_from_file_location("fuzz", SOURCE)
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    sys.modules["fuzz"] = module  # where its dataclasses look for their types
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def guard(fuzz):
    gc.collect()  # what other tests left behind closes its files now, not while an input is read
    gc.freeze()
    yield fuzz.Guard()
    gc.unfreeze()


@pytest.fixture(scope="module")
def parts(fuzz, tmp_path_factory):
    return fuzz.parts(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.few(4)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", INPUTS)
def test_no_input_crashes_or_opens_anything(fuzz, guard, parts, name):
    fuzz.warmed(parts[name], name, 60)
    guard.own, guard.seen = parts[name].own, Counter()
    found = fuzz.fuzzed(parts[name], INPUTS[name], f"tests {name}", guard)
    assert set(found.told) <= {"accepted", "refused"}, found.examples
    assert not guard.seen


def test_the_guard_sees_what_it_should(guard, tmp_path):
    guard.own, guard.seen = "", Counter()
    attacks = {
        "open": lambda _: (tmp_path / "x").write_text("x"),
        "import": lambda _: __import__("this_module_is_not_there"),
        "compile": lambda text: eval(text),
        "os.listdir": lambda _: list(tmp_path.iterdir()),
        "os.scandir": lambda _: ThreadPoolExecutor().submit(os.scandir, tmp_path).result(),
    }
    for attack in attacks.values():
        guard.run(attack, "1 + 1")
    seen = {text.split()[0] for text in guard.seen}
    assert set(attacks) <= seen


@KEPT
@given(st.data())
def test_hypothesis_finds_nothing_either(fuzz, guard, data):
    """Texts of any signs and of each grammar's pieces, for the readers of text."""
    name, read, pieces = data.draw(st.sampled_from([
        ("case", fuzz.read_case, fuzz.YAML_PIECES), ("formula", fuzz.read_formula,
            fuzz.FORMULA_PIECES),
        ("expression", fuzz.read_expression, fuzz.SQL_PIECES), ("duration", duration, fuzz.TEXTS),
    ]))  # fmt: skip
    text = data.draw(
        st.text(max_size=60) | st.lists(st.sampled_from(pieces), max_size=15).map("".join)
    )
    guard.own, guard.seen = "", Counter()
    assert guard.run(read, text) in ("accepted", "refused"), (name, text)
    assert not guard.seen


def refused(text: str) -> str:
    with pytest.raises(BadInput) as caught:
        parse_document(text, "case.yml")
    return caught.value.what


def test_a_short_text_that_grows_is_refused_before_it_has_grown():
    lists = "a0: &a0 [x, x]\n" + "".join(
        f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 11)
    )
    merged = "a0: &a0 {x: 1}\n" + "".join(
        f"a{k}: &a{k} {{<<: [{', '.join([f'*a{k - 1}'] * 9)}]}}\n" for k in range(1, 11)
    )
    assert "values" in refused(lists)
    assert "values" in refused(merged)
    assert "values" in refused("a: &a [*a]")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: !!timestamp x", "tag"),
        ("a: !!python/object/apply:os.system [x]", "tag"),
        ("a: " + "1:" * 20_000 + "1", "characters"),
        ("a: " + "[" * 40, "nested"),
        ("a: [" + "1," * 25_000 + "1]", "values"),
        ("a: 0b_", "number"),
    ],
)
def test_what_a_case_never_needs_is_refused(text, said):
    assert said in refused(text)


def test_a_deep_and_wide_tree_is_evaluated_once_per_node():
    formulas = {f"m{k}": f"m{k + 1} + m{k + 1} - m{k + 1}" for k in range(3_000)}
    assert MetricTree.parse("goal", "m0", formulas).evaluate({"m3000": 2.0}) == 2.0


def test_an_endless_duration_and_a_statement_in_an_expression_are_refused():
    with pytest.raises(BadInput, match="fifty thousand years"):
        duration("9" * 40 + "w")
    with pytest.raises(BadInput, match="more than one expression"):
        parse_measure("sum(a); set x = 1", "here")
    with pytest.raises(BadInput, match="is no column"):
        parse_measure("sum(@ null)", "here")


def test_a_workbook_that_unpacks_without_end_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(sheet, "MOST_BYTES", 1_000_000)
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 2_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(BadInput, match="unpacks to"):
        sheet.first_sheet(path, "table 'x'")


def test_the_seed_makes_the_inputs(fuzz):
    again = [[fuzz.a_case(random.Random("s")) for _ in "12"] for _ in "12"]
    assert again[0] == again[1]
