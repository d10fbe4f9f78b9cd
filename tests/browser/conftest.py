"""A Chromium for the tests of a file, and the page of a case to look at with it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def browser() -> Iterator:
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with sync.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def serving(workspace: Path, case: Path | str) -> Iterator[str]:
    """`kpilab app CASE`, called in that folder; its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "kpilab", "app", str(case), f"--port={port}", "--no-browser"]
    server = subprocess.Popen(
        command, cwd=workspace, env=os.environ, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}/"
    for _ in range(240):
        try:
            urlopen(address + "voila/static/voila.js").close()
            break
        except URLError as error:
            if hasattr(error, "code"):
                break
            time.sleep(0.5)
    yield address
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
