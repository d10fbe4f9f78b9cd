"""Takes the pictures in docs/images: every app of the workbench and the report, in both languages.

Usage: python docs/screenshots.py [name ...]   (names as in NOTEBOOKS, or "report"; all if none is
given) Needs Chromium and the dev extra. Look at what it took before committing it.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import papermill
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NOTEBOOKS = {
    "review": "00_quarterly_review",
    "goal": "01_goal_review",
    "relation": "02_kpi_goal_relation",
    "whys": "03_five_whys",
    "external": "04_external_factors",
    "execution": "05_execution_audit",
    "funnel": "10_funnel",
    "paths": "11_user_paths",
    "lifecycle": "12_retention_activity",
    "trial": "13_ab_test",
    "definitions": "14_metric_definitions",
}
CHINESE = ("review", "funnel", "report")
PATIENCE = 240_000
START = {"en": re.compile("^(Show|Run the review)$"), "zh": re.compile("^(显示|开始复盘)$")}


def panel_only(name: str, folder: Path, lang: str) -> Path:
    """The notebook up to its app: what follows would only be waited for."""
    notebook = papermill.iorw.load_notebook_node(
        str(ROOT / "notebooks" / f"{NOTEBOOKS[name]}.ipynb")
    )
    last = next(k for k, cell in enumerate(notebook.cells) if "Panel(opened" in cell.source)
    kept = [c for c in notebook.cells[: last + 1] if c.cell_type == "code"]
    notebook.cells = [c for c in kept if "Panel(opened" not in c.source or c is kept[-1]]
    notebook = papermill.parameterize.parameterize_notebook(
        notebook,
        {
            "case": str(ROOT / "data" / "shop"),
            "lang": lang,
            "out": str(folder),
            "workspace": str(folder),
        },
    )
    path = folder / f"{name}_{lang}.ipynb"
    papermill.iorw.write_ipynb(notebook, str(path))
    return path


@contextmanager
def voila(folder: Path) -> Iterator[str]:
    """The folder's notebooks as pages."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "voila",
        str(folder),
        "--no-browser",
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urlopen(address).close()
            break
        except URLError:
            time.sleep(0.5)
    yield address
    server.terminate()
    server.wait(20)


def shoot(page: Page, address: str, name: str, lang: str) -> None:
    """One app after its first answer."""
    page.goto(f"{address}/voila/render/{name}_{lang}.ipynb")
    panel = page.locator(".kp-panel").first
    panel.get_by_role("button", name=START[lang]).click()
    panel.locator(".vega-embed svg").first.wait_for()
    panel.locator(".kp-bar").wait_for(state="detached")
    page.wait_for_timeout(1500)
    panel.screenshot(path=IMAGES / f"{name}_{lang}.png")


def report(page: Page, folder: Path, lang: str) -> None:
    """The first screens of the report."""
    command = [
        sys.executable,
        "-m",
        "kpilab",
        "review",
        str(ROOT / "data" / "shop"),
        "--out",
        str(folder),
    ]
    subprocess.run([*command, "--lang", lang], check=True, stdout=subprocess.DEVNULL)
    page.goto((folder / "review.html").as_uri())
    page.wait_for_selector("html[data-charts=drawn]", state="attached")
    page.screenshot(path=IMAGES / f"report_{lang}.png", clip={"x": 0, "y": 0, "width": 1200,
        "height": 1500},
                    full_page=True)  # fmt: skip


def main(names: list[str]) -> None:
    wanted = names or [*NOTEBOOKS, "report"]
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as play:
        folder = Path(made)
        jobs = [(n, lang) for n in wanted for lang in ("en", "zh") if lang == "en" or n in CHINESE]
        for name, lang in jobs:
            if name != "report":
                panel_only(name, folder, lang)
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1200, "height": 1800}).new_page()
        page.set_default_timeout(PATIENCE)
        with voila(folder) as address:
            for name, lang in jobs:
                if name == "report":
                    report(page, folder / f"report_{lang}", lang)
                else:
                    shoot(page, address, name, lang)
                print(f"{name}_{lang}.png", flush=True)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
