"""One set of semantics: a naive reference, the portable expression and the compiled kernel agree."""

from __future__ import annotations

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpilab.engine import stream, windows
from kpilab.engine.chain import FOREVER, Chain


@pytest.fixture(scope="module", autouse=True)
def _kernel():
    stream.prepare()


def naive(rows, chain):
    """Every way of giving the steps different rows, tried one by one: {unit: (level, times, waits)}."""
    found = {}
    limits = chain.limits or (None,) * chain.steps
    for user in sorted({r[0] for r in rows}):
        mine = sorted((t, i, mask) for i, (u, t, mask) in enumerate(rows) if u == user)
        passes = {}
        for start in [r for r in mine if r[2] & 1]:
            ways, times = [(start,)], [start[0]]
            for k in range(1, chain.steps):
                nexts = [w + (r,) for w in ways for r in mine
                         if r[2] >> k & 1 and r[0] >= w[-1][0] and (chain.reuse or r not in w)]  # fmt: skip
                ways = nexts
                times.append(min((w[-1][0] for w in ways), default=None))
            level = 1
            while level < chain.steps and times[level] is not None and times[level] - times[0] <= chain.within:
                if limits[level] is not None and times[level] - times[level - 1] > limits[level]:
                    break
                level += 1
            passes[times[0]] = max(passes.get(times[0], (0, ())), (level, [-t for t in times[:level]]))
        kept = [
            (n, [-t for t in times]) for n, times in passes.values() if not barred(mine, n, [-t for t in times], chain)
        ]
        if kept:
            best = max(n for n, _ in kept)
            longest = sorted(times for n, times in kept if n == best)
            waits = [sum(p[k] - p[k - 1] for p in longest) / len(longest) for k in range(1, best)]
            found[user] = (best, longest[0], waits)
    return found


def barred(mine, level, times, chain):
    for e, (first, last) in enumerate(chain.exclusions):
        if level >= first:
            end = times[last - 1] if level >= last else times[0] + chain.within
            if any(mask >> (chain.steps + e) & 1 and times[first - 1] < t < end for t, _, mask in mine):
                return True
    return False


def answer(table, chain):
    frame = table.to_pandas()
    return {
        r["unit"]: (
            int(r["level"]),
            [int(r[c]) for c in chain.times[: int(r["level"])]],
            [float(r[c]) for c in chain.waits[: int(r["level"]) - 1]],
        )
        for _, r in frame.iterrows()
    }


def table_of(rows):
    con = ibis.duckdb.connect()
    frame = pd.DataFrame(rows, columns=["unit", "t", "mask"]).astype("int64")
    return con.create_table("rows", frame)


LOGS = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 6), st.integers(0, 15)), min_size=1, max_size=14)
CHAINS = st.sampled_from([
    Chain(3, 4, groups=((0, 1, 2),)),
    Chain(3, 3, groups=((0, 1, 2),), reuse=True),
    Chain(3, FOREVER, groups=((0, 1, 2),), limits=(None, 2, 1)),
    Chain(3, 4, groups=((0, 1, 2),), exclusions=((1, 2),)),
    Chain(2, 5, groups=((0, 1),), exclusions=((1, 2),)),
    Chain(4, 5, groups=((0, 1, 2, 3),)),
])  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(LOGS, CHAINS, st.randoms())
def test_naive_kernel_and_expression_agree_on_random_logs(rows, chain, random):
    random.shuffle(rows)
    expected = naive(rows, chain)
    assert answer(stream.outcomes(table_of(rows), chain, ("unit",)), chain) == expected
    assert answer(windows.outcomes(table_of(rows), chain, ("unit",)), chain) == expected
