"""The documentation: every page is reachable, every analysis is in the reference,
what pages show as code runs."""

from __future__ import annotations

import re
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import kpilab
from kpilab.public import written

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
SHOWN = sorted(
    str(p.relative_to(ROOT))
    for p in (ROOT / "README.md", *DOCS.rglob("*.md"))
    if "```python" in p.read_text("utf-8")
)


def config() -> dict:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))


def pages(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else []
    return [page for part in parts for page in pages(part)]


def test_every_page_is_in_the_navigation_and_exists():
    named = pages(config()["nav"])
    assert sorted(named) == sorted(str(p.relative_to(DOCS)) for p in DOCS.rglob("*.md"))


def test_what_the_reference_names_exists():
    text = "\n".join(p.read_text("utf-8") for p in (DOCS / "reference").glob("*.md"))
    named = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    assert len(named) > 20
    assert [name for name in named if find_spec(name) is None] == []


def test_every_benchmark_with_figures_exists():
    for page in (DOCS / "benchmarks").glob("*.md"):
        scripts = re.findall(r"benchmarks/(\w+)\.py", page.read_text("utf-8"))
        assert scripts, page.name
        assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in scripts), page.name


def test_nothing_is_loaded_from_outside():
    assert config()["theme"]["font"] is False
    assert not [
        p for p in DOCS.rglob("*.md") if re.search(r"!\[[^]]*\]\(https?:", p.read_text("utf-8"))
    ]


def test_the_glossary_has_every_public_name_and_names_what_is_there():
    """In both languages; panels, files and sample worlds are no terms of the field."""
    text = (DOCS / "glossary.md").read_text("utf-8")
    named = set(re.findall(r"`kpilab\.([\w.]+)`", text)) - {"funnel"}
    assert all(attrgetter(name)(kpilab).__doc__ for name in named)
    beside = ("workbench", "report", "samples")
    public = {n for n, path in written().items() if path.split(".")[1] not in beside}
    assert public - {name.rpartition(".")[2] for name in named} == set()
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")]
    terms = [row for row in rows if row[1].strip() != "中文"]
    assert [row[0] for row in terms if not re.search(r"[\u4e00-\u9fff]", row[1] + row[3])] == []
    at_top = {row[4].split("`")[1].rpartition(".")[2] for row in terms if "★" in row[0]}
    rooms = {name for name in public if name in dir(kpilab) and name[0].islower()}
    assert at_top == rooms - {"open_case", "review"}


@pytest.fixture(scope="module")
def reviewed():
    """The review of the bundled shop, which three pages show the steps after."""
    return kpilab.review(kpilab.open_case(ROOT / "data/shop"))


def public_tables(folder: Path) -> None:
    """A little of each public table that a page reads, with the columns it reads."""
    n, rng = 400, np.random.default_rng(1)
    day = pd.Timestamp("2017-06-01") + pd.to_timedelta(rng.integers(0, 390, n), "D")
    order = pd.DataFrame({"order_id": np.arange(n), "customer_id": np.arange(n)})
    order.assign(order_purchase_timestamp=day).to_csv(folder / "olist_orders.csv", index=False)
    order.assign(customer_unique_id=rng.integers(0, 250, n)).drop(columns="order_id").to_csv(
        folder / "olist_customers.csv", index=False
    )
    order.assign(payment_value=rng.gamma(2, 50, n)).drop(columns="customer_id").to_csv(
        folder / "olist_order_payments.csv", index=False
    )
    sold = pd.DataFrame({"Order Date": day + pd.Timedelta(days=365), "Category": "Furniture"})
    sold["Sub-Category"] = rng.choice(["Tables", "Chairs"], n)
    sold["Quantity"], sold["Discount"] = rng.integers(1, 9, n), rng.choice([0, 0.2], n)
    sold["Sales"] = sold["Quantity"] * 100 * (1 - sold["Discount"])
    sold.assign(Profit=sold["Sales"] * 0.1).to_csv(folder / "superstore.csv", index=False)


@pytest.mark.few(2)
@pytest.mark.parametrize("page", SHOWN)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, reviewed):
    for name in ("data/shop", "try"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / "data/shop")
    public_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kpilab, "review", lambda case: reviewed)
    known: dict[str, object] = {}
    for block in CODE.findall((ROOT / page).read_text("utf-8")):
        exec(compile(block, page, "exec"), known)


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/stability.md"])
def test_the_maps_of_the_code_name_what_is_there(page):
    named = re.findall(r"`([a-z_/]+\.(?:pyi?|json))`", (ROOT / page).read_text("utf-8"))
    assert named
    assert [
        n
        for n in named
        if not (ROOT / "kpilab" / n).exists() and not (ROOT / n).exists() and n != "review.json"
    ] == []
