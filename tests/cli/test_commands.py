"""The command line: exit codes, words on the right stream,
nothing written when nothing was found."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from kpilab import __version__
from kpilab.cli import app
from tests.case.conftest import CASE, events

HEAVY = (
    "pandas",
    "numpy",
    "ibis",
    "duckdb",
    "altair",
    "scipy",
    "statsmodels",
    "numba",
    "pydantic",
    "sqlglot",
    "rich",
)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "case.yml").write_text(CASE, "utf-8")
    events().to_csv(folder / "events.csv", index=False)
    return folder


def spoil(case, old, new):
    text = (case / "case.yml").read_text("utf-8")
    assert old in text
    (case / "case.yml").write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    "what", ["", "from kpilab.cli import main; sys.argv = ['kpilab', '--help']; main()"]
)
def test_nothing_heavy_is_loaded_before_it_is_needed(what):
    code = (
        "import sys, atexit, kpilab; atexit.register(lambda: print('LOADED', "
        f"*sys.modules)); {what}"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(answer.stdout.split("LOADED")[1].split())
    assert loaded & set(HEAVY) == set()


def test_it_says_its_version():
    assert run("--version").stdout.strip() == f"kpilab {__version__}"


def test_it_runs_as_a_module():
    answer = subprocess.run(
        [sys.executable, "-m", "kpilab", "--version"], capture_output=True, text=True, timeout=60
    )
    assert answer.stdout.strip() == f"kpilab {__version__}"


@pytest.mark.parametrize("command", ["init", "check", "review", "sample", "lab"])
def test_every_command_explains_itself(command):
    answer = run(command, "--help")
    assert answer.exit_code == 0
    assert command in answer.stdout


def test_a_clean_case_is_in_order(case):
    answer = run("check", case)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert "1 tables, 4 metrics" in answer.stdout


def test_a_review_writes_its_files_and_says_where(case, tmp_path):
    out = tmp_path / "out"
    answer = run("review", case, "--out", out)
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert str(out / "review.html") in answer.stdout
    assert {p.name for p in out.iterdir()} == {
        "review.json",
        "review.html",
        "review.md",
        "review.xlsx",
    }
    assert json.loads((out / "review.json").read_text("utf-8"))["goal"]["metric"] == "revenue"


@pytest.mark.slow
def test_a_review_speaks_chinese_and_takes_other_periods(case, tmp_path):
    days = ["--current", "2026-01-14..2026-01-18", "--baseline", "previous"]
    answer = run("review", case, "--out", tmp_path / "out", "--lang", "zh", *days)
    assert answer.exit_code == 0
    assert any("\u4e00" <= sign <= "\u9fff" for sign in answer.stdout)
    periods = json.loads((tmp_path / "out" / "review.json").read_text("utf-8"))["periods"]
    assert periods["current"] == ["2026-01-14", "2026-01-18"]


SPOILT = [
    ("source: events.csv", "source: nowhere.csv", "tables.events.source"),
    ("user: user", "user: usr", "tables.events.user"),
    ("title: small", "title: small\ntitel: small", "key titel"),
    ("2026-01-05, 2026-01-11", "2026-01-05, 2026-02-31", "periods.baseline"),
    ("2026-01-05, 2026-01-11", "2020-01-05, 2020-01-11", "periods.baseline"),
    ("visits * pay_rate * basket", "visits * revenue", "goal.formula"),
    ("measure: sum(amount)", 'measure: "1; drop table x"', "metrics.revenue.measure"),
    ("measure: sum(amount)", "measure: max(read_text('/etc/passwd'))", "metrics.revenue.measure"),
    ("measure: sum(amount)", "measure: max(getenv('HOME'))", "metrics.revenue.measure"),
]


@pytest.mark.parametrize(("old", "new", "key"), SPOILT, ids=[s[1][:30] for s in SPOILT])
def test_bad_input_is_one_screen_and_writes_nothing(case, tmp_path, old, new, key):
    spoil(case, old, new)
    out = tmp_path / "out"
    out.mkdir()
    (out / "review.json").write_text("kept", "utf-8")
    for command, code in ((["review", case, "--out", out], 2), (["check", case], 1)):
        answer = run(*command)
        assert answer.exit_code == code
        assert "case.yml" in answer.stderr
        assert key in answer.stderr
        assert "hint:" in answer.stderr
        assert "Traceback" not in answer.stderr
        assert len(answer.stderr.splitlines()) <= 24
    assert [(p.name, p.read_text("utf-8")) for p in out.iterdir()] == [("review.json", "kept")]


def test_an_empty_table_is_named(case, tmp_path):
    (case / "events.csv").write_text("at,user,event,city,amount\n", "utf-8")
    answer = run("review", case, "--out", tmp_path / "out")
    assert answer.exit_code == 2
    assert "empty" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_many_problems_still_fit_one_screen(case):
    spoil(case, "dashboard: [revenue, visits]", f"dashboard: {[f'no{k}' for k in range(30)]}")
    short, long = run("check", case), run("check", case, "--verbose")
    assert len(short.stderr.splitlines()) <= 24
    assert "23 more" in short.stderr
    assert long.stderr.count("hint:") == 30


def test_a_folder_of_tables_becomes_a_case_that_is_in_order(case):
    (case / "case.yml").unlink()
    assert run("init", case).exit_code == 0
    assert run("check", case).exit_code == 0
    before = (case / "case.yml").read_text("utf-8")
    again = run("init", case)
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert (case / "case.yml").read_text("utf-8") == before
    assert run("init", case, "--force").exit_code == 0


def test_a_sample_is_a_case(tmp_path):
    assert "shop" in run("sample", "list").stdout.split()
    answer = run("sample", "shpo", tmp_path / "s")
    assert answer.exit_code == 2
    assert "shop" in answer.stderr
    assert run("sample", "shop").exit_code == 2


def test_ctrl_c_ends_quietly(case, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("kpilab.case.read.open_case", stop)
    answer = run("review", case, "--out", tmp_path / "out")
    assert (answer.exit_code, answer.stderr) == (130, "stopped\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_a_terminal_shows_the_step():
    master, slave = os.openpty()
    code = (
        "from kpilab.cli.progress import progress\nwith progress('en') as tell: "
        "tell('root_cause', 1, 7)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        stderr=slave,
        check=True,
        timeout=60,
        env=os.environ | {"TERM": "xterm"},
    )
    os.close(slave)
    assert b"root cause" in os.read(master, 10_000)
    os.close(master)


@pytest.mark.slow
def test_verbose_says_how_long_each_step_took(case, tmp_path):
    answer = run("review", case, "--out", tmp_path / "out", "--verbose")
    assert answer.exit_code == 0
    lines = answer.stderr.splitlines()
    assert all(float(line.split()[0]) >= 0 for line in lines)
    assert [line.split("  ")[-1].split(":")[0] for line in lines] == [
        "loading", "reading the data", "goal", "relation", "root cause", "external", "execution",
        "weighing the causes", "writing the report",
    ]  # fmt: skip


def test_notebooks_are_copied_from_an_installed_package_once(tmp_path):
    from kpilab.errors import BadInput
    from kpilab.workbench.lab import notebooks

    package = tmp_path / "site" / "kpilab"
    (package / "_bundle" / "notebooks").mkdir(parents=True)
    (package / "_bundle" / "notebooks" / "a.ipynb").write_text("new", "utf-8")
    place = notebooks(tmp_path / "lab", package)
    assert (place / "a.ipynb").read_text("utf-8") == "new"
    (place / "a.ipynb").write_text("mine", "utf-8")
    assert (notebooks(tmp_path / "lab", package) / "a.ipynb").read_text("utf-8") == "mine"
    with pytest.raises(BadInput, match="no notebooks"):
        notebooks(tmp_path / "lab", tmp_path)


@pytest.mark.parametrize(("lang", "said"), [("en", "without an owner"), ("zh", "无人负责")])
def test_metrics_lists_definitions_sources_and_smart(case, lang, said):
    (case / "case.yml").write_text(CASE + "\nkpis:\n  - {metric: visits, target: 100}\n", "utf-8")
    result = run("metrics", case, "--lang", lang)
    assert result.exit_code == 0
    assert said in result.stdout
    assert "sum(amount)" in result.stdout
    assert "SMART" in result.stdout


@pytest.mark.parametrize("command", ["lab", "app"])
def test_a_folder_for_copies_is_no_case_any_more_and_the_command_says_so(command, tmp_path):
    answer = run(command, tmp_path / "kpilab-lab")
    assert answer.exit_code == 2
    assert "no case at" in answer.stderr
    assert "--to" in answer.stderr


@pytest.mark.parametrize("command", ["lab", "app"])
def test_a_folder_of_tables_opens_the_page_that_makes_a_case(command, tmp_path, monkeypatch):
    opened = []
    for started in ("start", "serve"):
        monkeypatch.setattr(
            f"kpilab.workbench.lab.{started}", lambda *a, **k: opened.append(a) or 0
        )
    notebooks = [f"--to={tmp_path / 'mine'}"] if command == "lab" else []
    assert run(command, tmp_path, "--lang", "zh", "--no-browser", *notebooks).exit_code == 0
    assert [tmp_path in told and "zh" in told for told in opened] == [True]


def test_notebooks_are_copied_once_without_their_text_twins(tmp_path):
    from kpilab.workbench.lab import HOME, notebooks

    place = notebooks(tmp_path / "mine")
    assert (place / HOME).is_file()
    assert not list(place.glob("*.py"))
    (place / HOME).write_text("mine", "utf-8")
    assert (notebooks(place) / HOME).read_text("utf-8") == "mine"
