"""Public names that are no functions, laws that do not apply to a function by its nature,
and what fails still."""

from __future__ import annotations

NOUNS = {
    "Assignments": "a table",
    "BadInput": "an error",
    "Benchmark": "a table",
    "Breakdown": "how a funnel is broken down",
    "Calendar": "days that move several series",
    "Counts": "a table",
    "Decision": "how a test was read",
    "Definition": "how a metric was declared",
    "Design": "how a test was set up",
    "Distinct": "a measure",
    "Entities": "a table",
    "Estimator": "a method and its seed",
    "EventLog": "a table",
    "Exclusion": "what a funnel leaves out",
    "Executions": "a table",
    "Facts": "a table",
    "Gap": "an offset of a step matrix",
    "Incidents": "a table",
    "Kpi": "a KPI of a case",
    "KpilabError": "an error",
    "Lines": "what rows of an order are",
    "Machines": "names of columns",
    "Measured": "a table and a metric",
    "Metric": "a metric of a case",
    "MetricTree": "a formula",
    "Outcome": "a metric of a test",
    "Past": "a decided test",
    "Path": "what one path is",
    "Pairs": "what follows what, and how it is counted",
    "Period": "two days",
    "Point": "where a step matrix looks",
    "Rate": "two columns",
    "Reports": "a table",
    "Return": "what counts as coming back",
    "Search": "how a search is done",
    "Simulations": "how many splits, and their seed",
    "Step": "a step of a funnel",
    "Steps": "steps of a funnel together",
    "Tier": "a step of a bonus",
    "Units": "a table",
    "Ways": "how ways are cut",
    "Weights": "by what a target is shared",
    "Where": "a segment",
    "programme_of": "tests of a case, read one by one and added up",
    "read_moments": "sums kept in a file",
}

# Law, or law and way -> the reason.
FIRST_KNOWN = {"missing: no my_platform": "a user goes under the first value that is known"}
ZERO_DAYS = dict.fromkeys(
    [f"missing: {hole}" for hole in ("no numbers", "infinite", "no signups", "no bought")],
    "a day without a row counts as zero, one with an empty cell is missing",
)
PARTS = dict.fromkeys(
    [f"missing: {hole}" for hole in ("no numbers", "infinite", "no my_claim", "no my_entered")],
    "amounts per day and lateness per record are read from the records that have them",
)
SIGNALS = dict.fromkeys(
    [f"missing: no {c}" for c in ("my_match", "my_follow", "my_target", "my_entered")],
    "each signal is read from the records that have what it asks, and every record counts",
)
EMPTY = {"extra: extra empty": "a column that is empty all through is what it tells"}
ALL_UNITS = {
    "missing: no numbers": "a unit without a value was assigned all the same: the checks count it",
    "missing: infinite": "a unit without a value was assigned all the same: the checks count it",
    "missing: no my_user": "rows without an id are told in a check",
    "missing: no my_spend": "a unit without a value was assigned all the same: the checks count it",
    "missing: no my_before": "a unit without a covariate keeps its value",
    "missing: no my_day": "a unit without a day of assignment is a unit all the same",
}
ALL_ALARMS = dict.fromkeys(
    ["missing: no my_time", "missing: no my_responded", "missing: no my_solved"],
    (
        "an alarm that nobody answered or solved is an alarm, and where no period is asked one "
        "without a time, too"
    ),
)
OWN_SUM = dict.fromkeys(
    ["missing: no my_orders", "missing: no my_visits"],
    "a sum in SQL leaves out what its own column lacks, no more",
)
NO_DAY = {
    "missing: no my_day": "time lost counts without a day, too; days are only what the "
    "interval is drawn from"
}
NOBODY = {"missing: no my_who": "amounts of nobody count, among those of no known customer"}
FILES = {
    "timed: period": "a case reads files, which hold no periods",
    "contained": "a case reads files, and nothing else",
}
INDEXED = {"contained": "what is indexed by its day is a series or frame of pandas"}

# (function, law) -> why it does not hold yet; strict: one that holds must leave this list.
FAILING: dict[tuple[str, str], str] = {}
