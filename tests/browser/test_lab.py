"""The workbench in a real browser: JupyterLab and Voilà, a click that drills,
a finding that is kept."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from kpilab.track.store import Store
from tests.browser.walk import case_made, gone_in, kept, press, verdict_read
from tests.case.conftest import events

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PATIENCE = 240_000  # milliseconds; a busy machine takes its time
TOKEN = "test"
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    # All cells are on the page, also those below its end.
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture(scope="module")
def page(browser):
    opened = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
    opened.set_default_timeout(PATIENCE)
    return opened


@pytest.fixture
def workspace(tmp_path) -> Path:
    """A copy of the notebooks beside the data, as `kpilab lab` lays them out."""
    shutil.copytree(
        ROOT / "notebooks",
        tmp_path / "notebooks",
        ignore=shutil.ignore_patterns(".*", "kpilab.db*"),
    )
    (tmp_path / "data").symlink_to(ROOT / "data")
    settle(tmp_path)
    return tmp_path


def settle(workspace: Path) -> None:
    """The settings of Lab."""
    for name, values in SETTINGS.items():
        file = workspace / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


@pytest.fixture
def serve(workspace) -> Iterator:
    """Starts a server module on a free port; gives its address once it answers."""
    running: list[subprocess.Popen] = []

    def start(module: str, *arguments: str) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(workspace / "settings")}
        command = [sys.executable, "-m", module, "--no-browser", f"--port={port}", *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        running.append(
            subprocess.Popen(
                command,
                cwd=workspace / "notebooks",
                env=environment,
                start_new_session=True,
                **quiet,
            )
        )
        address = f"http://127.0.0.1:{port}"
        _answers(f"{address}/api" if module == "jupyterlab" else f"{address}/voila/static/voila.js")
        return address

    yield start
    for server in running:
        _stop(server)


@pytest.fixture
def raw(tmp_path) -> Iterator[str]:
    """`kpilab lab` on a folder of raw tables; the address of its home page."""
    (tmp_path / "sales").mkdir()
    events().to_csv(tmp_path / "sales" / "events.csv", index=False)
    settle(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = {"ServerApp": {"port": port, "allow_root": True}, "IdentityProvider": {"token": TOKEN}}
    (tmp_path / "jupyter_server_config.json").write_text(json.dumps(told))
    places = {"JUPYTERLAB_SETTINGS_DIR": tmp_path / "settings", "JUPYTER_CONFIG_DIR": tmp_path}
    command = [sys.executable, "-m", "kpilab", "lab", "sales", "--to", "lab", "--no-browser"]
    server = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {k: str(v) for k, v in places.items()},
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _answers(f"http://127.0.0.1:{port}/api")
    yield f"http://127.0.0.1:{port}/lab/tree/home.ipynb?token={TOKEN}"
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _stop(server: subprocess.Popen) -> None:
    """Asks the server to end; a busy one that takes too long to end its kernels is ended with
    them."""
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _answers(address: str) -> None:
    """Until the server talks; that it knows no such page is an answer, too."""
    for _ in range(240):
        try:
            urlopen(address).close()
            return
        except URLError as error:
            if hasattr(error, "code"):
                return
            time.sleep(0.5)
    raise TimeoutError(address)


def drill(page) -> None:
    """In the funnel's panel: show it, click on the payment bar, add what comes to the review."""
    panel = page.locator(".kp-panel", has=page.locator("h2", has_text=re.compile("^Funnel$")))
    panel.wait_for(state="attached")
    panel.evaluate("panel => panel.scrollIntoView()")  # JupyterLab hides what is off the screen
    panel.get_by_role("button", name="Show", exact=True).click()
    bars = panel.locator(".vega-embed .mark-rect path[aria-label*='step: pay']")
    bars.first.wait_for()
    before = panel.locator(".vega-embed").inner_html()
    bars.last.click()  # who came this far; behind it lie those who came to the step before
    points = panel.locator(".vega-embed .mark-symbol path[aria-label*='android']")
    points.first.wait_for()
    assert panel.locator(".vega-embed").inner_html() != before
    points.first.click()
    panel.get_by_text("platform = android").first.wait_for()
    bars.first.wait_for()
    panel.get_by_role("button", name="Add to the review").click()
    panel.get_by_text("added to the review").wait_for()


@pytest.mark.slow  # the page of a case takes the same way in test_app.py
def test_lab_opens_the_first_notebook_and_a_click_drills(page, serve, workspace):
    lab = ("--ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", "--allow-root")
    address = serve("jupyterlab", *lab)
    page.goto(f"{address}/lab/tree/00_quarterly_review.ipynb?token={TOKEN}")
    page.get_by_text("| Idle").first.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    drill(page)
    with Store.open(workspace / "notebooks" / "review") as store:
        found = store.findings("shop")
    assert [(f.step, f.where.plain()) for f in found] == [("root_cause", {"platform": "android"})]


@pytest.mark.slow
@pytest.mark.parametrize("way", ["mouse en", "keyboard zh"])
def test_lab_goes_from_raw_tables_to_a_saved_view(way, page, raw):
    by, lang = way.split()
    page.on("dialog", lambda asked: asked.accept())  # the notebook is not saved
    page.goto(raw)
    run_all(page, by)
    # Lab takes the way of its notebook first: the language is chosen on the page.
    press(page, by, {"en": "English", "zh": "中文"}[lang])
    case_made(page, by, lang)
    panel = verdict_read(page, by, lang)
    gone_in(page, by, lang, panel)
    kept(page, by, lang, panel)
    page.reload()
    run_all(page, "mouse")  # which cell has the focus after a reload is Lab's own affair
    page.get_by_role("button", name=re.compile("☆ .*·")).first.wait_for()
    page.locator(".kp-home .kp-bar").wait_for(state="detached")  # goal and KPIs are measured
    press(page, by, re.compile("☆ .*·"))
    panel.locator(".kp-table table").wait_for()


def run_all(page, by: str) -> None:
    """Run the two cells of the home page."""
    page.get_by_text("| Idle").first.wait_for()
    if by == "mouse":
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    else:
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1000)
        page.keyboard.press("Control+Enter")
    page.locator(".kp-home").wait_for()


@pytest.mark.slow  # the notebook of the test above once more
def test_voila_shows_the_same_without_code(page, serve, workspace):
    address = serve("voila", "10_funnel.ipynb", "--Voila.ip=127.0.0.1")
    page.goto(address)
    drill(page)
    assert page.get_by_text("kpilab.open_case(case").count() == 0
    with Store.open(workspace / "notebooks") as store:
        found = store.findings("shop")
    assert [(f.step, f.where.plain()) for f in found] == [("root_cause", {"platform": "android"})]
