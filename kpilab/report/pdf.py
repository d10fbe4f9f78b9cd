"""review.pdf: the page printed by a headless Chromium, where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from kpilab.core.files import put
from kpilab.errors import BadInput

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)


def pdf(html: Path, target: Path, *, timeout: float = 120) -> Path:
    """Print a report to PDF.

    Args:
        html: a review.html.
        target: the PDF to write; replaced if it is there.
        timeout: seconds the browser may take.
    Returns:
        `target`.
    Raises:
        BadInput: no page, no browser, a browser that fails, or a place that cannot be written.
    """
    html, target = Path(html).resolve(), Path(target)
    if not html.is_file():
        raise BadInput("there is no page to print", str(html), "write the review first")
    with TemporaryDirectory(prefix="kpilab-pdf-") as folder:
        printed = Path(folder) / "review.pdf"
        _run(
            [_browser(), *_options(Path(folder)), f"--print-to-pdf={printed}", html.as_uri()],
            timeout,
        )
        if not printed.is_file():
            raise BadInput(
                "the browser printed nothing", str(html), "open the page and print it from there"
            )
        put(target.parent, {target.name: printed.read_bytes()})
    return target


def _browser() -> str:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise BadInput(
            "a PDF needs Chromium or Chrome, and none is installed",
            "PATH",
            (
                "install chromium (Debian: apt install chromium fonts-noto-cjk), or print the page "
                "from your browser"
            ),
        )
    return found


def _options(folder: Path) -> list[str]:
    options = [
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--no-pdf-header-footer",
        "--disable-dev-shm-usage",
    ]
    options += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000"]
    # Chromium refuses to start its sandbox as root, as in most containers; the page is our own and
    # loads nothing.
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return [*options, "--no-sandbox"] if as_root else options


def _run(command: list[str], timeout: float) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=timeout)  # noqa: S603  # a list, no shell
    except subprocess.TimeoutExpired as error:
        raise BadInput(
            f"the browser took longer than {timeout:g} seconds",
            command[0],
            "print the page from your browser",
        ) from error
    except (subprocess.CalledProcessError, OSError) as error:
        raise BadInput(
            f"the browser failed: {error}", command[0], "print the page from your browser"
        ) from error
