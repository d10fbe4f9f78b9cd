"""Where findings go that somebody adds by hand: a list, and a file of lines beside the work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from kpilab.core.finding import Finding
from kpilab.errors import BadInput
from kpilab.report.document import plain
from kpilab.show.say import LANGUAGES, sentence


class Store(Protocol):
    """Anything that keeps findings."""

    def add(self, finding: Finding) -> None:
        """Keep one finding."""
        ...


class Basket:
    """Findings in memory and, if a folder is given, one JSON line each in its `findings.jsonl`."""

    def __init__(self, folder: str | Path | None = None) -> None:
        self.findings: list[Finding] = []
        self.file = None if folder is None else Path(folder) / "findings.jsonl"

    def add(self, finding: Finding) -> None:
        """Keep a finding.

        Raises:
            BadInput: the file cannot be written.
        """
        if self.file is not None:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(_line(finding), ensure_ascii=False) + "\n")
            except OSError as error:
                raise BadInput(
                    f"cannot write {self.file}: {error.strerror}", "Basket(folder=)", "choose another folder"
                ) from None
        self.findings.append(finding)

    def __len__(self) -> int:
        return len(self.findings)


def _line(finding: Finding) -> dict[str, object]:
    """A finding as plain data, its sentence in every language."""
    return {
        "id": finding.id,
        "step": finding.step,
        "verdict": finding.verdict,
        "subject": finding.subject,
        "where": plain(finding.where.plain()),
        "without": plain(finding.where.plain_without()),
        "period": plain(finding.period),
        "strength": finding.strength,
        "statement": {lang: sentence(finding.statement, lang) for lang in LANGUAGES},
    }
