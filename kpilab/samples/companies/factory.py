"""A maker of parts: weekly output by line, shift and product family, stoppages, absences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import (
    Company,
    Draw,
    Knob,
    Papers,
    Setting,
    book,
    repeated,
    some,
)
from kpilab.samples.companies.lever import Lever, doubled, pulled
from kpilab.samples.companies.span import alike, busy, drifts, grown

PLANTS = ("Brno", "Linz", "Porto", "Gdansk")
MACHINES = ("press", "lathe", "mill", "moulder")
SHIFTS = ("early", "late", "night")
FAMILIES = ("valves", "housings", "gears", "seals", "brackets")
DIMS = ("plant", "machine_type", "shift", "product_family")
ALL = (*DIMS, "line_id")
SCRAP = 0.05


def simulate(setting: Setting, levers: Sequence[Lever]) -> Draw:
    """The factory's tables; the same setting with other levers differs by the levers alone."""
    rng = np.random.default_rng(setting.seed)
    lines, cells = _cells(rng, setting)
    frame = _weeks(rng, setting, cells)
    day = frame["day"].to_numpy()
    planned = np.round(frame["planned"] * pulled(levers, "hours", frame, day), 1)
    stopped = np.clip(frame["stopped"] + 1 - pulled(levers, "stock", frame, day), 0, 0.95)
    run = np.round(planned * (1 - stopped), 1)
    made = run * frame["speed"] * pulled(levers, "speed", frame, day)
    bad = np.clip(frame["scrap"] * pulled(levers, "scrap", frame, day), 0, 0.9)
    frame["planned_hours"], frame["run_hours"] = planned, run
    frame["scrap_units"] = np.round(made * bad).astype(int)
    frame["good_units"] = np.round(made * (1 - bad)).astype(int)
    frame["value"] = np.round(frame["good_units"] * frame["worth"], 2)
    frame["entry_id"] = np.arange(1, len(frame) + 1)
    frame = doubled(frame, levers)
    shown = ["line_id", "shift", "product_family", "planned_hours", "run_hours"]
    output = frame[["entry_id", *shown, "good_units", "scrap_units", "value"]]
    tables = {
        "output": output.assign(week=setting.days.dates(frame["day"].to_numpy())),
        "production_lines": lines[["line_id", "plant", "machine_type"]],
        "stoppages": _stoppages(rng, setting, frame),
        "crew": _crew(rng, setting, lines),
    }
    measured = {
        "good_units": "good_units", "output_value": "value", "run_hours": "run_hours",
        "planned_hours": "planned_hours",
    }  # fmt: skip
    books = {k: book(frame, ALL, frame[v].to_numpy(float)) for k, v in measured.items()}
    made_ = frame["good_units"] + frame["scrap_units"]
    books["made_units"] = book(frame, ALL, made_.to_numpy(float))
    return Draw(tables, books)


def _cells(rng: np.random.Generator, setting: Setting) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Production lines, and what each makes in which shift."""
    plants, families = some(rng, PLANTS, 2, 4), some(rng, FAMILIES, 3, 5)
    weeks = setting.days.days / 7
    wanted = setting.rows / weeks / (3 * len(families))
    n = int(np.clip(round(wanted), len(plants) * 2, 24))
    lines = pd.DataFrame({"line_id": pd.Categorical([f"L{k:02d}" for k in range(n)])})
    lines["plant"] = pd.Categorical([plants[k % len(plants)] for k in range(n)], plants)
    kinds = rng.permutation(np.resize(np.arange(len(MACHINES)), n))
    lines["machine_type"] = pd.Categorical.from_codes(kinds, pd.Index(MACHINES))
    size = rng.lognormal(0, 0.3, n)
    parts = len(families) * len(SHIFTS)
    cells = repeated(lines.assign(size=size), np.repeat(np.arange(n), parts))
    turn = np.tile(np.arange(parts), n)
    cells["shift"] = pd.Categorical.from_codes(turn % 3, pd.Index(SHIFTS))
    cells["product_family"] = pd.Categorical.from_codes(turn // 3, pd.Index(families))
    share = rng.lognormal(0, 0.4, len(families))[turn // 3] * np.array([1, 0.9, 0.6])[turn % 3]
    cells["planned"] = np.round(cells["size"] * share * 12, 1)
    cells["speed"] = rng.lognormal(3.2, 0.25, len(families))[turn // 3] * rng.lognormal(
        0, 0.08, len(cells)
    )
    cells["worth"] = np.round(rng.lognormal(1.2, 0.4, len(families)), 2)[turn // 3]
    return lines, cells


def _weeks(rng: np.random.Generator, setting: Setting, cells: pd.DataFrame) -> pd.DataFrame:
    """Every cell in every week, with scatter that resembles the week before."""
    days = setting.days
    weeks = np.arange(0, days.days, 7)
    level = (busy(rng, days, setting.course) * grown(days, setting.course.growth))[weeks]
    m, n = len(weeks), len(cells)
    frame = repeated(cells, np.tile(np.arange(n), m))
    frame["day"] = np.repeat(weeks, n)

    def noise(near: float, sd: float, dim: str = "") -> np.ndarray:
        codes = cells[dim].cat.codes.to_numpy() if dim else np.arange(n)
        waves = [alike(rng, m, near, sd) for _ in range(codes.max() + 1)]
        return np.stack(waves, axis=1)[:, codes].ravel()

    wander = np.ones(len(frame))
    for dim in ("plant", "product_family"):
        slow = drifts(rng, days, len(cells[dim].cat.categories), setting.course.drift)
        wander *= slow[frame[dim].cat.codes, frame["day"]]
    frame["planned"] *= (
        np.repeat(level, n)
        * wander
        * np.exp(noise(0.4, 0.25) + noise(0.6, 0.12, "line_id") + noise(0.5, 0.04, "plant"))
    )
    frame["speed"] *= np.exp(noise(0.5, 0.08) + noise(0.7, 0.05, "line_id"))
    frame["stopped"] = np.clip(rng.beta(2, 28, len(frame)), 0, 0.8)
    frame["scrap"] = SCRAP * np.exp(noise(0.3, 0.45) + noise(0.6, 0.2, "line_id"))
    return frame


def _stoppages(rng: np.random.Generator, setting: Setting, frame: pd.DataFrame) -> pd.DataFrame:
    """Why lines stood still: one entry per line, shift and week with more than two hours lost."""
    frame = frame.drop_duplicates("entry_id")
    lost = frame["planned_hours"] - frame["run_hours"]
    rows = (lost > 0.8).to_numpy()
    reasons = np.array(["tool change", "no material", "breakdown", "cleaning"])
    return pd.DataFrame(
        {
            "week": setting.days.dates(frame["day"].to_numpy()[rows]),
            "line_id": frame["line_id"].to_numpy()[rows],
            "shift": frame["shift"].to_numpy()[rows],
            "reason": reasons[rng.integers(0, 4, len(frame))[rows]],
            "hours_lost": np.round(lost.to_numpy()[rows], 1),
        }
    )


def _crew(rng: np.random.Generator, setting: Setting, lines: pd.DataFrame) -> pd.DataFrame:
    """People present and rostered per line and week."""
    weeks = np.arange(0, setting.days.days, 7)
    frame = repeated(lines, np.tile(np.arange(len(lines)), len(weeks)))
    rostered = np.tile(rng.integers(8, 22, len(lines)), len(weeks))
    return pd.DataFrame(
        {
            "week": setting.days.dates(np.repeat(weeks, len(lines))),
            "line_id": frame["line_id"].to_numpy(),
            "rostered": rostered,
            "present": rng.binomial(rostered, 0.93),
        }
    )


def papers() -> Papers:
    """Tables and metrics of case.yml."""
    line = ["production_lines.plant", "production_lines.machine_type"]
    link = {"line_id": "production_lines"}
    facts = {"kind": "facts", "time": "week", "links": link}
    tables = {
        "output": {
            **facts, "source": "output.csv", "key": "entry_id",
            "dimensions": [*line, "shift", "product_family"],
        },
        "stoppages": {
            **facts, "source": "stoppages.csv", "dimensions": [*line, "shift", "reason"],
        },
        "crew": {**facts, "source": "crew.csv", "dimensions": line},
        "production_lines": {
            "kind": "entities", "source": "production_lines.csv", "key": "line_id",
            "dimensions": ["plant", "machine_type"],
        },
    }  # fmt: skip
    out = {"table": "output"}
    metrics = {
        "good_units": {**out, "measure": "sum(good_units)"},
        "output_value": {**out, "measure": "sum(value)"},
        "made_units": {**out, "measure": "sum(good_units + scrap_units)"},
        "planned_hours": {**out, "measure": "sum(planned_hours)"},
        "run_hours": {**out, "measure": "sum(run_hours)"},
        "running": {**out, "numerator": "sum(run_hours)", "denominator": "sum(planned_hours)"},
        "speed": {
            **out, "numerator": "sum(good_units + scrap_units)", "denominator": "sum(run_hours)",
        },
        "good_share": {
            **out, "numerator": "sum(good_units)", "denominator": "sum(good_units + scrap_units)",
        },
        "hours_lost": {
            "table": "stoppages", "measure": "sum(hours_lost)", "better": "down",
        },
        "attendance": {
            "table": "crew", "numerator": "sum(present)", "denominator": "sum(rostered)",
        },
    }  # fmt: skip
    return Papers(tables, metrics)


GOALS = ("good_units", "output_value")
HOURS, MADE = ("run_hours", "planned_hours"), ("made_units",)
LOST = ("local_regression", "driver_decline", "untracked_leak")
STOPS = ("stockout", "volume_decline", *LOST)
MIX = ("mix_shift", "wrong_kpi", "volume_decline", "local_regression")
KNOBS = {
    "mix": Knob("hours", ("product_family",), GOALS[1:], MADE, MIX),
    "volume": Knob("hours", DIMS, GOALS, ("made_units",), ("volume_decline", *LOST), rises=True),
    "ratio": Knob("speed", DIMS, GOALS, HOURS, LOST, least=0.4, rises=True),
    "yield": Knob("scrap", DIMS, GOALS, (*HOURS, *MADE), ("returns_rise", *LOST), -0.055, 3, 12),
    "stock": Knob("stock", DIMS, GOALS, ("planned_hours",), STOPS, 1.08, 0.35, 0.85),
}
FACTORY = Company(
    "factory",
    "a maker of parts",
    simulate,
    papers,
    KNOBS,
    weekly=True,
    rows=(4_000, 40_000),
    loaded=(*GOALS, *HOURS, *MADE),
    flow="hours",
)
