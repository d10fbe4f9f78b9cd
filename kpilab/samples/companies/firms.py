"""All companies, by name."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.samples.companies.clinic import CLINIC
from kpilab.samples.companies.company import Company
from kpilab.samples.companies.factory import FACTORY
from kpilab.samples.companies.market import MARKET
from kpilab.samples.companies.restaurants import RESTAURANTS
from kpilab.samples.companies.sales import SALES
from kpilab.samples.companies.shop import SHOP
from kpilab.samples.companies.subscription import SUBSCRIPTION

_ALL = (SHOP, SUBSCRIPTION, SALES, CLINIC, FACTORY, MARKET, RESTAURANTS)
COMPANIES: Mapping[str, Company] = {firm.name: firm for firm in _ALL}
