"""Writing a trade's world: tables, case.yml, truth.json, and the next review if there is one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
import yaml

from kpilab.samples.trades import activity, checkout, equipment, growth, landing, retail
from kpilab.samples.trades.made import Made

TRADES: Mapping[str, Callable[[np.random.Generator, float, float], Made]] = {
    "retail": retail.world,
    "equipment": equipment.world,
    "activity": activity.world,
    "checkout": checkout.world,
    "growth": growth.world,
    "landing": landing.world,
}
LATER = "next"


def write(name: str, folder: Path, *, seed: int, size: float, effect: float) -> Path:
    """Write the world of a trade; the same seed gives the same world."""
    made = TRADES[name](np.random.default_rng([seed, sum(name.encode())]), size, effect)
    _written(made, folder, name)
    if made.later is not None:
        # The same folder name: it is the same case, and its actions are found again.
        _written(made.later, folder / LATER / folder.name, name)
    return folder


def _written(made: Made, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file, table in made.tables.items():
        table.to_parquet(folder / f"{file}.parquet", index=False, compression="zstd")
    text = yaml.safe_dump(dict(made.document), sort_keys=False, allow_unicode=True, width=100)
    (folder / "case.yml").write_text(text, "utf-8")
    truth = {"case": name, "causes": list(made.causes)}
    (folder / "truth.json").write_text(
        json.dumps(truth, indent=1, ensure_ascii=False) + "\n", "utf-8"
    )


def sample_or(case: str, name: str) -> Path:
    """The folder of the user's own case, or of a fresh sample world when `case` is empty."""
    if case:
        return Path(case)
    return write(name, Path(mkdtemp()) / name, seed=0, size=1.0, effect=1.0)


def truth_of(folder: str | Path) -> pd.DataFrame:
    """What truth.json says was planted, one row per cause; no rows for a case that has none."""
    columns = ["kind", "subject", "where", "actors", "effect_pct", "why"]
    file = Path(folder) / "truth.json"
    causes = json.loads(file.read_text("utf-8"))["causes"] if file.exists() else []
    return pd.DataFrame(causes, columns=columns)
