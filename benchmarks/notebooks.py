"""Run All of every notebook that takes a case, on many cases and in both languages: who stops?

Usage: python benchmarks/notebooks.py [folder of cases ...] [--kinds shop,mix_shift,…]
       [--lang en,zh] [--only 03,10]
Each case runs in a process of its own, its notebooks one after the other in one shell. A cell that
raises is a traceback and is printed; what a panel or an answer says in words is none.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").glob("[01]*.ipynb"))


def stops(case: Path, langs: list[str], only: list[str]) -> Iterator[tuple[str, str, str]]:
    """Notebook, language and the error of every notebook that stops on a case; "" where none."""
    import jupytext
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell = InteractiveShell.instance()
    for path in NOTEBOOKS:
        if only and path.name[:2] not in only:
            continue
        cells = [c for c in jupytext.read(path).cells if c.cell_type == "code"]
        for lang in langs:
            shell.reset()
            with tempfile.TemporaryDirectory() as out:
                os.environ |= {"KPILAB_CASE": str(case), "KPILAB_LANG": lang}
                os.chdir(out)
                yield path.name[:2], lang, _first_error(shell, cells, capture_output)
                os.chdir(ROOT)


def _first_error(shell, cells, quiet) -> str:
    for cell in cells:
        with quiet():
            done = shell.run_cell(cell.source, silent=False)
        error = done.error_before_exec or done.error_in_exec
        if error is not None:
            said = " ".join(str(error).split())[:160]
            return f"{cell.source.splitlines()[-1][:60]} → {type(error).__name__}: {said}"
    return ""


def made(kinds: list[str], folder: Path) -> list[Path]:
    """Sample cases of the product's own kinds."""
    from kpilab.samples.write import write

    return [write(kind, folder / kind.replace(":", "_"), seed=1) for kind in kinds]


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folders", nargs="*", type=Path)
    asked.add_argument("--kinds", default="")
    asked.add_argument("--lang", default="en,zh")
    asked.add_argument("--only", default="")
    asked.add_argument("--case", type=Path)
    given = asked.parse_args()
    only = [n for n in given.only.split(",") if n]
    if given.case:
        for name, lang, error in stops(given.case, given.lang.split(","), only):
            print(f"{given.case.name}\t{name}\t{lang}\t{error or 'ok'}", flush=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        cases = [c.parent for f in given.folders for c in sorted(f.glob("**/case.yml"))]
        cases += made([k for k in given.kinds.split(",") if k], Path(folder))
        runs, stopped, began = 0, 0, time.perf_counter()
        for case in cases:
            command = [sys.executable, __file__, "--case", str(case.resolve())]
            command += ["--lang", given.lang, "--only", given.only]
            ended = subprocess.run(command, capture_output=True, text=True)
            found = [line for line in ended.stdout.splitlines() if line.count("\t") == 3]
            bad = [line for line in found if not line.endswith("\tok")]
            if ended.returncode:
                # The run that took the process with it has no line of its own.
                bad.append(f"{case.name}\tdied\t{ended.returncode}\t{ended.stderr[-300:]}")
            runs, stopped = runs + len(found), stopped + len(bad)
            print("\n".join(bad) if bad else f"{case.name}\tgreen\t{len(found)}", flush=True)
    print(
        f"{runs} runs of {len(cases)} cases, {stopped} stopped, {time.perf_counter() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
