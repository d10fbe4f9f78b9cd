"""The rule by which reviews of company worlds are scored: .40 a kind that a fair analyst accepts,
.50 the place, .10 the sign, -.15 per further cause; where nothing is wrong 1 - .5 per cause."""

from __future__ import annotations

import json

STATED, EXTRA, MOST = 0.5, 0.15, 3


def pairs(where: dict | None) -> set:
    """A place as a set of (dimension, value)."""
    return {
        (dim.split(".")[-1], str(value))
        for dim, values in (where or {}).items()
        for value in (values if isinstance(values, list | tuple) else [values])
    }


def place(where: dict | None, accepted: list[dict]) -> float:
    """F1 of a stated place against the best of the accepted ones."""
    got, best = pairs(where), 0.0
    for want in map(pairs, accepted):
        both = len(want) + len(got)
        best = max(best, 2 * len(want & got) / both if both else 1.0)
    return best


def meets(cause: dict, reason: dict) -> float:
    """How well a cause meets a reason, 0-1."""
    kind, where = cause["kind"] in reason["kinds"], place(cause["where"], reason["where"])
    if not kind and not where:
        return 0.0
    sign = ((cause["effect_pct"] or reason["sign"]) * reason["sign"]) > 0
    return 0.4 * kind + 0.5 * where + 0.1 * sign


def judge(truth: dict, causes: list[dict], gains: list[dict], quality: str = "") -> dict:
    """Score of one review; reasons that helped the goal are looked for among the gains."""
    reasons, tolerated = reasons_of(truth), set(truth.get("tolerated", ()))
    stated = [c for c in causes if c["confidence"] >= STATED and c["kind"] not in tolerated]
    if not reasons:
        return {
            "score": max(0.0, 1 - 0.5 * len(stated)), "false": len(stated), "met": [],
            "said": [(c["confidence"], False) for c in stated],
        }  # fmt: skip
    if truth["family"] == "double_load":
        return double_load(reasons[0], stated, quality)
    used, met, total = set(), [], 0.0
    for reason in reasons:
        pool = stated if reason["sign"] < 0 else [*gains, *stated]
        fits = [(meets(c, reason), -k, c) for k, c in enumerate(pool) if id(c) not in used]
        score, _, best = max(fits, key=lambda fit: fit[:2], default=(0.0, 0, None))
        met.append(part(reason, best, score))
        total += score / len(reasons)
        used |= {id(best)} if best is not None and score else set()
    spare = sum(id(c) not in used for c in stated)
    if len(reasons) == 1 and not used and stated:
        spare -= 1  # the one reason is met by no cause: one of them stands in its place
    right = [any(meets(c, r) >= 0.4 for r in reasons) for c in stated]
    return {
        "score": max(0.0, total - EXTRA * min(MOST, spare)),
        "false": sum(not ok for ok in right),
        "met": met,
        "said": [(c["confidence"], ok) for c, ok in zip(stated, right, strict=True)],
    }


def reasons_of(truth: dict) -> list[dict]:
    """The planted reasons; older truths have one, at the top."""
    if "reasons" in truth:
        return truth["reasons"]
    return [truth] if truth["kinds"] else []


def double_load(reason: dict, stated: list[dict], quality: str) -> dict:
    """Rows loaded twice are named, as a cause or among the faults of the data."""
    kinds = [c["kind"] for c in stated]
    text = (quality + json.dumps(kinds)).lower()
    named = any(word in text for word in ("duplicate", "doubl", "twice", "重复"))
    right = [kind in reason["kinds"] for kind in kinds]
    score = 0.6 * named + 0.4 * any(right) - EXTRA * min(MOST, right.count(False))
    return {
        "score": max(0.0, score),
        "false": right.count(False),
        "met": [{"kind": float(any(right) or named), "place": float(named)}],
        "said": [(c["confidence"], ok) for c, ok in zip(stated, right, strict=True)],
    }


def part(reason: dict, cause: dict | None, score: float) -> dict:
    """What was right about the cause that meets a reason, and whether its interval holds."""
    if cause is None or not score:
        return {"kind": 0.0, "place": 0.0}
    found = {
        "kind": float(cause["kind"] in reason["kinds"]),
        "place": place(cause["where"], reason["where"]),
    }
    sized = reason.get("effect") and not reason.get("effect_baseline")
    if sized and cause["low"] is not None and found["place"] >= 0.99:
        found["covered"] = float(cause["low"] <= reason["effect"] <= cause["high"])
        found["ratio"] = cause["effect"] / reason["effect"]
    return found
