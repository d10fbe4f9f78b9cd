"""How many laws hold for how many public functions: every way of every law, one at a time.

Run it as `python benchmarks/laws.py [NAME ...]`; it prints a table and writes nothing. With
`--count` nothing is tried: the laws that are known to fail are taken from the suite's own list.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.laws import judge
from tests.laws.catalogue import ENTRIES
from tests.laws.excuses import FAILING, NOUNS
from tests.laws.relations import RELATIONS


def cell(name: str, law: str, count: bool) -> tuple[str, int, list[str]]:
    """What became of a law for a function, how many ways were tried, and what was wrong."""
    found = judge.trials(name, law)
    if not found:
        return ("excused" if law in ENTRIES[name].without else "no such data"), 0, []
    if count:
        return ("fails" if (name, law) in FAILING else "holds"), len(found), []
    wrong = []
    for trial in found:
        if told := judge.faults(name, trial):
            wrong.append(f"{trial.change.name}: {told}")
            print(f"{name}, {law}, {wrong[-1]}", file=sys.stderr, flush=True)
    return ("fails" if wrong else "holds"), len(found), wrong


def main() -> None:
    """The count per law, the excuses, and what does not hold."""
    asked, count = [a for a in sys.argv[1:] if a != "--count"], "--count" in sys.argv
    names = [n for n in ENTRIES if not asked or n in asked]
    told: list[str] = []
    print(f"{'law':12} {'holds':>6} {'ways':>6} {'no such data':>13} {'excused':>8} {'fails':>6}")
    sums = [0] * 5
    for law in RELATIONS:
        cells = {n: cell(n, law, count) for n in names}
        states = [state for state, _, _ in cells.values()]
        ways = sum(ways for _, ways, _ in cells.values())
        row = [
            states.count("holds"),
            ways,
            *(states.count(s) for s in ("no such data", "excused", "fails")),
        ]
        sums = [a + b for a, b in zip(sums, row, strict=True)]
        print(f"{law:12} {row[0]:6} {row[1]:6} {row[2]:13} {row[3]:8} {row[4]:6}", flush=True)
        told += [f"{n}, {law}, {w}" for n, (_, _, wrong) in cells.items() for w in wrong]
    print(f"{'all':12} {sums[0]:6} {sums[1]:6} {sums[2]:13} {sums[3]:8} {sums[4]:6}")
    print(f"\n{len(names)} calls; {len(NOUNS)} public names are nouns")
    for name in names:
        for law, why in ENTRIES[name].without.items():
            print(f"excused: {name}, {law}: {why}")
    for (name, law), why in FAILING.items():
        print(f"known to fail: {name}, {law}: {why}")
    print("\n".join(told))


if __name__ == "__main__":
    main()
