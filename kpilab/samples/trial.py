"""A/B tests of sample worlds: who saw which variant since when."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.plan import Plan, Trial

LOOKS = range(2, 11)
SIGNIFICANT, NOTHING_LEFT, DRAWS = 1.96, 1.0, 400


def exposed(trial: Trial, rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row per user who came while the test ran: `user`, `at` (days since the start),
    `variant`."""
    seen = rows[(rows["day"] >= trial.start) & (rows["day"] < trial.start + trial.days)]
    first = seen.drop_duplicates("user")
    at = first["day"] + first["second"] / 86400
    variant = np.where(rng.random(len(first)) < 0.5, "A", "B")
    return pd.DataFrame({"user": first["user"].to_numpy(), "at": at.to_numpy(), "variant": variant})


def without_weak(
    test: Trial,
    shown: pd.DataFrame,
    rows: pd.DataFrame,
    reached: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Takes users of one segment out of arm B, mostly such as never got far:
    the split no longer fits."""
    best = pd.Series(reached).groupby(rows["user"].to_numpy()).max()
    people = rows.drop_duplicates("user").set_index("user")
    place = shown["user"].map(people[test.dim]) == test.value
    weak = shown["user"].map(best) <= test.step
    liable = (shown["variant"] == "B") & place
    # Most of those lost are weak ones; chance takes some of the others.
    lean = np.where(weak, 1.3, 0.6)
    gone = liable & (rng.random(len(shown)) < test.lost * lean / lean[liable].mean())
    return shown[~gone].reset_index(drop=True)


def peeked(
    plan: Plan,
    test: Trial,
    shown: pd.DataFrame,
    rows: pd.DataFrame,
    reached: np.ndarray,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, tuple[int, float]]:
    """Draws arms until an early daily look is 'significant' while the planned end shows nothing.

    Returns the assignments, and look and z at which the test was stopped. If no draw has both,
    the one whose end shows least.
    """
    done = _first_outcome(plan, test, rows, reached).reindex(shown["user"]).to_numpy()
    arrived = shown["at"].to_numpy()
    best, least = (shown, (LOOKS[-1], 0.0)), np.inf
    for _ in range(DRAWS):
        is_b = rng.random(len(shown)) < 0.5
        looks = {
            look: _z(is_b, arrived < test.start + look, done < test.start + look) for look in LOOKS
        }
        hits = [look for look, z in looks.items() if z > SIGNIFICANT]
        end = abs(_z(is_b, np.ones(len(shown), bool), done < test.start + test.days))
        if hits and end < least:
            best = (shown.assign(variant=np.where(is_b, "B", "A")), (hits[0], looks[hits[0]]))
            least = end
        if least < NOTHING_LEFT:
            break
    return best


def _first_outcome(plan: Plan, test: Trial, rows: pd.DataFrame, reached: np.ndarray) -> pd.Series:
    """Day on which each user first reached the last step during the test; absent = never."""
    hit = (reached >= len(plan.industry.steps)) & (rows["day"] >= test.start).to_numpy()
    return rows[hit].groupby("user")["day"].min()


def _z(is_b: np.ndarray, there: np.ndarray, done: np.ndarray) -> float:
    """Two-proportion z of B against A among those who are there."""
    n = np.array([(there & ~is_b).sum(), (there & is_b).sum()])
    x = np.array([(there & done & ~is_b).sum(), (there & done & is_b).sum()])
    if n.min() == 0 or x.sum() in (0, n.sum()):
        return 0.0
    p = x.sum() / n.sum()
    return float((x[1] / n[1] - x[0] / n[0]) / np.sqrt(p * (1 - p) * (1 / n).sum()))
