"""The store of reviews: what was found, decided, done and noted,
kept from one review to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Literal

from kpilab.core.finding import Finding, Review
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.track.database import Database, Row, Value, connect
from kpilab.track.records import (
    NO_AIM,
    STATES,
    Action,
    Aim,
    CauseRecord,
    FindingRecord,
    ReviewRecord,
    State,
    WhyRecord,
    spoken,
)
from kpilab.track.rows import (
    cause_row,
    finding_row,
    json_text,
    listed,
    now,
    place,
    review_row,
    to_action,
    to_cause,
    to_finding,
    to_review,
)

Note = Literal["add", "reject", "comment"]
NOTES: tuple[Note, ...] = ("add", "reject", "comment")


@dataclass(frozen=True, slots=True, eq=False)
class Store:
    """Reviews, findings, causes, decisions, actions and notes; use it with `with`, or close it.

    Every method is one transaction: it is kept whole or not at all, and two programs may write at
    once.
    """

    database: Database

    @classmethod
    def open(cls, place: str | Path = ".") -> Store:
        """Open the store of a workspace, and make it where there is none.

        Args:
            place: a folder (the file kpilab.db in it), a .db file, or a postgresql:// address.

        Raises:
            BadInput: no such place, or not a store.

        Example:
            >>> import tempfile
            >>> with Store.open(tempfile.mkdtemp()) as store:
            ...     store.reviews()
            ()
        """
        return cls(connect(place))

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def save(self, review: Review) -> int:
        """Keep a review with its causes, findings and bridge; its id."""
        labels, made = review.labels, now()
        with self.database.transaction():
            saved = self.database.insert("reviews", review_row(review, made))
            for k, cause in enumerate(review.causes):
                self.database.insert("causes", cause_row(cause, saved, k, labels))
            for finding in review.findings:
                self.database.insert(
                    "findings", finding_row(finding, saved, review.case, labels, made)
                )
        return saved

    def add_finding(
        self, review: int | str, finding: Finding, lang: str = "en", *, author: str = ""
    ) -> int:
        """Keep one finding by itself; its id.

        Args:
            review: id of a saved review, or a name: the newest review of the case of that name,
                else a collection of findings of that name.
            finding: what was found.
            lang: the language it stands in where no other is asked for.
            author: who found it.
        """
        newest = self.reviews(review)[:1] if isinstance(review, str) else (self.review(review),)
        saved = newest[0] if newest else None
        said = spoken(finding.statement, saved.labels if saved else {})
        row = finding_row(
            finding, saved.id if saved else None, saved.case if saved else str(review), {}, now()
        )
        ordered = {lang: said[lang], **said} if lang in said else said
        pin = {"said": json_text(ordered), "author": author, "pinned": 1}
        return self.database.insert("findings", {**row, **pin})

    def reviews(self, case: str | None = None) -> tuple[ReviewRecord, ...]:
        """Saved reviews, those of the latest period first."""
        where, values = ("WHERE case_name = ?", (case,)) if case is not None else ("", ())
        rows = self.database.rows(
            f"SELECT * FROM reviews {where} ORDER BY last_day DESC, id DESC", values
        )
        causes: dict[object, list[CauseRecord]] = {}
        for row in self.database.rows(
            "SELECT c.*, (SELECT d.decision FROM decisions d WHERE d.cause = c.id"
            " ORDER BY d.id DESC LIMIT 1) AS decision"
            f" FROM causes c JOIN reviews ON reviews.id = c.review {where}"
            " ORDER BY c.review, c.position",
            values,
        ):
            causes.setdefault(row["review"], []).append(to_cause(row))
        return tuple(to_review(row, tuple(causes.get(row["id"], ()))) for row in rows)

    def review(self, id: int) -> ReviewRecord:
        """One saved review.

        Raises:
            BadInput: no such id.
        """
        found = {r.id: r for r in self.reviews()}
        if id not in found:
            raise unknown("review", id, list(found), "store")
        return found[id]

    def findings(self, case: str | None = None) -> tuple[FindingRecord, ...]:
        """Findings of all reviews and those kept by themselves, newest first."""
        where, values = ("WHERE case_name = ?", (case,)) if case is not None else ("", ())
        rows = self.database.rows(f"SELECT * FROM findings {where} ORDER BY id DESC", values)
        return tuple(to_finding(row) for row in rows)

    def decide(self, cause: int, decision: str, *, reason: str = "", author: str = "") -> int:
        """Keep what was decided on a cause; the last decision counts, the earlier ones stay."""
        self._known("causes", "cause", cause)
        row = {
            "cause": cause,
            "decision": decision,
            "reason": reason,
            "author": author,
            "made": now(),
        }
        return self.database.insert("decisions", row)

    def note(
        self, cause: int, kind: Note, text: str, *, answer: int | None = None, author: str = ""
    ) -> int:
        """Add an answer to a cause's 5-Why chain, reject one, or comment on one (or on the whole
        cause).

        Args:
            cause: id of a stored cause.
            kind: add, reject or comment.
            text: the answer, the reason, or the comment.
            answer: which answer it is about, 0 for the first; None for the whole chain.
        """
        if kind not in NOTES:
            raise unknown("kind of note", kind, NOTES, "note(kind=)")
        known = len(self.whys(cause))
        if (kind == "reject" and answer is None) or (
            answer is not None and not 0 <= answer < known
        ):
            raise BadInput(
                f"no answer {answer}",
                f"note on cause {cause}",
                f"give a number from 0 to {known - 1}",
            )
        row = {
            "cause": cause,
            "answer": answer,
            "kind": kind,
            "text": text,
            "author": author,
            "made": now(),
        }
        return self.database.insert("notes", row)

    def whys(self, cause: int) -> tuple[WhyRecord, ...]:
        """The 5-Why chain of a stored cause with what analysts added, rejected and noted."""
        chain = listed(self._known("causes", "cause", cause)["whys"])
        found = [WhyRecord(w["question"], w["answer"], w["finding"]) for w in chain]
        for note in self.database.rows("SELECT * FROM notes WHERE cause = ? ORDER BY id", (cause,)):
            at, text = note["answer"], str(note["text"])
            if note["kind"] == "add":
                found.append(WhyRecord({}, {"en": text, "zh": text}))
            elif at is not None:
                old = found[int(at)]
                rejected = old.rejected or note["kind"] == "reject"
                found[int(at)] = WhyRecord(
                    old.question, old.answer, old.finding, rejected, (*old.comments, text)
                )
        return tuple(found)

    @keywords("Store.add_action")
    def add_action(
        self,
        case: str,
        what: str,
        *,
        owner: str,
        due: date | None = None,
        aim: Aim = NO_AIM,
        cause: int | None = None,
    ) -> int:
        """Keep an action of a case; its id. The fields are those of `Action`."""
        if not what.strip() or not owner.strip():
            raise BadInput(
                "an action needs words and an owner",
                "add_action",
                "say what is to be done, and by whom",
            )
        if cause is not None:
            self._known("causes", "cause", cause)
        row: dict[str, Value] = {
            "case_name": case,
            "cause": cause,
            "what": what,
            "owner": owner,
            "metric": aim.metric,
        }
        row |= {
            "due": None if due is None else str(due),
            "place": place(aim.where),
            "expected": aim.expected,
        }
        row |= {"experiment": aim.experiment, "state": "open", "done_on": None, "made": now()}
        return self.database.insert("actions", row)

    def actions(self, case: str | None = None, state: State | None = None) -> tuple[Action, ...]:
        """Actions, oldest first."""
        if state is not None and state not in STATES:
            raise unknown("state", state, STATES, "actions(state=)")
        asked = {"case_name": case, "state": state}
        given = {k: v for k, v in asked.items() if v is not None}
        where = "WHERE " + " AND ".join(f"{k} = ?" for k in given) if given else ""
        rows = self.database.rows(
            f"SELECT * FROM actions {where} ORDER BY id", tuple(given.values())
        )
        return tuple(to_action(row) for row in rows)

    def finish(self, action: int, on: date) -> None:
        """An action is done and in effect from the day `on`."""
        self._close(action, "done", on)

    def drop(self, action: int) -> None:
        """An action will not be done."""
        self._close(action, "dropped", None)

    def _close(self, action: int, state: State, on: date | None) -> None:
        self._known("actions", "action", action)
        values = (state, None if on is None else str(on), action)
        self.database.rows("UPDATE actions SET state = ?, done_on = ? WHERE id = ?", values)

    def _known(self, table: str, noun: str, id: int) -> Row:
        rows = self.database.rows(f"SELECT * FROM {table} WHERE id = ?", (id,))
        if not rows:
            known = [
                row["id"]
                for row in self.database.rows(f"SELECT id FROM {table} ORDER BY id DESC LIMIT 5")
            ]
            raise unknown(noun, id, known, "store")
        return rows[0]
