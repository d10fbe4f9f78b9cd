"""A card of the home page: a question, and what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import ipywidgets as widgets

from kpilab.show.html import with_code


def card(
    title: str, asks: str, pressed: Callable[[], object], *, lacks: str = "", able: bool = True,
    main: bool = False,
) -> widgets.VBox:  # fmt: skip
    """A button with the title, and below it what is asked and what it lacks.

    Args:
        pressed: opens it. able: whether it can be pressed yet. main: whether it can be answered.
    """
    button = widgets.Button(description=title, disabled=not able)
    button.button_style = "primary" if main else ""
    button.on_click(lambda _: pressed())
    said = f"<p class='kp-asks'>{escape(asks)}</p>"
    said += f"<p class='kp-lacks'>{with_code(lacks)}</p>" if lacks else ""
    made = widgets.VBox((button, widgets.HTML(said)))
    made.add_class("kp-card")
    return made
