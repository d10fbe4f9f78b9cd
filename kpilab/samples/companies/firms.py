"""All companies, by name."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.samples.companies.company import Company
from kpilab.samples.companies.shop import SHOP
from kpilab.samples.companies.subscription import SUBSCRIPTION

COMPANIES: Mapping[str, Company] = {firm.name: firm for firm in (SHOP, SUBSCRIPTION)}
