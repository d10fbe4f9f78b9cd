"""The bundled case, opened once."""

from __future__ import annotations

from pathlib import Path

import pytest

import kpilab

SHOP = Path(__file__).parents[2] / "data" / "shop"


@pytest.fixture(scope="session")
def shop():
    return kpilab.open_case(SHOP)
