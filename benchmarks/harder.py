"""Sample worlds made harder: is the verdict as good on what real tables are like?

Small traffic; Chinese columns, values and events; cells that are empty, spelt otherwise or entered
twice; a cause that comes on over three weeks; two years of a season before it; three causes.

python benchmarks/harder.py --worlds 9 --seed 11
python benchmarks/harder.py --worlds 9 --seed 11 --only dirty
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import yaml
from verdict import run_case, show

from kpilab.samples import funnel
from kpilab.samples.write import write

KINDS = (
    "driver_decline", "local_regression", "untracked_leak", "mix_shift", "wrong_kpi", "data_loss",
    "fabricated_execution", "external_decline", "nothing",
)  # fmt: skip
RATES = KINDS[:3]
THREE = (
    "local_regression+external_decline+fabricated_execution",
    "untracked_leak+definition_mismatch+fabricated_execution",
    "wrong_kpi+driver_decline+fabricated_execution",
    "local_regression+data_loss+external_decline",
    "mix_shift+fabricated_execution+definition_mismatch",
)
COMES_ON, BLOCK, BLOCKS, SWING, YEAR = 21, 28, 26, 0.3, 365.25
Tables = dict[str, pd.DataFrame]
Case = dict


def chinese(tables: Tables, case: Case, truth: dict) -> None:
    """Names of columns, values and events in Chinese."""
    dims = case["tables"]["events"]["dimensions"]
    columns = {name: f"维度{'甲乙丙丁戊己庚辛'[k]}" for k, name in enumerate(dims)}
    steps = sorted(tables["events"]["event"].unique())
    events = {name: f"事件{'一二三四五六七八九'[k]}" for k, name in enumerate(steps)}
    values = {
        name: {v: f"值{columns[name][-1]}{k}号" for k, v in enumerate(sorted(seen))}
        for name in dims
        for seen in [set(tables["events"][name]) | set(_actors(tables, case, name))]
    }
    for name in ("events", "facts"):
        rows = tables[name].copy()
        for dim in values.keys() & set(rows.columns):
            rows[dim] = rows[dim].map(values[dim])
        tables[name] = rows.rename(columns=columns)
    tables["events"]["event"] = tables["events"]["event"].map(events)
    tables["execution"]["actor"] = tables["execution"]["actor"].map(values[dims[-1]])
    for change in case["changes"]:
        for dim, value, new in ((d, v, n) for d in dims for v, n in values[d].items()):
            old = rf"\b{dim}={re.escape(value)}(?!\w)"
            change["text"] = re.sub(old, f"{columns[dim]}={new}", change["text"])
    case.update(_renamed(case, columns, events), language="zh")
    for cause in truth["causes"]:
        cause["where"] = {columns[d]: values[d][v] for d, v in cause["where"].items()}
        cause["actors"] = [values[dims[-1]].get(a, a) for a in cause["actors"]]


def _actors(tables: Tables, case: Case, name: str) -> pd.Series:
    """Those who enter records, where the column is theirs."""
    own = case["tables"]["events"]["dimensions"][-1] == name
    return tables["execution"]["actor"] if own else pd.Series(dtype=str)


def _renamed(node: object, columns: Mapping[str, str], events: Mapping[str, str], key: str = ""):
    """Case.yml with other names: dimensions, steps, and events in quotes."""
    if isinstance(node, dict):
        return {k: _renamed(v, columns, events, k) for k, v in node.items()}
    if isinstance(node, list):
        return [_renamed(v, columns, events, key) for v in node]
    if not isinstance(node, str):
        return node
    if key in ("dimensions", "steps"):
        return (columns if key == "dimensions" else events).get(node, node)
    return re.sub(r"'(\w+)'", lambda m: f"'{events.get(m[1], m[1])}'", node)


def dirty(tables: Tables, case: Case, _truth: dict) -> None:
    """One cell in a hundred is empty, as many are in capitals, some begin with a blank; four rows
    in a thousand are there twice; users, amounts and times are missing or absurd."""
    rng = np.random.default_rng(len(tables["events"]))
    for name in ("events", "facts"):
        rows = tables[name].copy()
        for dim in case["tables"]["daily"]["dimensions"]:
            text, u = rows[dim].astype("string"), rng.random(len(rows))
            text = text.mask((u > 0.01) & (u < 0.02), text.str.upper())
            rows[dim] = text.mask((u > 0.02) & (u < 0.025), " " + text).mask(u < 0.01)
        tables[name] = rows
    log = tables["events"]
    log = pd.concat([log, log.sample(frac=0.004, random_state=1)]).sample(frac=1, random_state=2)
    log = log.reset_index(drop=True)
    log["amount"] = log["amount"].mask(rng.random(len(log)) < 0.005)
    log["user_id"] = log["user_id"].mask(rng.random(len(log)) < 0.0005)
    log.loc[rng.choice(len(log), 5, replace=False), "ts"] = pd.Timestamp("1970-01-01")
    tables["events"] = log


def season(tables: Tables, case: Case, _truth: dict) -> None:
    """Two years of history that rise and fall by the year, and so do the periods compared."""
    log, first = tables["events"], pd.Timestamp(case["periods"]["baseline"][0])
    rng, number = np.random.default_rng(len(log)), int(log["session_id"].max()) + 1
    base = log[log["ts"] < first + pd.Timedelta(days=BLOCK)]
    former = [
        base.assign(
            ts=base["ts"] - pd.Timedelta(days=BLOCK * k),
            session_id=base["session_id"] + number * k,
            user_id=base["user_id"] + f"b{k // 3}",
        )
        for k in range(1, BLOCKS + 1)
    ]
    log = pd.concat([log, *former]).sort_values("ts")
    chance = pd.Series(rng.random(log["session_id"].nunique()), index=log["session_id"].unique())
    began = log.groupby("session_id")["ts"].transform("min")
    log = log[log["session_id"].map(chance).to_numpy() < _busy(began, first)]
    market = tables["benchmark"]
    weeks = _busy(pd.to_datetime(market["week"]) + pd.Timedelta(days=3), first)
    tables["benchmark"] = market.assign(value=market["value"] * weeks)
    tables["facts"] = _facts(log, case, tables["facts"])
    tables["events"] = log.assign(event_id=np.arange(len(log)))


def _busy(time: pd.Series, first: pd.Timestamp) -> np.ndarray:
    """Traffic of the season, 1 at its height; it falls from the baseline on."""
    days = (time - first).dt.days.to_numpy() + 80
    return (1 + SWING * np.sin(2 * np.pi * days / YEAR)) / (1 + SWING)


def _facts(log: pd.DataFrame, case: Case, like: pd.DataFrame) -> pd.DataFrame:
    """The daily table of a log."""
    dims = case["tables"]["daily"]["dimensions"]
    counts = {c: log["event"] == c[2:] for c in like.columns if c.startswith("n_")}
    paid = log["amount"].fillna(0.0)
    last = log["event"] == case["funnels"]["main"]["steps"][-1]
    rows = log.assign(
        **counts, date=log["ts"].dt.normalize(), ledger_goal=paid.where(paid > 0, last)
    )
    if not paid.any():
        rows["ledger_goal"] = last.astype(float)
    found = rows.groupby(["date", *dims])[[*counts, "ledger_goal"]].sum().reset_index()
    return found.assign(date=found["date"].astype(like["date"].dtype))[like.columns]


def comes_on(plan, plain, rows, rates) -> np.ndarray:
    """Chances under levers that take three weeks to come on."""
    chance = plain.copy()
    for rate in rates:
        part = np.clip((rows["day"].to_numpy() - rate.start + 1) / COMES_ON, 0, 1)
        part = np.where(funnel.inside(rows, rate), part if rate.start else 1.0, 0.0)
        chance[:, rate.step - 1] *= 1 + (rate.factor - 1) * part
    return np.clip(chance, 0.0, 0.985)


Spoil = Callable[[Tables, Case, dict], None]
TRAITS: Mapping[str, tuple[tuple[str, ...], Spoil | None]] = {
    "small": (KINDS, None), "chinese": (KINDS, chinese), "dirty": (KINDS, dirty),
    "slow start": (RATES, None), "three causes": (THREE, None),
    "season": ((*RATES, "mix_shift", "nothing", "winning_experiment"), season),
}  # fmt: skip


def made(trait: str, kind: str, folder: Path, seed: int) -> Path:
    """A world of a kind with one trait; for a season one whose goal adds up."""
    spoil = TRAITS[trait][1]
    slow = comes_on if trait == "slow start" else funnel.levered
    with patch.object(funnel, "levered", slow), patch("kpilab.samples.world.levered", slow):
        write(kind, folder, seed=seed, size=0.3 if trait == "small" else 1.0)
    case = yaml.safe_load((folder / "case.yml").read_text("utf-8"))
    if trait == "season" and "distinct" in case["metrics"][case["goal"]["metric"]]["measure"]:
        return made(trait, kind, folder, seed + 1_000_000)
    if spoil is not None:
        tables = {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}
        truth = json.loads((folder / "truth.json").read_text("utf-8"))
        spoil(tables, case, truth)
        for name, rows in tables.items():
            rows.to_parquet(folder / f"{name}.parquet", index=False)
        text = yaml.safe_dump(case, allow_unicode=True, sort_keys=False)
        (folder / "case.yml").write_text(text, "utf-8")
        (folder / "truth.json").write_text(json.dumps(truth, ensure_ascii=False), "utf-8")
    return folder


def reviewed(trait: str, worlds: int, seed: int) -> Iterator[dict]:
    """Reviews of worlds with one trait, the kinds going round."""
    kinds = TRAITS[trait][0]
    for k in range(worlds):
        with tempfile.TemporaryDirectory() as folder:
            case = made(trait, kinds[k % len(kinds)], Path(folder) / "world", 1000 * seed + k)
            yield run_case(case, case / "truth.json", group=trait)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=9, help="worlds of each trait")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=TRAITS, default=list(TRAITS))
    asked = parser.parse_args()
    show([row for trait in asked.only for row in reviewed(trait, asked.worlds, asked.seed)])


if __name__ == "__main__":
    main()
