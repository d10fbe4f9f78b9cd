"""The tables of the store, and the steps that bring an older store up to date.

A step is never changed once released: what is new becomes a further step. The SQL is what SQLite
and PostgreSQL share; `{id}` stands for a key that counts itself. Days and times are ISO text,
nested values are JSON text.
"""

from __future__ import annotations

REVIEWS = (
    """CREATE TABLE reviews (
        id {id}, case_name TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
        version TEXT NOT NULL,
        made TEXT NOT NULL, periods TEXT NOT NULL, last_day TEXT NOT NULL, labels TEXT NOT NULL,
        goal TEXT NOT NULL, bridge TEXT NOT NULL, levels TEXT NOT NULL)""",
    "CREATE INDEX reviews_by_case ON reviews (case_name, last_day)",
    """CREATE TABLE findings (
        id {id}, review BIGINT REFERENCES reviews (id) ON DELETE CASCADE, case_name TEXT NOT NULL,
        name TEXT NOT NULL,
        step TEXT NOT NULL, verdict TEXT NOT NULL, strength TEXT NOT NULL, subject TEXT,
        place TEXT NOT NULL,
        period TEXT, actors TEXT NOT NULL, effect DOUBLE PRECISION, low DOUBLE PRECISION,
        high DOUBLE PRECISION,
        unit TEXT NOT NULL, p DOUBLE PRECISION, q DOUBLE PRECISION, said TEXT NOT NULL,
        made TEXT NOT NULL)""",
    "CREATE INDEX findings_by_review ON findings (review)",
    """CREATE TABLE causes (
        id {id}, review BIGINT NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL, subject TEXT NOT NULL, place TEXT NOT NULL, period TEXT,
        actors TEXT NOT NULL,
        effect DOUBLE PRECISION, low DOUBLE PRECISION, high DOUBLE PRECISION,
        effect_pct DOUBLE PRECISION,
        effect_on TEXT NOT NULL, confidence DOUBLE PRECISION NOT NULL, said TEXT NOT NULL,
        advice TEXT NOT NULL,
        whys TEXT NOT NULL, UNIQUE (review, position))""",
    """CREATE TABLE decisions (
        id {id}, cause BIGINT NOT NULL REFERENCES causes (id) ON DELETE CASCADE,
        decision TEXT NOT NULL,
        reason TEXT NOT NULL, author TEXT NOT NULL, made TEXT NOT NULL)""",
    """CREATE TABLE actions (
        id {id}, case_name TEXT NOT NULL, cause BIGINT REFERENCES causes (id) ON DELETE SET NULL,
        what TEXT NOT NULL,
        owner TEXT NOT NULL, due TEXT, metric TEXT, place TEXT NOT NULL,
        expected DOUBLE PRECISION, experiment TEXT,
        state TEXT NOT NULL CHECK (state IN ('open', 'done', 'dropped')), done_on TEXT,
        made TEXT NOT NULL)""",
    "CREATE INDEX actions_by_case ON actions (case_name, state)",
    """CREATE TABLE notes (
        id {id}, cause BIGINT NOT NULL REFERENCES causes (id) ON DELETE CASCADE, answer INTEGER,
        kind TEXT NOT NULL CHECK (kind IN ('add', 'reject', 'comment')), text TEXT NOT NULL,
        author TEXT NOT NULL,
        made TEXT NOT NULL)""",
)
ALARMS = (
    """CREATE TABLE alarms (
        id {id}, case_name TEXT NOT NULL, rule TEXT NOT NULL, fired TEXT NOT NULL, cleared TEXT,
        told TEXT,
        said TEXT NOT NULL)""",
    # Of one rule only one alarm can be open: whoever inserts it first is the one who tells.
    "CREATE UNIQUE INDEX one_open_alarm ON alarms (case_name, rule) WHERE cleared IS NULL",
)
PINS = (
    "ALTER TABLE findings ADD COLUMN author TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE findings ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
)
STEPS = (REVIEWS, ALARMS, PINS)
