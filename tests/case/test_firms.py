"""First cases of firms nobody prepared: awkward names, ids as numbers, days as texts, several
languages; the draft is one that an analyst would sign."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.cli.first import written

DAYS = pd.date_range("2025-01-01", "2025-12-31")
N = 1200


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def links(first):
    return {f"{x.sheet}.{x.column}": x.to for x in first.found.related.links}


def days(rng, n, form):
    return pd.Series(rng.choice(DAYS, n)).dt.strftime(form)


@pytest.mark.slow
def test_a_clinic_with_umlauts_and_days_of_birth(tmp_path, rng):
    patients = pd.DataFrame({"Pat.-Nr.": 10001 + np.arange(200)})
    patients["Geb.-Datum"] = pd.to_datetime(rng.integers(-9000, 9000, 200), unit="D")
    patients["Geb.-Datum"] = patients["Geb.-Datum"].dt.strftime("%d.%m.%Y")
    patients["Versicherung"] = rng.choice(["GKV", "PKV"], 200)
    patients["Aufnahme am"] = days(rng, 200, "%d.%m.%Y")
    doctors = pd.DataFrame({"Arzt-ID": range(1, 9), "Standort": ["Mitte", "Nord"] * 4})
    visits = pd.DataFrame({"Termin-Nr.": 500000 + np.arange(N), "Datum": days(rng, N, "%d.%m.%Y")})
    visits["Patient"] = rng.choice(patients["Pat.-Nr."], N)
    visits["Arzt"] = rng.choice(doctors["Arzt-ID"], N)
    visits["Wartezeit (Min.)"] = rng.poisson(18, N)
    bills = visits[["Termin-Nr.", "Datum"]].rename(columns={"Datum": "Rechnungsdatum"})
    bills.insert(0, "Rechnungsnr.", [f"R-{k}" for k in range(N)])
    bills["Betrag (EUR)"] = [f"{v:.2f}".replace(".", ",") for v in rng.gamma(4, 30, N)]
    tables = {"Patienten": patients, "Ärzte": doctors, "Termine 2025": visits, "Rechnungen": bills}
    for name, frame in tables.items():
        frame.to_csv(tmp_path / f"{name}.csv", sep=";", index=False, encoding="cp1252")
    first = written(tmp_path)
    assert links(first) == {
        "rechnungen.Termin-Nr.": "termine_2025", "termine_2025.Patient": "patienten",
        "termine_2025.Arzt": "ärzte",
    }  # fmt: skip
    assert first.draft.measure == 'sum("Betrag (EUR)")'
    assert first.case.customer.table == "patienten"
    assert first.case.sources["patienten"].time == "Aufnahme am"
    assert "ärzte.Standort" in first.found.guesses["rechnungen"].dimensions
    assert not [m for m in first.case.metrics if m in ("patient", "arzt")]


@pytest.mark.slow
def test_a_carrier_with_keys_in_decimals_and_a_workbook_of_masters(tmp_path, rng):
    customers = pd.DataFrame(
        {"Cust #": 7000 + np.arange(60), "Company": [f"F{k}" for k in range(60)]}
    )
    depots = pd.DataFrame({"Depot Code": [f"D{k}" for k in range(8)], "Region": ["E", "W"] * 4})
    sent = pd.DataFrame({"Shipment No": 90000 + 3 * np.arange(N)})
    sent["Pickup Date"] = days(rng, N, "%m/%d/%Y")
    sent["Cust #"] = rng.choice(customers["Cust #"], N).astype(float)
    sent["From Depot"] = rng.choice(depots["Depot Code"], N)
    sent["Weight"] = rng.gamma(3, 200, N).round(1)
    sent["Freight Charge"] = [f"${v:,.2f}" for v in rng.gamma(4, 300, N)]
    sent.to_csv(tmp_path / "Shipments_Export.csv", index=False)
    with pd.ExcelWriter(tmp_path / "Master Data.xlsx") as book:
        customers.to_excel(book, sheet_name="Customers", index=False)
        depots.to_excel(book, sheet_name="Depots", index=False)
    first = written(tmp_path)
    assert links(first) == {
        "shipments_export.Cust #": "master_data_customers",
        "shipments_export.From Depot": "master_data_depots",
    }
    assert first.draft.measure == 'sum("Freight Charge")'
    assert first.case.customer.table == "master_data_customers"
    assert "master_data_depots.Region" in first.found.guesses["shipments_export"].dimensions


def test_a_chinese_software_firm_in_gb18030(tmp_path, rng):
    firms = pd.DataFrame({"客户编号": [f"KH{k:05d}" for k in range(150)]})
    firms["行业"] = rng.choice(["教育", "零售"], 150)
    firms["注册日期"] = days(rng, 150, "%Y年%m月%d日")
    bills = pd.DataFrame(
        {"账单号": 2024000001 + np.arange(N), "客户编号": rng.choice(firms["客户编号"], N)}
    )
    bills["账单日期"] = days(rng, N, "%Y/%m/%d")
    bills["应付金额"] = [f"¥{v:,.2f}" for v in rng.choice([1200, 3600, 9800.5], N)]
    bills["支付状态"] = rng.choice(["已付", "未付"], N)
    bills["满意度"] = rng.integers(1, 6, N)
    for name, frame in {"客户表": firms, "账单": bills}.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False, encoding="gb18030")
    first = written(tmp_path)
    assert links(first) == {"账单.客户编号": "客户表"}
    assert (first.draft.measure, first.case.customer.table) == ("sum(应付金额)", "客户表")
    assert "支付状态" not in first.found.guesses["账单"].dimensions
    assert first.draft.metrics["mean_满意度"]["denominator"] == "count(满意度)"


def test_lines_have_the_time_of_their_order_not_that_of_a_deadline(tmp_path, rng):
    orders = pd.DataFrame({"order_id": [f"o{k}" for k in range(N)]})
    orders["customer_id"] = rng.choice([f"c{k}" for k in range(90)], N)
    orders["bought_at"] = days(rng, N, "%Y-%m-%d")
    lines = pd.DataFrame({"order_id": rng.choice(orders["order_id"], 2 * N)})
    lines["ship_limit_date"] = days(rng, 2 * N, "%Y-%m-%d")
    lines["amount"] = rng.gamma(2, 30, 2 * N).round(2)
    customers = pd.DataFrame({"customer_id": [f"c{k}" for k in range(90)], "region": "x"})
    for name, frame in {"orders": orders, "order_lines": lines, "customers": customers}.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    found = written(tmp_path).found.guesses
    assert found["order_lines"].roles["time"] == "orders.bought_at"
