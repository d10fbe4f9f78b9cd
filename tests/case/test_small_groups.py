"""`min_group`: three people who can be told by their city, or by city and tier,
are named in no output."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import kpilab
from kpilab.analysis.rootcause.explore import explore
from kpilab.core.values import Where
from kpilab.engine.groups import people
from kpilab.errors import BadInput
from kpilab.report.build import write
from kpilab.report.text import verdict
from kpilab.track.board import write_board
from kpilab.track.notify import short
from kpilab.track.store import Store
from kpilab.workbench import ask
from kpilab.workbench.apps.events.paths import PATHS
from kpilab.workbench.records import records
from kpilab.workbench.small_cells import enough, shown
from tests.case.conftest import CASE
from tests.conftest import few

PRIVATE = "privacy: {min_group: 10, pseudonymise: [user]}\n"
LONE, PAIR = "atlantis", Where({"city": ("a",), "tier": ("gold",)})


def rows(place: str) -> pd.DataFrame:
    """Sixty people; three of them, alone in a city or in a tier of it,
    stop paying in the second period."""
    found = []
    for day in range(14):
        start = datetime(2026, 1, 5, 9) + timedelta(days=day)
        for user in range(60):
            few = user < 3
            city = LONE if few and place == "city" else "ab"[user % 2] if not few else "a"
            tier = (
                "gold"
                if (few and place == "tier") or (not few and city == "b" and user % 4 == 1)
                else "basic"
            )
            for visit in range(60 if few else 2):
                buys = (user + visit) % (9 if few and day >= 7 else 2) == 0
                for k, step in enumerate(("visit", "cart", "pay") if buys else ("visit",)):
                    at = start + timedelta(minutes=5 * k + 7 * visit)
                    found.append(
                        (at, f"person-{user}", step, city, tier, 10.0 if step == "pay" else None)
                    )
    return pd.DataFrame(found, columns=["at", "user", "event", "city", "tier", "amount"])


@pytest.fixture(scope="module", params=few(["city", "tier"]))
def folder(request, tmp_path_factory) -> Path:
    """A case whose goal fell among three people."""
    place = tmp_path_factory.mktemp(request.param)
    rows(request.param).to_csv(place / "events.csv", index=False)
    text = CASE.replace("[city]", "[city, tier]")
    (place / "open.yml").write_text(text, "utf-8")
    (place / "case.yml").write_text(text + PRIVATE, "utf-8")
    return place


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("KPILAB_KEY", "k" * 32)


def everything(case, out: Path) -> str:
    """All that a case writes and says: report, terminal, board, store, message."""
    review = kpilab.review(case)
    write(review, out)
    write_board(case, out)
    with Store.open(out) as store:
        saved = store.review(store.save(review))
        parts = [verdict(review), *short(saved, "en"), *short(saved, "zh")]
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        raw = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(raw)) as book:
                raw = b"".join(book.read(name) for name in book.namelist())
        parts.append(raw.decode("utf-8", "replace"))
    assert len(parts) > 8
    return "\n".join(parts)


def places(review) -> list[Where]:
    """Every place the review names: of findings, causes, tables."""
    tables = [e.table for f in review.findings for e in f.evidence if "where" in e.table]
    named = [f.where for f in review.findings] + [
        c.where for c in (*review.causes, *review.rejected)
    ]
    return named + [w for table in tables for w in table["where"]]


@pytest.mark.slow
def test_three_people_are_named_nowhere_and_still_counted(folder, tmp_path):
    plain, private = kpilab.open_case(folder / "open.yml"), kpilab.open_case(folder)
    before, after = kpilab.review(plain), kpilab.review(private)
    assert any(people([plain.tables["events"]], w) == 3 for w in places(before) if w), (
        "or the test shows nothing"
    )
    assert all(
        people([private.tables["events"]], w) >= 10 for w in places(after) if len(w.values) > 1
    )
    assert before.goal == after.goal
    said = everything(private, tmp_path)
    if folder.name.startswith("city"):
        assert (
            "Dimension city: values that fewer than 10 users have are put together as (<10): 1."
            in said
        )
    assert LONE not in said
    assert "person-" not in said


def test_the_workbench_names_them_no_more_than_the_report(folder):
    private, plain = kpilab.open_case(folder), kpilab.open_case(folder / "open.yml")
    found = shown(private, ask.places(private, "pay_rate", deepest=2)).table
    assert all(people([plain.tables["events"]], w) != 3 for w in found["where"])
    assert LONE not in found.to_string()
    looked = records(private, "events", period=private.current)
    assert LONE not in looked.table.to_string()
    assert "person-" not in looked.table.to_string()


def test_a_filter_on_three_people_is_refused(folder):
    private, plain = kpilab.open_case(folder), kpilab.open_case(folder / "open.yml")
    if people([plain.tables["events"]], PAIR) == 3:
        with pytest.raises(BadInput, match="3 people are too few"):
            enough(private, PAIR)
        with pytest.raises(BadInput, match="3 people are too few"):
            records(private, "events", where=PAIR, period=private.current)
    enough(private, Where({"city": ("b",)}))
    enough(plain, PAIR)


def test_no_cut_by_two_dimensions_or_inside_a_filter_shows_three_people(folder):
    private = kpilab.open_case(folder)
    inside = Where({"city": ("a",)})
    both = explore(private, "visits", by=["city", "tier"])
    one = explore(private, "visits", by=["tier"], where=inside)
    for answer, where in ((both, Where()), (one, inside)):
        kept = shown(private, answer, where).table
        cells = [
            Where({**where.values, **{d: (row[d],) for d in answer.by}})
            for row in kept.to_dict("records")
        ]
        assert cells
        assert all(
            (people([private.tables["events"]], w) or 0) >= 10
            for w in cells
            if "(<10)" not in str(w)
        )
    if people([private.tables["events"]], PAIR) == 3:
        assert len(shown(private, one, inside).table) < len(one.table)
        assert len(shown(private, both).table) < len(both.table)


def test_ways_of_a_few_are_left_out_and_counted_in_a_note(folder):
    private = kpilab.open_case(folder)
    answer = PATHS.asked(private, PATHS.start(private)).call.ask()
    few = replace(answer, table=answer.table.assign(users=[3, *[50] * (len(answer.table) - 1)]))
    kept = shown(private, few)
    assert len(kept.table) == len(few.table) - 1
    assert kept.notes[-1].key == "workbench.few"
    assert kept.notes[-1].values["groups"] >= 1
    assert shown(kpilab.open_case(folder / "open.yml"), few) is few


def test_a_value_that_the_case_names_itself_stays(folder):
    text = (
        (folder / "case.yml")
        .read_text("utf-8")
        .replace("'visit'}", f"'visit' and city <> '{LONE}'}}", 1)
    )
    (folder / "named.yml").write_text(
        text.replace("(where event = 'visit')", f"(where event = 'visit' and city <> '{LONE}')"),
        "utf-8",
    )
    case = kpilab.open_case(folder / "named.yml")
    cities = set(case.tables["events"].table.city.to_pandas())
    assert "(<10)" not in cities
