"""A reference page per public function: what its docstring says, an example, and what that gives.

Examples stand in the docstring, or, where they need data of their own, in `docs/examples/<room>.py`
under the function's name; the first cell of a file comes before each of them. A hook of mkdocs.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

import kpilab
from kpilab.core.result import Result
from kpilab.public import thing, written

ROOT = Path(__file__).parents[1]
MOST_ROWS = 8


def functions() -> dict[str, str]:
    """Public function -> its room; at the top of kpilab it is that of its module."""
    found = {name: thing(name) for name in written()}
    return {n: _room(n, f) for n, f in found.items() if inspect.isfunction(f)}


def _room(name: str, function: Any) -> str:
    path = written()[name].split(".")
    parts = function.__module__.split(".")
    return path[1] if len(path) > 2 else parts[2] if parts[1] == "analysis" else "review"


@cache
def cells(room: str) -> Mapping[str, str]:
    """Code by function; "" is what comes before each."""
    path = ROOT / f"docs/examples/{room}.py"
    text = path.read_text("utf-8") if path.exists() else ""
    parts = [part.partition("\n") for part in text.split("# %%")[1:]]
    return {name.strip(): code.strip() for name, _, code in parts}


def example(name: str, room: str) -> str:
    """The code of an example; "" if there is none."""
    if name in cells(room):
        return "\n\n".join(part for part in (cells(room)[""], cells(room)[name]) if part)
    told = doctest.DocTestParser().get_examples(inspect.getdoc(thing(name)) or "")
    return "".join(one.source for one in told).strip()


def known() -> dict[str, Any]:
    """What an example of a docstring may name: the public names, and the bundled case."""
    import numpy as np

    case = kpilab.open_case(ROOT / "data/shop")
    found: dict[str, Any] = {name: thing(name) for name in written()}
    return found | {
        "np": np,
        "pd": pd,
        "kpilab": kpilab,
        "case": case,
        "log": case.tables["events"],
    }


def run(code: str) -> tuple[str, Any]:
    """What the code prints, and the value of its last line."""
    names, tree, printed, value = known(), ast.parse(code), io.StringIO(), None
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        os.symlink(ROOT / "data", "data")
        names["folder"] = Path(folder)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, "example", "exec"), names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "example", "eval"), names)
    return printed.getvalue().strip(), value


def shown(value: Any) -> str:
    """A value as text: of a result its sentence and the first rows of its table."""
    if value is None:
        return ""
    if isinstance(value, Result):
        rows = value.table.head(MOST_ROWS).to_string(index=False, max_colwidth=40)
        return f"{value.summary()}\n\n{rows}"
    return str(value)


def page(name: str, room: str) -> tuple[str, str | None]:
    """A page, and the picture of its result if it draws one."""
    function = thing(name)
    printed, value = run(code := example(name, room))
    told = "\n\n".join(part for part in (printed, shown(value)) if part)
    parts = [f"# {written()[name]}", f"::: {function.__module__}.{function.__name__}"]
    if isinstance(value, Result):
        parts.append(f"::: {type(value).__module__}.{type(value).__name__}")
    parts += ["## Example", f"```python\n{code}\n```", f"```text\n{told}\n```"]
    picture = drawn(value)
    if picture:
        parts.append(f"![What the example gives, drawn]({name}.svg)")
    return "\n\n".join(parts) + "\n", picture


def drawn(value: Any) -> str | None:
    """The picture of a result, or None."""
    if not isinstance(value, Result) or value.table.empty:
        return None
    import vl_convert

    return vl_convert.vegalite_to_svg(value.chart().to_json())


def on_config(config: Any) -> Any:
    """Lists the pages under Reference, by room."""
    rooms: dict[str, list[str]] = {}
    for name, room in sorted(functions().items()):
        rooms.setdefault(room, []).append(f"reference/{room}/{name}.md")
    (reference,) = (part for part in config.nav if "Reference" in part)
    reference["Reference"] += [{room: pages} for room, pages in sorted(rooms.items())]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Writes the pages."""
    from mkdocs.structure.files import File

    for name, room in functions().items():
        text, picture = page(name, room)
        files.append(File.generated(config, f"reference/{room}/{name}.md", content=text))
        if picture:
            files.append(File.generated(config, f"reference/{room}/{name}.svg", content=picture))
    return files
