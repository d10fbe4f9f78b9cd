"""Does hostile input crash anything, or open a file, a socket or a program? Feeds made-up input to
what reads text.

Inputs are written by small grammars and by spoiling valid ones. An audit hook counts what Python
opens, imports, compiles, connects or starts while an input is read: nothing but the input's own
file is allowed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from kpilab.analysis.execution.audit import SamplePlan
from kpilab.analysis.execution.worksheet import read_worksheet, write_worksheet
from kpilab.case.check import read_spec
from kpilab.case.document import parse_document, read_document
from kpilab.case.read import periods_asked
from kpilab.case.spec import CaseSpec
from kpilab.core.tree import MetricTree
from kpilab.core.values import duration
from kpilab.engine.connect import connect
from kpilab.engine.expression import (
    ALLOWED,
    columns,
    is_predicate,
    parse_measure,
    parse_predicate,
    sql,
)
from kpilab.engine.query import queried
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput, KpilabError

WATCHED = (
    "open", "exec", "compile", "import", "os.", "socket.", "subprocess.", "shutil.", "urllib.",
    "ctypes.", "pty.",
    "http.", "ftplib.", "sqlite3.", "tempfile.", "glob.", "webbrowser.", "winreg.", "marshal.",
    "pickle.",
)  # fmt: skip

CASE = """\
kpilab: 1
title: shop
language: en
timezone: Asia/Shanghai
periods: {baseline: [2026-01-05, 2026-01-11], current: [2026-01-12, 2026-01-18]}
engine_options: {threads: 2}
tables:
  events: {kind: events, source: events.csv, time: at, user: user, event: event, dimensions: [city]}
  work: {kind: executions, source: work.csv, time: day, actor: who, action: what, quantity: n}
  groups: {kind: assignments, source: groups.csv, time: at, unit: user, experiment: test,
      variant: arm}
  people: {kind: entities, source: people.csv, key: who, time: since, dimensions: [region],
      valid: {from: since, until: gone}, encoding: gb18030, decimal: ",",
      format: {since: "%d.%m.%Y"}}
  book: {kind: facts, source: book.xlsx, sheet: "2026-*", header: 2, time: month,
      links: {who: people}, columns: {net: v - people.cost}, dimensions: [people.region],
      unpivot: {columns: "2026-*", name: month, value: v}}
  arms: {kind: facts, source: arms.csv, time: day, expand: {count: users, outcomes: [bought],
      unit: one}}
  asked: {kind: facts, query: "select day, n from orders join people using (who)", time: day}
customer: {table: people, amount: booked}
metrics:
  booked: {table: book, measure: sum(net)}
  left: {formula: booked - revenue, cumulative: true}
  revenue: {table: events, measure: sum(amount), label: {en: Revenue, zh: 收入}}
  visits: {table: events, measure: count(*) filter (where event = 'visit'), per: day}
  pay_rate:
    table: events
    numerator: count(*) filter (where event = 'pay')
    denominator: count(*) filter (where event = 'visit')
goal: {metric: revenue, formula: visits * pay_rate, target: 100}
tree: {visits: pay_rate + 1}
kpis: [{metric: visits, owner: ann, target: 5, since: 2026-01-01}]
dashboard: [revenue]
funnels: {main: {table: events, steps: [visit, "event = 'pay'"], within: 1d 30m}}
definitions: [{metric: visits, reporter: sales, from: 2026-01-01, measure: count(*), table: events}]
changes: [{date: 2026-01-12, text: release}]
experiments: {t1: {assignments: groups, outcome: event = 'pay', control: A, split: {A: 0.5,
    B: 0.5}, start: 2026-01-05}}
privacy: {min_group: 10, pseudonymise: [user]}
alarms: {a: {metric: visits, below: 0.9}}
"""

YAML_PIECES = (
    "a: ", "- ", "? ", ": ", "[", "]", "{", "}", ", ", "\n", "\n  ", "\n    ", "&a ", "*a", "*b",
    "&b [*a, *a]",
    "<<: ", "<<: *a", ("!!python/object/apply:os.system "
                      "[x]"), "!!timestamp x", "!!int x", "!!binary x", "!!bool x",
    "!x ", "%YAML 9.9\n", "---\n", "...\n", "|\n", ">+9\n", '"', "'", "\\x", "#", "=", "~", "null",
    ".nan", ".inf",
    "-.inf", "1e999", "0x_", "0b_", "0o8", "1:" * 20, "9" * 50, "2026-13-45", "2026-01-05", "\t",
    "\0", "\u2028",
    "\ufeff", "\U0001f600", "收入", "x" * 200, "kpilab: 1\n", "[" * 40, "{a: " * 40, "true", "-1",
        "0.5", "metrics",
    "tables", "goal", "@", "`", "\x85", "\ud800",
)  # fmt: skip
FORMULA_PIECES = (
    "visits", "pay_rate", "basket", "a", "收入", "_", "+", "-", "*", "/", "(", ")", "0", "1", ".5",
    "1e308", "1e-308",
    "1e999", "1.2.3", "**", "//", "%", "^", "=", ";", ",", "[", "]", "{", "}", '"', "'", "\\",
    "__import__('os')",
    "lambda", "eval(a)", "a.b", "a(b)", "\0", "\n", "\t", "\u2028", "²", "٣", "e5", "1e", "1_000",
    "0x1F", "((((",
    "))))", "----", "é", "\U0001f600", "goal",
)  # fmt: skip
SQL_PIECES = (
    "sum", "count", "avg", "min", "max", "median", "quantile_cont", "(", ")", "(", ")", "a", "b",
    "*", "event",
    "'pay'", "1", "0.5", ",", "+", "-", "/", "%", "=", "<", ">", "<>", "and", "or", "not", "in",
    "between", "like",
    "is", "null", "filter", "where", "case", "when", "then", "else", "end", "cast", "as", "double",
    "distinct",
    "coalesce", "nullif", "date_trunc", "interval", "extract", "from", "select", "union", "join",
    "t", ".", ";",
    "--", "/*", "*/", "::", "[", "]", "{", "}", '"', "'", "$$", "$1", "?", ":x", "@", "#", "\\",
    "`", "||", "->",
    "read_text('/etc/passwd')", "read_csv", "getenv('HOME')", "copy", "attach", "install", "load",
    "pragma", "set",
    "call", "over", "lateral", "unnest", "exists", "with", "values", "order by", "group by",
    "limit", "glob('*')",
    "try_cast", "struct_pack", "list", "map", "lambda", "x ->", "\0", "\n", "收入", "\U0001f600",
    "e'\\x00'", "x'00'",
    "0x1F", "1e999", "9" * 40, "(((((((", "case when", "current_date",
)  # fmt: skip
QUERIES = (
    "select day, who, sum(n) as n from orders group by day, who order by 1 limit 5",
    "with big as (select * from orders where n > 1) select b.day, b.n from big as b "
    "join people as p using (who)",
    "select who from orders union all select who from people",
    "select *, row_number() over (partition by who order by day) as k from orders",
)
QUERY_PIECES = (
    "orders", "people", "with x as (", "select *", "into other", "for update", "'secret.csv'",
    '"secret.csv"', "read_parquet('x')", "duckdb_settings()", "information_schema.tables",
    "; drop table orders", "set threads = 1", "copy orders to 'x.csv'", "export database 'x'",
    "delete from orders returning *", "current_setting('threads')", "recursive", "tablesample 1",
    "pivot", "qualify", "query('select 1')", "summarize", "describe", "range(9999999)", "returning",
)  # fmt: skip
MOST_OF_TWO = 16  # rows that joins of two tables of a row may have
TEXTS = (
    "2026-01-05..2026-01-11", "previous", "year_ago", "..", "0001-01-01..9999-12-31",
    "9999-12-31..9999-12-31",
    "0001-01-01..0001-01-02", "2026-02-30..2026-03-01", "30m", "7d", "1h 30m", "1e5d", "9" * 40+"w",
    "0d", "-1d",
    ".5d", "٣d", "1 000d", "en", "zh", "fr", "2026-W01-1", "20260105..20260111", " ", "\0",
    "../../etc/passwd",
    "x" * 300, "\U0001f600", "None", "2026-01-05T00:00..2026-01-06",
)  # fmt: skip
CELLS = (
    "r1", "r2", "r3", "'r1", "", " ", "yes", "no", "是", "maybe", "=cmd()", "@x", "\0", '"', '""',
    ",", "\n", "\r",
    "\r\n", ";", "record", "confirmed", "x" * 300, "\ufeff", "\U0001f600", "1e999", "nan", "None",
    "\x1a", "\u2028",
)  # fmt: skip


class Guard:
    """Counts what Python opens, imports, compiles, connects or starts while it is armed.

    Threads that ran before the guard was made do other work; every later one is a reader's.

    Attributes:
        own: the only file that may be opened, and for reading alone; None for none.
        seen: what else was, as text -> times.
    """

    def __init__(self) -> None:
        self.armed, self.own, self.seen = False, "", Counter[str]()
        self.others = {t.ident for t in threading.enumerate()} - {threading.get_ident()}
        sys.addaudithook(self._hook)

    def _hook(self, event: str, given: tuple[object, ...]) -> None:
        if not self.armed or threading.get_ident() in self.others or not event.startswith(WATCHED):
            return
        if (
            event == "open"
            and self.own
            and str(given[0]) == self.own
            and given[1] in ("r", "rb", None)
        ):
            return
        self.armed = False
        self.seen[f"{event} {given[0] if given else ''!r}"[:120]] += 1
        self.armed = True

    def run(self, read: Callable[[object], None], given: object) -> str:
        """Read one input under guard: "accepted", "refused", or what crashed."""
        self.armed = True
        try:
            read(given)
        except KpilabError as error:
            self.armed = False
            told = error.problems if isinstance(error, BadInput) else ()
            return (
                "refused"
                if all(p.what and p.where and p.hint for p in told)
                else "an error without words"
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, it is counted
            self.armed = False
            return f"{type(error).__name__}: {str(error)[:30]}"
        finally:
            self.armed = False
        return "accepted"


@dataclass(frozen=True, slots=True)
class Part:
    """One reader of text: its share of all inputs, what writes an input, what reads it,
    the file it may open."""

    share: float
    write: Callable[[random.Random], object]
    read: Callable[[object], None]
    own: str = ""


@dataclass(slots=True)
class Found:
    """What became of the inputs of one part."""

    told: Counter[str] = field(default_factory=Counter)
    examples: dict[str, object] = field(default_factory=dict)
    slowest: float = 0.0
    seconds: float = 0.0

    @property
    def crashes(self) -> int:
        return sum(n for said, n in self.told.items() if said not in ("accepted", "refused"))


def pieces(rng: random.Random, alphabet: tuple[str, ...], glue: str = "", most: int = 30) -> str:
    return glue.join(rng.choices(alphabet, k=1 + int(most * rng.random() ** 2)))


def spoilt(rng: random.Random, text: str, alphabet: tuple[str, ...]) -> str:
    """A valid text with one to four places deleted, doubled, moved or written over."""
    for _ in range(rng.randint(1, 4)):
        at, to = sorted(rng.randrange(len(text) + 1) for _ in "12")
        to = min(to, at + rng.choice((0, 1, 3, 30)))
        way = rng.random()
        put = rng.choice(alphabet) if way < 0.6 else text[at:to] * 2 if way < 0.8 else ""
        text = text[:at] + put + text[to:]
    return text


def a_case(rng: random.Random) -> str:
    """YAML: pieces, a bomb, or a valid case with characters, lines or values spoilt."""
    way = rng.random()
    if way < 0.4:
        return pieces(rng, YAML_PIECES, most=40)
    if way < 0.45:
        return bomb(rng)
    if way < 0.6:
        return spoilt(rng, CASE, YAML_PIECES)
    lines = CASE.splitlines()
    kept = [line for line in lines if rng.random() < 0.97]
    at = rng.randrange(len(kept))
    key, colon, value = kept[at].partition(": ")
    spoil = rng.random() < 0.5
    value = spoilt(rng, value, YAML_PIECES) if spoil else pieces(rng, YAML_PIECES, most=3)
    kept[at] = f"{key}{colon}{value}"
    return "\n".join(kept)


def bomb(rng: random.Random) -> str:
    """A short text that grows: aliases of aliases, merges of merges, depth, circles,
    long numbers."""
    wide, deep = rng.randint(2, 12), rng.randint(2, 40)
    shape = rng.choice(("[{}]", "{{<<: [{}], k{}: 1}}", "{{k: [{}]}}"))
    first = "a0: &a0 {x: 1}\n" if "<<" in shape else "a0: &a0 [x, x]\n"
    laughs = first + "".join(
        f"a{k}: &a{k} {shape.format(', '.join([f'*a{k - 1}'] * wide), k)}\n" for k in range(1, deep)
    )
    circle = "a: &a [*a]\n" if rng.random() < 0.5 else "a: &a {<<: *a}\n"
    others = (circle, "alarms: " + "[" * 50 * deep, "a: " + "1:" * 300 * deep + "1",
        "a: 0x" + "f" * 300 * deep,
              "- " * 100 * deep, "? " * 50 * deep, "alarms: {a: 0x" + "f" * 5000 + "}")  # fmt: skip
    return (CASE if rng.random() < 0.3 else "") + (
        laughs if rng.random() < 0.6 else rng.choice(others)
    )


def read_case(text: object) -> None:
    read_spec(parse_document(str(text), "case.yml"))


def a_file(place: Path) -> tuple[Callable[[random.Random], object], Callable[[object], None]]:
    """The same texts as bytes of a file, with bytes spoilt."""
    path = place / "case.yml"

    def write(rng: random.Random) -> bytes:
        raw = bytearray(a_case(rng).encode("utf-8", "surrogatepass"))
        for _ in range(rng.choice((0, 0, 1, 3))):
            raw.insert(rng.randrange(len(raw) + 1), rng.randrange(256))
        path.write_bytes(raw)
        return bytes(raw)

    def read(_: object) -> None:
        read_spec(read_document(path))

    return write, read


def a_formula(rng: random.Random) -> str:
    way = rng.random()
    if way < 0.5:
        return pieces(rng, FORMULA_PIECES)
    if way < 0.55:
        return rng.choice("(-a+*") * rng.randint(1, 3000)
    return spoilt(rng, "visits * (pay_rate - 0.5) / basket + 1e3", FORMULA_PIECES)


def read_formula(text: object) -> None:
    formulas = {"visits": "basket * 2", "pay_rate": str(text)[:40]} if len(str(text)) % 2 else {}
    tree = MetricTree.parse("goal", str(text), formulas)
    tree.evaluate(dict.fromkeys(tree.leaves, 2.0))
    tree.evaluate(dict.fromkeys(tree.leaves, np.array([0.0, 2.0])))


def an_expression(rng: random.Random) -> str:
    way = rng.random()
    if way < 0.6:
        return pieces(rng, SQL_PIECES, " ", 16)
    if way < 0.62:
        return rng.choice(
            ("(", "[", "not ", "- ", "a + ", "case when ", "cast(", "sum(a) + ", "a::int::")
        ) * rng.randint(1, 500)
    good = (
        "sum(amount) filter (where event = 'pay')",
        "count(distinct a) / nullif(count(*), 0)",
        "event = 'pay' and a > 1",
    )
    return spoilt(rng, rng.choice(good), SQL_PIECES)


def read_expression(text: object) -> None:
    """What passes consists of allowed parts only,
    and means the same after it was written and read again."""
    given = cast(str, text)
    is_predicate(given)
    try:
        tree, parse = parse_measure(given, "metric"), parse_measure
    except BadInput:
        tree, parse = parse_predicate(given, "metric"), parse_predicate
    written = sql(tree)
    columns(tree)
    if (
        any(type(node) not in ALLOWED for node in tree.walk())
        or sql(parse(written, "again")) != written
    ):
        raise AssertionError("not what was allowed")


def a_query(rng: random.Random) -> str:
    """A query of a case: pieces, or a valid one with parts spoilt."""
    if rng.random() < 0.4:
        return "select " + pieces(rng, SQL_PIECES + QUERY_PIECES, " ", 12)
    return spoilt(rng, rng.choice(QUERIES), SQL_PIECES + QUERY_PIECES)


def queries() -> Callable[[object], None]:
    """What reads a query: an engine of two tables, which must be as it was afterwards."""
    con = connect()
    for name in ("orders", "people"):
        con.raw_sql(f"CREATE TABLE {name} AS SELECT 1 AS who, 2 AS n, DATE '2026-01-05' AS day")
    held = (
        "SELECT (SELECT list(name || value) FROM duckdb_settings()), (SELECT count(*) FROM orders),"
        " (SELECT count(*) FROM people), (SELECT list(table_name) FROM duckdb_tables())"
    )
    before = con.raw_sql(held).fetchall()

    def read(text: object) -> None:
        found = queried(con, str(text), "query")
        rows = collect_one(found.agg(n=found.count()), "the query")["n"]
        if rows > MOST_OF_TWO or con.raw_sql(held).fetchall() != before:
            raise AssertionError("more than the two tables, or changed")

    return read


def a_parameter(rng: random.Random) -> tuple[str, ...]:
    def text() -> str:
        chosen = rng.choice(TEXTS)
        return spoilt(rng, chosen, TEXTS) if rng.random() < 0.7 else chosen

    return text(), text(), text()


def parameters(spec: CaseSpec) -> Callable[[object], None]:
    """What a notebook, a command or a script passes: periods, a language, a length of time."""

    def read(given: object) -> None:
        current, baseline, length = cast(tuple[str, str, str], given)
        periods_asked(spec, current, baseline or None)
        duration(length)

    return read


def a_sheet(place: Path, plan: SamplePlan, ending: str) -> Part:
    """A work sheet as it comes back from an auditor: spoilt cells, lines, bytes,
    or an archive that is none."""
    path = place / f"sheet.{ending}"
    good = write_worksheet(plan, path).read_bytes()

    def write(rng: random.Random) -> bytes:
        way = rng.random()
        if ending == "csv" and way < 0.3:
            raw = "\n".join(pieces(rng, CELLS, ",", 6) for _ in range(rng.randint(0, 6))).encode(
                "utf-8", "replace"
            )
        elif ending == "csv" and way < 0.8:
            raw = spoilt(rng, good.decode("utf-8"), CELLS).encode("utf-8", "replace")
        elif ending == "xlsx" and way < 0.6:
            raw = repacked(rng, good)
        else:
            raw = bytearray(good)
            for _ in range(rng.randint(1, 6)):
                raw[rng.randrange(len(raw))] = rng.randrange(256)
            raw = bytes(raw[: rng.choice((len(raw), rng.randrange(len(raw))))])
        path.write_bytes(raw)
        return raw

    def read(_: object) -> None:
        read_worksheet(plan, path)

    return Part(0.007 if ending == "csv" else 0.001, write, read, str(path))


def repacked(rng: random.Random, good: bytes) -> bytes:
    """A whole archive with one of its XML files spoilt."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(good)) as old, zipfile.ZipFile(target, "w") as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            text = old.read(name).decode("utf-8", "replace")
            tricks = (
                "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
                "&e;",
                "<",
                ">",
                "&#0;",
                "A1:XFD1048576",
                "-1",
                "x",
            )
            new.writestr(name, spoilt(rng, text, tricks) if name == chosen else text)
    return target.getvalue()


def parts(place: Path) -> dict[str, Part]:
    """Every reader of text, by name."""
    drawn = pd.DataFrame(
        {
            "record": ["r1", "r2", "r3"],
            "stratum": "ann",
            "day": "2026-01-05",
            "action": "visit",
            "quantity": 1.0,
        }
    )
    plan = SamplePlan(drawn, drawn, tolerable=0.1, risk=0.05, allowed=0, seed=1)
    file_write, file_read = a_file(place)
    spec = read_spec(parse_document(CASE, "case.yml"))
    return {
        "case text": Part(0.015, a_case, read_case),
        "case file": Part(0.003, file_write, file_read, str(place / "case.yml")),
        "formula": Part(0.6, a_formula, read_formula),
        "SQL expression": Part(0.05, an_expression, read_expression),
        "query": Part(0.01, a_query, queries()),
        "parameters": Part(0.314, a_parameter, parameters(spec)),
        "work sheet csv": a_sheet(place, plan, "csv"),
        "work sheet xlsx": a_sheet(place, plan, "xlsx"),
    }


def fuzzed(part: Part, count: int, seed: str, guard: Guard) -> Found:
    """So many inputs of one part; the first ones warm up what is loaded on first use."""
    rng, found = random.Random(seed), Found()
    start = time.perf_counter()
    for _ in range(count):
        given = part.write(rng)
        begun = time.perf_counter()
        said = guard.run(part.read, given)
        found.slowest = max(found.slowest, time.perf_counter() - begun)
        found.told[said] += 1
        found.examples.setdefault(said, given)
    found.seconds = time.perf_counter() - start
    return found


def warmed(part: Part, seed: str, count: int = 300) -> None:
    """Modules, code pages and time zones are loaded on first use: before the guard counts."""
    for k in range(count):
        Guard.run(cast(Guard, _Unarmed), part.read, part.write(random.Random(f"{seed} {k}")))


class _Unarmed:
    armed = False


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--inputs", type=int, default=10_000, help="in all; each part has its share"
    )
    parser.add_argument("--part", help="one part alone, with all inputs")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    guard, wrong = Guard(), False
    warnings.simplefilter("ignore")  # a number that overflows is no crash
    with tempfile.TemporaryDirectory() as folder:
        known = parts(Path(folder))
        chosen = {asked.part: known[asked.part]} if asked.part else known
        head = (
            "part",
            "inputs",
            "refused",
            "accepted",
            "crashes",
            "events",
            "per second",
            "slowest ms",
        )
        print(f"{head[0]:16}" + "".join(f"{name:>11}" for name in head[1:]), flush=True)
        for name, part in chosen.items():
            count = asked.inputs if asked.part else max(1, round(asked.inputs * part.share))
            warmed(part, f"{asked.seed} {name}")
            guard.own, guard.seen = part.own, Counter()
            found = fuzzed(part, count, f"{asked.seed} {name}", guard)
            line = (
                count,
                found.told["refused"],
                found.told["accepted"],
                found.crashes,
                sum(guard.seen.values()),
            )
            rest = f"{count / found.seconds:>11,.0f}{1000 * found.slowest:>11,.0f}"
            print(f"{name:16}" + "".join(f"{n:>11,}" for n in line) + rest, flush=True)
            for said, times in found.told.items():
                if said not in ("accepted", "refused"):
                    print(f"  {times} x {said}: {found.examples[said]!r:.300}")
            for said, times in guard.seen.most_common(9):
                print(f"  {times} x {said}")
            wrong |= bool(found.crashes or guard.seen)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
