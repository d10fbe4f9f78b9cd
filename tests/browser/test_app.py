"""`kpilab app` in a real browser: from raw tables to a saved view that a reload finds again, by
mouse and by keyboard; nothing is loaded from elsewhere."""

from __future__ import annotations

import shutil

import pytest

from kpilab.engine.door.files import ending
from kpilab.workbench.saved import FILE
from tests.browser.conftest import serving
from tests.browser.walk import PATIENCE, walk
from tests.case.conftest import events

pytestmark = pytest.mark.browser
# A sample's log of events by either hand in both languages; companies (a sales team, shops, a
# software firm) each in another of these ways.
WAYS = {
    "sample": ("mouse en", "keyboard zh", "keyboard en", "mouse zh"),
    "cc15d50bc": ("mouse en",), "c7b44da30": ("keyboard zh",), "c78899d4f": ("keyboard en",),
    "c7078bb5b": ("mouse zh",),
}  # fmt: skip
WALKS = [(name, way) for name, ways in WAYS.items() for way in ways]


@pytest.fixture(scope="module")
def app(request, tmp_path_factory):
    """The page on a folder of raw tables; its address and the folder."""
    workspace = tmp_path_factory.mktemp("workspace")
    folder = workspace / "sales"
    folder.mkdir()
    if request.param == "sample":
        events().to_csv(folder / "events.csv", index=False)
    else:
        given = request.getfixturevalue("shared") / "companies" / request.param
        if not given.is_dir():
            pytest.skip("no companies in the shared folder")
        for path in given.iterdir():
            if ending(path):
                shutil.copy(path, folder)
    with serving(workspace, "sales") as address:
        yield address, folder


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    yield opened
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize(("app", "way"), WALKS, indirect=["app"])
def test_from_raw_tables_to_a_saved_view(app, way, page):
    (address, folder), (by, lang) = app, way.split()
    outside = []
    (folder / "case.yml").unlink(missing_ok=True)
    # A view kept by the way before stands on the home page under the name of its card.
    (folder.parent / FILE).unlink(missing_ok=True)
    page.on("request", lambda r: outside.append(r.url) if not _near(r.url, address) else None)
    page.goto(f"{address}?lang={lang}")
    walk(page, by, lang)
    assert outside == []


def _near(url: str, address: str) -> bool:
    return url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
