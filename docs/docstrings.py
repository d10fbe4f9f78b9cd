"""Lets the reference show the house's section "Example:" as code (the parser knows "Examples:"
only)."""

from __future__ import annotations

import griffe


class Examples(griffe.Extension):
    """Renames the section while a docstring is read; the source stays as it is."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring is not None:
            obj.docstring.value = obj.docstring.value.replace("Example:\n", "Examples:\n")
