"""Writes the table in docs/how-to/panels.md: what each panel says where its input is missing.

Usage: python docs/panels.py
"""

from __future__ import annotations

from pathlib import Path

from kpilab import workbench
from kpilab.core.values import Message
from kpilab.show.say import label, sentence
from kpilab.workbench.home import QUESTIONS

PAGE = Path(__file__).parent / "how-to" / "panels.md"
HEAD = (
    "| panel | view | it says, where its input is missing | 缺少输入时的提示 |\n|---|---|---|---|\n"
)


def table() -> str:
    """The table, a row per panel and view that need something beyond goal and metrics."""
    rows = []
    for name in QUESTIONS:
        app = getattr(workbench, name.upper())
        for view in app.needs:
            for need in app.needs[view]:
                said = [sentence(Message(f"workbench.lacks_{need}"), lang) for lang in ("en", "zh")]
                titles = [label(f"workbench.{name}"), f"`{view}`" if view else "all"]
                rows.append(f"| {' | '.join([*titles, *said])} |")
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    text = PAGE.read_text("utf-8")
    PAGE.write_text(text[: text.index(HEAD)] + table(), "utf-8")


if __name__ == "__main__":
    main()
