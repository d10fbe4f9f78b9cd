"""Takes the pictures of the way from raw tables to a saved view: the page in both languages, and
JupyterLab in its light and its dark theme; and those of dark pages.

Usage: PYTHONPATH=. python docs/first_use.py [name ...]   (names as in WANTED; all if none is
given) Needs Chromium and the dev extra. Look at what it took before committing it.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
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

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, serving
from tests.browser.walk import SAYS, case_made, gone_in, kept, press, verdict_read

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PATIENCE = 240_000
TABLE, TOKEN = "events.parquet", "pictures"
SIZE = {"width": 1280, "height": 960}
WANTED = ("app_en", "app_zh", "lab_light", "lab_dark", "dark_en")


def shoot(page: Page, name: str, top: str | None = None) -> None:
    """What stands in the window, in 256 colours; `top` is scrolled to its upper edge."""
    if top:
        page.locator(top).first.evaluate("e => e.scrollIntoView({block: 'start'})")
    page.mouse.move(0, 0)
    page.wait_for_timeout(2000)  # charts are drawn after what is said about them
    taken = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    few = taken.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(IMAGES / f"{name}.png", optimize=True)
    print(f"{name}.png {(IMAGES / f'{name}.png').stat().st_size // 1000} kB", flush=True)


def app(page: Page, folder: Path, lang: str) -> None:
    """The steps on the page."""

    def taken(step: str) -> None:
        if step == "verdict":
            shoot(page, f"first_verdict_{lang}", ".kp-home")

    with serving(folder, "sales") as address:
        page.goto(f"{address}?lang={lang}")
        page.get_by_role("button", name=SAYS[lang]["write"]).wait_for()
        # The folder of the machine that takes the picture is nobody's concern.
        page.locator("input[type=text]").evaluate_all(
            "all => all.forEach(e => { if (e.value.startsWith('/')) e.value = 'sales'; })"
        )
        shoot(page, f"first_case_{lang}")
        case_made(page, "mouse", lang)
        panel = verdict_read(page, "mouse", lang, taken)
        panel.locator(".vega-embed svg").first.wait_for()
        shoot(page, f"first_place_{lang}")
        gone_in(page, "mouse", lang, panel)
        kept(page, "mouse", lang, panel)
        page.reload()
        panel.locator(".kp-table table").wait_for()
        shoot(page, f"first_records_{lang}")
        press(page, "mouse", re.compile(SAYS[lang]["home"]))
        page.get_by_role("button", name=re.compile("☆ .*·")).wait_for()
        shoot(page, f"first_saved_{lang}")


@contextmanager
def jupyterlab(folder: Path, theme: str) -> Iterator[str]:
    """`kpilab lab` on the folder of raw tables; the address of its home page."""
    settings = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "apputils-extension/themes": {"theme": f"JupyterLab {theme.title()}"},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, values in settings.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"ServerApp": {"port": port, "allow_root": True}, "IdentityProvider": {"token": TOKEN}}
    (folder / "settings" / "jupyter_server_config.json").write_text(json.dumps(told))
    places = dict.fromkeys(("JUPYTERLAB_SETTINGS_DIR", "JUPYTER_CONFIG_DIR"), folder / "settings")
    command = [sys.executable, "-m", "kpilab", "lab", "sales", "--to", "lab", "--no-browser"]
    server = subprocess.Popen(
        command, cwd=folder, env=os.environ | {k: str(v) for k, v in places.items()},
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    for _ in range(240):
        try:
            urlopen(f"http://127.0.0.1:{port}/api").close()
            break
        except URLError:
            time.sleep(0.5)
    yield f"http://127.0.0.1:{port}/lab/tree/home.ipynb?token={TOKEN}"
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def lab(page: Page, folder: Path, theme: str) -> None:
    """The verdict, in JupyterLab."""
    with jupyterlab(folder, theme) as address:
        page.goto(address)
        page.get_by_text("| Idle").first.wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.locator(".kp-home").wait_for()
        press(page, "mouse", "English")
        case_made(page, "mouse", "en")
        press(page, "mouse", SAYS["en"]["review"])
        page.locator(".kp-panel .vega-embed svg").first.wait_for()
        page.locator(".kp-panel .kp-bar").wait_for(state="detached")
        shoot(page, f"first_lab_{theme}", ".kp-home")


def dark(page: Page, folder: Path, lang: str) -> None:
    """The shop on dark pages: its home, its funnel and how that differs from the baseline."""
    with serving(folder, ROOT / "data" / "shop") as address:
        page.goto(f"{address}?lang={lang}&theme=dark")
        page.locator(".kp-home table").wait_for()
        shoot(page, f"home_dark_{lang}")
        press(page, "mouse", re.compile("^Funnel$"))
        press(page, "mouse", re.compile("^Show$"))
        page.locator(".vega-embed svg").first.wait_for()
        shoot(page, f"funnel_steps_dark_{lang}")
        press(page, "mouse", re.compile("[Cc]ompare.*baseline"))
        page.locator("b[aria-current=step]").wait_for()
        page.locator(".kp-bar").wait_for(state="detached")
        shoot(page, f"funnel_dark_{lang}")


def main(names: list[str]) -> None:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name in names or WANTED:
            page = browser.new_context(viewport=SIZE).new_page()
            page.set_default_timeout(PATIENCE)
            where, how = name.split("_")
            with tempfile.TemporaryDirectory() as made:
                (Path(made) / "sales").mkdir()
                shutil.copy(ROOT / "data" / "shop" / TABLE, Path(made) / "sales")
                {"app": app, "lab": lab, "dark": dark}[where](page, Path(made), how)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
