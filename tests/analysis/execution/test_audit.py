"""Audit: the draw is reproducible, the worksheet guesses nothing, the bounds are exact."""

from __future__ import annotations

import contextlib
import datetime as dt

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpilab.analysis.execution.audit import audit, audit_sample
from kpilab.analysis.execution.worksheet import read_worksheet, write_worksheet
from kpilab.core.table import Executions
from kpilab.core.values import Period
from kpilab.errors import BadInput

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=27))


@pytest.fixture(scope="module")
def plan():
    rows = [
        (f"r{k}", FIRST + dt.timedelta(days=k % 28), f"a{k % 4}", "visit", 1 + k % 7)
        for k in range(1000)
    ]
    frame = pd.DataFrame(rows, columns=["record", "date", "actor", "action", "quantity"])
    return audit_sample(Executions(frame, record="record"), period=PERIOD)


def filled(plan, tmp_path, suffix, change):
    path = write_worksheet(plan, tmp_path / f"sheet{suffix}")
    sheet = (
        pd.read_csv(path, dtype=str, keep_default_na=False)
        if suffix == ".csv"
        else pd.read_excel(path, dtype=str)
    )
    sheet["confirmed"] = "yes"
    change(sheet)
    sheet.to_csv(path, index=False) if suffix == ".csv" else sheet.to_excel(path, index=False)
    return path


def answered(sheet, answers):
    """The first results; the other rows are left empty."""
    sheet["confirmed"] = answers + [""] * (len(sheet) - len(answers))


def test_the_size_is_the_exact_one_and_every_actor_is_in(plan):
    assert len(plan.table) in (57, 58)
    assert (plan.strata["sampled"] >= 2).all()
    assert plan.table["record"].is_unique


def test_the_same_seed_draws_the_same_records(plan):
    frame = plan.table.rename(columns={"day": "date", "stratum": "actor"})
    again = audit_sample(
        Executions(frame.rename(columns={"day": "date", "stratum": "actor"}), record="record"),
        period=PERIOD,
    )
    shuffled = frame.sample(frac=1, random_state=1)
    assert audit_sample(Executions(shuffled, record="record"), period=PERIOD).table.equals(
        again.table
    )


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_out_and_back(plan, tmp_path, suffix):
    def two_are_not(sheet):
        sheet.loc[:1, "confirmed"] = ["no", "否"]

    results = read_worksheet(plan, filled(plan, tmp_path, suffix, two_are_not))
    assert (~results["confirmed"]).sum() == 2
    found = audit(plan, results)
    assert found.rate.low < 2 / len(plan.table) < found.rate.high
    assert found.adjusted.low < found.adjusted.value < found.claimed
    assert found.rate.value < found.upper


def test_a_clean_sample_still_has_an_upper_bound(plan):
    found = audit(plan, plan.table[["record"]].assign(confirmed=True))
    assert found.rate.value == 0
    assert 0.03 < found.upper <= 0.05
    assert found.adjusted.value == found.claimed


def test_every_fault_of_a_worksheet_is_listed_by_row(plan, tmp_path):
    def spoil(sheet):
        sheet.loc[0, "record"] = ""
        sheet.loc[1, "record"] = "r9999"
        sheet.loc[3, "record"] = sheet.loc[2, "record"]
        sheet.loc[4, "confirmed"] = "maybe"

    with pytest.raises(BadInput) as error:
        read_worksheet(plan, filled(plan, tmp_path, ".csv", spoil))
    listed = [(p.where.split(", ")[1], p.what) for p in error.value.problems]
    ids = plan.table["record"].tolist()
    assert listed == [
        ("row 2", "no record id"),
        ("row 3", "record 'r9999' was not drawn"),
        ("row 5", f"record {ids[2]!r} occurs twice, first in row 4"),
        ("row 6", "result 'maybe' is neither yes nor no"),
        *(("no row", f"drawn record {ids[k]!r} is missing") for k in (0, 1, 3)),
    ]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("answer", ["maybe", "yes?", "2", "y/n", "无", "-", "yes no", "nan"])
def test_a_result_that_is_neither_yes_nor_no_is_not_guessed(plan, tmp_path, suffix, answer):
    path = filled(
        plan,
        tmp_path,
        suffix,
        lambda sheet: answered(sheet, ["yes"] * 9 + [answer]),
    )
    with pytest.raises(BadInput) as error:
        read_worksheet(plan, path)
    assert [p.where.split(", ")[1] for p in error.value.problems] == ["row 11"]
    assert repr(answer) in str(error.value)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_row_that_was_deleted_is_missed(plan, tmp_path, suffix):
    path = filled(plan, tmp_path, suffix, lambda sheet: sheet.drop(index=[4, 7], inplace=True))
    with pytest.raises(BadInput) as error:
        read_worksheet(plan, path)
    ids = plan.table["record"]
    assert [p.what for p in error.value.problems] == [
        f"drawn record {ids[k]!r} is missing" for k in (4, 7)
    ]


def test_upper_case_blanks_and_other_languages_are_read(plan, tmp_path):
    answers = [" YES ", "No", "是", "否", "TRUE", "false"]
    path = filled(plan, tmp_path, ".csv", lambda sheet: answered(sheet, answers))
    assert read_worksheet(plan, path)["confirmed"].tolist() == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]


def test_ids_keep_their_zeros(tmp_path):
    frame = pd.DataFrame(
        {
            "record": ["007", "0010", "1e5"],
            "date": FIRST,
            "actor": "a",
            "action": "v",
            "quantity": 1,
        }
    )
    plan = audit_sample(Executions(frame, record="record"), period=PERIOD)
    for suffix in (".csv", ".xlsx"):
        path = filled(plan, tmp_path, suffix, lambda sheet: None)
        assert set(read_worksheet(plan, path)["record"]) == {"007", "0010", "1e5"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"record;confirmed\nr1;yes\n", "no single column 'record'"),
        ("a.csv", "record,confirmed,备注\nr1,yes,好\n".encode("gbk"), "cannot be read"),
        ("a.csv", b"", "holds nothing"),
        ("a.xlsx", b"not a workbook", "cannot be read"),
        ("a.xlsx", b"PK\x03\x04broken", "cannot be read"),
        ("a.csv", b"record,confirmed,confirmed\nr1,yes,no\n", "no single column 'confirmed'"),
        ("a.txt", b"", "ends in '.txt'"),
    ],
)
def test_a_file_that_is_no_worksheet_is_refused(plan, tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read_worksheet(plan, path)


def test_rows_left_empty_are_counted(plan, tmp_path):
    def half(sheet):
        sheet.loc[:9, "confirmed"] = ""

    found = audit(plan, read_worksheet(plan, filled(plan, tmp_path, ".csv", half)))
    assert found.notes[0].values["records"] == 10


def test_text_that_would_run_as_a_formula_is_written_as_text(tmp_path):
    frame = pd.DataFrame(
        {"record": ["=1+1", "b", "c"], "date": FIRST, "actor": "a", "action": "v", "quantity": 1}
    )
    plan = audit_sample(Executions(frame, record="record"), period=PERIOD)
    path = write_worksheet(plan, tmp_path / "sheet.csv")
    assert "'=1+1" in path.read_text("utf-8-sig")
    assert read_worksheet(plan, path).empty


def test_bad_input(plan):
    with pytest.raises(BadInput, match="not drawn"):
        audit(plan, pd.DataFrame({"record": ["x"], "confirmed": [True]}))
    with pytest.raises(BadInput, match="no record column"):
        audit_sample(
            Executions(pd.DataFrame({"date": [FIRST], "actor": "a", "action": "v", "quantity": 1})),
            period=PERIOD,
        )


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda t: ("record,confirmed\n" + t).encode()),
    )
)
def test_whatever_a_file_holds_it_is_read_or_refused(plan, tmp_path, content):
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with contextlib.suppress(BadInput):
        read_worksheet(plan, path)


@pytest.mark.parametrize("no", ["no", "N", "False", "0", "否", 0, 0.0, False])
def test_no_means_no_however_it_is_written(plan, no):
    results = plan.table[["record"]].assign(
        confirmed=pd.Series([no] * len(plan.table), dtype=object)
    )
    assert audit(plan, results).table["faults"].sum() == len(plan.table)


def test_a_result_left_empty_was_not_checked_and_maybe_is_refused(plan):
    answers = pd.Series(["yes"] * (len(plan.table) - 1) + [None], dtype=object)
    found = audit(plan, plan.table[["record"]].assign(confirmed=answers))
    assert found.notes[0].values["records"] == 1
    assert found.rate.value == 0
    with pytest.raises(BadInput, match="neither yes nor no"):
        audit(plan, plan.table[["record"]].assign(confirmed=answers.fillna("maybe")))
    with pytest.raises(BadInput, match=r"level is 1\.5"):
        audit(plan, plan.table[["record"]].assign(confirmed=True), level=1.5)


def test_records_of_nobody_and_weights_that_cannot_be():
    rows = [(k, FIRST, "a" if k % 2 else None, "visit", 1 + k % 7) for k in range(100)]
    log = Executions(
        pd.DataFrame(rows, columns=["record", "date", "actor", "action", "quantity"]),
        record="record",
    )
    assert set(audit_sample(log, period=PERIOD).strata["stratum"]) == {"a", "(missing)"}
    heavy = audit_sample(log, period=PERIOD, tolerable=0.2, weights={"a": 4}).strata.set_index(
        "stratum"
    )["sampled"]
    assert heavy["a"] > heavy["(missing)"]
    for weight, wrong in ((None, "no value for 'a'"), (-1, "below zero"), ("4", "is no number")):
        with pytest.raises(BadInput, match=wrong):
            audit_sample(log, period=PERIOD, weights={"a": weight})


def test_an_action_without_a_name_is_called_missing(plan):
    frame = plan.table.rename(columns={"day": "date", "stratum": "actor"}).assign(action=None)
    drawn = audit_sample(
        Executions(frame.astype({"action": "string"}), record="record"), period=PERIOD
    )
    assert set(drawn.table["action"]) == {"(missing)"}
