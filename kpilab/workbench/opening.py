"""Which case a notebook is about, in which language, and where its findings are kept."""

from __future__ import annotations

import os
from pathlib import Path

from kpilab.case.read import open_case
from kpilab.core.case import Case
from kpilab.workbench.basket import Workspace
from kpilab.workbench.lab import CASE, LANG, bundled


def begin(
    case: str | Path = "", lang: str = "", workspace: str | Path = "."
) -> tuple[Case, Workspace]:
    """Open the case of a notebook.

    Args:
        case: a folder with a case.yml; "": the one that `kpilab lab CASE` or the variable
            KPILAB_CASE names, else the bundled shop.
        lang: "en" or "zh"; "": that of KPILAB_LANG, else the case's own.
        workspace: where findings are kept.

    Returns:
        The case, and the store of its findings.

    Example:
        >>> from kpilab.workbench import begin
        >>> opened, store = begin("data/shop", "zh")
        >>> opened.language
        'zh'
    """
    chosen = case or os.environ.get(CASE) or bundled()
    opened = open_case(chosen, language=lang or os.environ.get(LANG) or None)
    return opened, Workspace(opened, workspace)
