"""The look of a panel: one small style sheet, in the colours of the page it stands on."""

from __future__ import annotations

from importlib.resources import files

STYLE = f"<style>{files('kpilab.workbench').joinpath('look.css').read_text('utf-8')}</style>"


def progress(text: str, done: int = 0, total: int = 0) -> str:
    """A bar as HTML: moving to and fro when nobody knows how long it takes."""
    if not total:
        return f"<div role='status'>{text}<div class='kp-bar kp-busy'><i></i></div></div>"
    width = round(100 * done / total)
    return (
        f"<div role='status'>{text} ({done}/{total})<div class='kp-bar'><i "
        f"style='width:{width}%'></i></div></div>"
    )
