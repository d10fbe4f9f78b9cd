"""The tables of a sample world as they are written to files."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.world import World


def files(world: World) -> dict[str, pd.DataFrame]:
    """File name (without ending) -> rows, without what only the world itself knows."""
    dims = [
        *world.plan.level,
        world.plan.industry.rollout[0],
        "user_type",
        world.plan.industry.actor,
    ]
    events = world.events.reset_index(names="event_id")
    work = world.executions.copy()
    work.insert(
        1,
        "date",
        np.datetime64(world.plan.calendar.first, "s") + work["day"].to_numpy().astype("m8[D]"),
    )
    return {
        "events": events[["event_id", "ts", "user_id", "session_id", "event", "amount", *dims]],
        "facts": world.facts,
        "benchmark": world.benchmark,
        "execution": work.drop(columns=["day", "padded"]),
        "reported": world.reports,
        "experiments": world.assignments,
    }
