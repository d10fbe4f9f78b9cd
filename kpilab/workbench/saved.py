"""Saved views: links with a name, kept in a file of the workspace."""

from __future__ import annotations

import json
from pathlib import Path

from kpilab.core.files import unwritable

FILE = "kpilab-views.json"


class Saved:
    """The saved views of a case: name -> query of its link, oldest first.

    Args:
        folder: the workspace. case: the name of the case.
    """

    def __init__(self, folder: str | Path, case: str) -> None:
        self.path, self.case = Path(folder) / FILE, case

    def all(self) -> dict[str, str]:
        """Name -> query."""
        return dict(self._read().get(self.case, {}))

    def keep(self, name: str, query: str) -> None:
        """Save a view; one of the same name is replaced.

        Raises:
            BadInput: the folder cannot be written.
        """
        self._write(self.all() | {name: query})

    def drop(self, name: str) -> None:
        """Forget a view."""
        self._write({k: v for k, v in self.all().items() if k != name})

    def _read(self) -> dict[str, dict[str, str]]:
        if not self.path.is_file():
            return {}
        return json.loads(self.path.read_text("utf-8"))

    def _write(self, views: dict[str, str]) -> None:
        text = json.dumps(self._read() | {self.case: views}, ensure_ascii=False, indent=1)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(text, "utf-8")
        except OSError as error:
            raise unwritable(self.path, error, "the view", "choose another workspace") from error
