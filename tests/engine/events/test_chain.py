"""One set of semantics: a naive reference, the portable expression and the compiled kernel
agree."""

from __future__ import annotations

from itertools import groupby, permutations

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpilab.engine.events import stream, windows
from kpilab.engine.events.chain import FOREVER, Chain


@pytest.fixture(scope="module", autouse=True)
def _kernel():
    stream.prepare()


def reach(masks, met, chain):
    """Last step these rows of one moment can meet, each row one step:
    every way of giving them out is tried."""
    for to in range(chain.steps, met, -1):
        if chain.gaps and any(chain.gaps[met + 1 : to]):
            continue
        wanted = range(met, to)
        if chain.reuse and all(any(m >> k & 1 for m in masks) for k in wanted):
            return to
        if any(
            all(m >> k & 1 for m, k in zip(p, wanted, strict=True))
            for p in permutations(masks, to - met)
        ):
            return to
    return met


def repeated(masks, met, to, chain):
    """Whether a row must repeat a step from the second on, however those of the moment serve."""
    later, used = sum(1 << k for k in range(1, to)), range(to - met)
    ways = [
        p
        for p in permutations(range(len(masks)), to - met)
        if all(masks[p[k]] >> met + k & 1 for k in used)
    ]
    alone = [p for p in ways if not met and not masks[p[0]] & later]
    return all(
        any(m & later for r, m in enumerate(masks) if r not in p) for p in alone or ways or [()]
    )


def times_of(moments, i, chain):
    """Earliest moments of steps 1, 2 … of the pass that begins at the i-th moment."""
    if chain.mode == "unordered":
        firsts = {}
        for t, masks in moments[i:]:
            for m in masks:
                firsts.setdefault(next((k for k in range(chain.steps) if m >> k & 1), None), t)
        return sorted(t for k, t in firsts.items() if k is not None)
    met, times = 0, []
    for t, masks in moments[i:]:
        early = 0 < met < chain.steps and chain.gaps and t - times[-1] < chain.gaps[met]
        to = met if early else reach(masks, met, chain)
        times += [t] * (to - met)
        if chain.mode == "strict" and (to == met or (met and to - met < len(masks))):
            break
        if chain.once and to and repeated(masks, met, to, chain):
            break
        met = to
    return times[: chain.steps]


def level_of(times, chain):
    limits, level = chain.limits or (None,) * chain.steps, 1
    while level < len(times) and times[level] - times[0] <= chain.within:
        if limits[level] is not None and times[level] - times[level - 1] > limits[level]:
            break
        level += 1
    return level


def barred(rows, times, chain):
    """Whether an exclusion stands inside the pass."""
    for e, (first, last) in enumerate(chain.exclusions):
        if len(times) >= first:
            end = times[last - 1] if len(times) >= last else times[0] + chain.within
            if any(m >> (chain.steps + e) & 1 and times[first - 1] < t < end for t, m in rows):
                return True
    return False


def optional(rows, times, chain):
    """Moments of the optional steps a pass took."""
    found, base = [], chain.steps + len(chain.exclusions)
    for o, after in enumerate(chain.extras):
        end = times[after] if len(times) > after else times[0] + chain.within
        hits = [
            t
            for t, m in rows
            if m >> (base + o) & 1 and len(times) >= after and times[after - 1] <= t <= end
        ]
        found.append(min(hits, default=None))
    return found


def naive(rows, chain):
    """{unit: (level, times of the first longest pass, mean waits of the longest passes, optional
    steps)}."""
    found = {}
    for unit in {u for u, _, _ in rows}:
        mine = sorted((t, m) for u, t, m in rows if u == unit)
        moments = [(t, [m for _, m in group]) for t, group in groupby(mine, key=lambda r: r[0])]
        steps = (1 << chain.steps) - 1 if chain.mode == "unordered" else 1
        starts = [i for i, (_, masks) in enumerate(moments) if any(m & steps for m in masks)]
        passes = [times_of(moments, i, chain) for i in starts]
        passes = [p[: level_of(p, chain)] for p in passes]
        passes = [p for p in passes if not barred(mine, p, chain)]
        longest = [p for p in passes if len(p) == max(map(len, passes))]
        if longest:
            n = len(longest[0])
            waits = [sum(p[k] - p[k - 1] for p in longest) / len(longest) for k in range(1, n)]
            found[unit] = (n, longest[0], waits, optional(mine, longest[0], chain))
    return found


def answer(table, chain):
    found = {}
    for row in table.to_pandas().to_dict("records"):
        n = int(row["level"])
        extras = [
            None if pd.isna(row[f"o{k + 1}"]) else int(row[f"o{k + 1}"])
            for k in range(len(chain.extras))
        ]
        times, waits = (
            [int(row[c]) for c in chain.times[:n]],
            [float(row[c]) for c in chain.waits[: n - 1]],
        )
        found[row["unit"]] = (n, times, waits, extras)
    return found


ALL3 = ((0, 1, 2),)
ALONE = ((0,), (1,), (2,))
ALONE4 = (*ALONE, (3,))
CHAINS = {
    "ordered": Chain(3, 4, groups=ALL3),
    "four": Chain(4, 5, groups=((0, 1, 2, 3),)),
    "plain": Chain(3, 4, groups=ALONE),
    "plain, limits": Chain(3, FOREVER, groups=ALONE, limits=(None, 2, 1)),
    "waiting": Chain(3, 5, groups=ALL3, gaps=(0, 2, 0)),
    "once": Chain(3, 6, groups=ALL3, once=True),
    "reuse": Chain(3, 3, groups=ALL3, reuse=True),
    "limits": Chain(3, FOREVER, groups=ALL3, limits=(None, 2, 1)),
    "excluded": Chain(3, 4, groups=ALL3, exclusions=((1, 2),)),
    "excluded twice": Chain(2, 5, groups=((0, 1),), exclusions=((1, 2), (1, 2))),
    "optional": Chain(2, 4, groups=((0, 1),), extras=(1, 2)),
    "strict": Chain(3, 5, mode="strict", groups=ALL3),
    "strict, plain": Chain(3, 3, mode="strict", groups=ALONE),
    "strict, reuse": Chain(3, 5, mode="strict", groups=ALL3, reuse=True),
    "waiting, plain": Chain(3, FOREVER, groups=ALONE, limits=(None, 3, None), gaps=(0, 1, 3)),
    "waiting, reuse": Chain(3, 5, groups=ALL3, reuse=True, gaps=(0, 0, 2)),
    "waiting, strict": Chain(3, 6, mode="strict", groups=ALONE, gaps=(0, 2, 1)),
    "increasing": Chain(3, 4, groups=ALL3, gaps=(0, 1, 1)),
    "increasing, strict": Chain(3, 4, mode="strict", groups=ALL3, gaps=(0, 1, 1)),
    "once, four": Chain(4, FOREVER, groups=((0, 1, 2, 3),), once=True),
    "once, plain": Chain(4, FOREVER, groups=ALONE4, once=True),
    "once, waiting": Chain(4, FOREVER, groups=ALONE4, once=True, gaps=(0, 1, 2, 0)),
    "once, strict": Chain(3, 6, mode="strict", groups=ALL3, once=True),
    "once, excluded": Chain(3, 6, groups=ALL3, exclusions=((1, 2),), once=True),
    "unordered": Chain(3, 3, mode="unordered"),
    "unordered, excluded": Chain(3, 5, mode="unordered", exclusions=((1, 2),)),
}
# Many units in one log (each is a case of its own), so that few queries try much. Few moments: many
# ties.
EVENT = st.tuples(st.integers(0, 6), st.integers(0, 15))
LOGS = st.lists(st.lists(EVENT, min_size=1, max_size=8), min_size=1, max_size=24)


def masks_of(chain, mask):
    """A mask as this chain knows them: of steps that no row meets together, the lowest."""
    if chain.groups not in (ALONE, ALONE4):
        return mask
    return mask & -mask


@pytest.mark.few(6)
@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(logs=LOGS, twice=st.booleans(), random=st.randoms(use_true_random=False))
def test_naive_kernel_and_expression_agree_on_random_logs(chain, logs, twice, random):
    rows = [(unit, t, masks_of(chain, mask)) for unit, log in enumerate(logs) for t, mask in log]
    rows += rows[::3] if twice else []
    # One unit with far more rows than the others, over more moments.
    rows += (
        [(99, random.randrange(30), masks_of(chain, random.randrange(16))) for _ in range(40)]
        if twice
        else []
    )
    random.shuffle(rows)
    if chain.mode != "strict":
        rows = [r for r in rows if r[2]] or [(0, 0, 1)]
    expected = naive(rows, chain)
    frame = pd.DataFrame(rows, columns=["unit", "t", "mask"]).astype("int64")
    table = ibis.duckdb.connect().create_table("rows", frame)
    if stream.fits(chain):
        assert answer(stream.outcomes(table, chain, ("unit",)), chain) == expected
    assert answer(windows.outcomes(table, chain, ("unit",)), chain) == expected
