"""Where findings go that somebody adds by hand: a list in memory, or the store of the workspace."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import Protocol

from kpilab.core.case import Case
from kpilab.core.finding import Finding
from kpilab.track.store import Store


def who() -> str:
    """The name of whoever sits at the machine; "" where it has none."""
    try:
        return getuser()
    except (OSError, KeyError):
        return ""


class Keeper(Protocol):
    """Anything that keeps findings."""

    def add(self, finding: Finding) -> None:
        """Keep one finding."""
        ...


class Basket:
    """Findings in memory."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Keep a finding."""
        self.findings.append(finding)


class Workspace:
    """Findings in a store on disk, with the newest review of the case (see
    `kpilab.track.store.Store`).

    The store is opened for each finding and closed again: a widget may be pressed from any thread.

    Args:
        case: whose findings.
        place: a folder, a .db file or a postgresql:// address; made when the first finding comes.
    """

    def __init__(self, case: Case, place: str | Path = ".") -> None:
        self.case, self.place = case, place

    def add(self, finding: Finding) -> None:
        """Keep a finding.

        Raises:
            BadInput: the store cannot be opened.
        """
        with Store.open(self.place) as store:
            store.add_finding(self.case.name, finding, self.case.language, author=who())
