"""A file of invoices has the columns and the form that FOCUS 1.4 wants of Invoice Detail, and ties out with the costs.

No published validator reads this dataset; columns, forms and what may be null are written down from the specification.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.billing_settings import Invoice
from costctl.documents.settings import Settings
from costctl.finance.export import FocusExport
from costctl.finance.invoices import on_invoices
from costctl.render import exported
from tests.command_line import costctl
from tests.finance.two_days import SETTINGS, exported_of, over_midnight, read

INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
NUMBER = r"-?\d+(\.\d+)?"
NAMED = r"\S(.*\S)?"
# Column → its form. Those that may be null are named below.
SCHEMA = {
    "BilledCost": NUMBER,
    "BillingAccountId": NAMED,
    "BillingCurrency": r"[A-Z]{3}",
    "BillingPeriodEnd": INSTANT,
    "BillingPeriodStart": INSTANT,
    "ChargeCategory": "Usage|Purchase|Tax|Credit|Adjustment",
    "InvoiceDetailCreated": INSTANT,
    "InvoiceDetailDescription": NAMED,
    "InvoiceDetailGrain": r"\{.+\}",
    "InvoiceDetailId": NAMED,
    "InvoiceDetailLastUpdated": INSTANT,
    "InvoiceId": NAMED,
    "InvoiceIssueDate": INSTANT,
    "InvoiceIssueStatus": "Open|Issued|Voided",
    "InvoiceIssuerName": NAMED,
    "PaymentCurrency": r"[A-Z]{3}",
    "PaymentCurrencyBilledCost": NUMBER,
    "PaymentCurrencyInvoiceDetailId": NAMED,
    "PaymentDueDate": INSTANT,
    "PaymentTerms": NAMED,
    "PurchaseOrderNumber": NAMED,
    "ReferenceInvoiceId": NAMED,
}
MAY_BE_NULL = {"InvoiceIssueDate", "PaymentDueDate", "PurchaseOrderNumber"}
GRAINS = {
    "ContractId", "RegionId", "ResourceId", "ResourceType", "ServiceName", "SkuId", "SkuMeter", "SkuPriceId",
    "SubAccountId",
}  # fmt: skip

OF_POOL = Invoice("gpu", "1970-01", id="GPU-1", terms="Net 30")
OF_PROVIDER = Invoice(
    "openai", "1970-01", "OA-1", "Due on receipt", "Open", date(1970, 2, 3), date(1970, 3, 5), "PO 7"
)


def invoiced(pool_usd: float, provider_usd: float) -> Settings:
    bills = {"gpu": {"1970-01": pool_usd}, "openai": {"1970-01": provider_usd}}
    return msgspec.structs.replace(SETTINGS, bills=bills, invoices=(OF_POOL, OF_PROVIDER))


def invoice_rows(export: FocusExport) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported.invoice_csv(export))))


@pytest.fixture(scope="module")
def two_invoices() -> FocusExport:
    return exported_of(over_midnight(), settings=invoiced(9_000.0, 0.01))


def sums_usd(rows: list[dict[str, str]], by: str) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row[by]] += Decimal(row["BilledCost"])
    return dict(sums)


def test_every_cell_has_the_form_that_the_specification_gives_its_column(two_invoices: FocusExport) -> None:
    rows = invoice_rows(two_invoices)
    assert len(rows) == 6  # a pool's hours, its difference and the rest; two meters of tokens, and the rest
    for row in rows:
        assert list(row) == list(SCHEMA)
        for name, form in SCHEMA.items():
            allowed = f"{form}|NULL" if name in MAY_BE_NULL else form
            assert re.fullmatch(allowed, row[name]), (name, row[name])
        grain = json.loads(row["InvoiceDetailGrain"])
        assert all(key in GRAINS or re.fullmatch(r"x_([A-Z][a-z]+)+", key) for key in grain)
        assert row["PaymentCurrencyInvoiceDetailId"] == row["InvoiceDetailId"]
        assert row["ReferenceInvoiceId"] == row["InvoiceId"]
    ids = [(row["InvoiceId"], row["InvoiceDetailId"]) for row in rows]
    assert len(set(ids)) == len(ids)


def test_an_invoice_adds_up_to_its_amount_and_its_items_to_the_costs(two_invoices: FocusExport) -> None:
    rows, costs = invoice_rows(two_invoices), read(two_invoices)
    assert sums_usd(rows, "InvoiceId") == {"GPU-1": Decimal(9_000), "OA-1": Decimal("0.01")}
    in_costs = sums_usd([row for row in costs if row["InvoiceDetailId"] != "NULL"], "InvoiceDetailId")
    itemised = [row for row in rows if "x_InvoiceLine" not in row["InvoiceDetailGrain"]]
    assert sums_usd(itemised, "InvoiceDetailId") == in_costs


def test_only_what_is_on_an_invoice_names_one_and_its_issuer(two_invoices: FocusExport) -> None:
    costs = read(two_invoices)
    named = {(row["ServiceCategory"], row["InvoiceId"]) for row in costs}
    assert named == {
        ("Compute", "GPU-1"),
        ("AI and Machine Learning", "OA-1"),
        ("Storage", "NULL"),
        ("Networking", "NULL"),
    }
    issuers = {(row["InvoiceId"], row["InvoiceIssuerName"]) for row in invoice_rows(two_invoices)}
    assert issuers == {
        (row["InvoiceId"], row["InvoiceIssuerName"]) for row in costs if row["InvoiceId"] != "NULL"
    }
    assert [row["InvoiceId"] for row in costs] == [row["InvoiceId"] for row in read(two_invoices, "1.2")]


def test_an_invoice_that_is_what_the_calls_cost_has_no_rest() -> None:
    # 1,000 tokens in at 0.15 and 7 out at 0.60 USD for a million
    export = exported_of(over_midnight(), settings=invoiced(9_000.0, 0.0001542))
    of_provider = [row for row in invoice_rows(export) if row["InvoiceId"] == "OA-1"]
    assert [row["ChargeCategory"] for row in of_provider] == ["Usage", "Usage"]
    assert not any("openai" in note for note in export.invoice_notes)


def test_what_costs_more_than_was_invoiced_is_a_line_below_zero() -> None:
    export = exported_of(over_midnight(), settings=invoiced(9_000.0, 0.0001))
    rest = [row for row in invoice_rows(export) if row["InvoiceId"] == "OA-1"][-1]
    assert Decimal(rest["BilledCost"]) == Decimal("-0.0000542")
    assert rest["InvoiceDetailDescription"] == "In the file of costs, and not invoiced"
    assert any("-0.000054 USD of the invoice of openai for 1970-01" in note for note in export.invoice_notes)


@given(st.floats(0, 1e6), st.floats(0, 1e3))
def test_whatever_was_invoiced_the_lines_add_up_to_it(
    two_invoices: FocusExport, pool_usd: float, provider_usd: float
) -> None:
    _, lines = on_invoices(two_invoices.lines, invoiced(pool_usd, provider_usd))
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.invoice.id] += line.usd
    for name, usd in (("GPU-1", pool_usd), ("OA-1", provider_usd)):
        assert abs(sums[name] - Decimal(repr(usd))) < Decimal("0.0000005")


def test_an_amount_without_an_invoice_is_said() -> None:
    settings = msgspec.structs.replace(invoiced(9_000.0, 0.01), invoices=(OF_POOL,))
    export = exported_of(over_midnight(), settings=settings)
    assert {row["InvoiceId"] for row in invoice_rows(export)} == {"GPU-1"}
    assert "Amounts in [bills] without [[invoices]], which are not in the file: 1." in export.invoice_notes


@pytest.mark.parametrize(
    ("invoices", "why"),
    [
        ((OF_POOL, OF_POOL), "invoices[2] is of gpu in 1970-01, as an earlier one is"),
        (
            (msgspec.structs.replace(OF_POOL, month="1970-02"),),
            "invoices[1] is of gpu in 1970-02, for which [bills] has no amount",
        ),
    ],
)
def test_an_invoice_of_no_amount_or_of_one_that_is_named_already_is_refused(
    invoices: tuple[Invoice, ...], why: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        msgspec.structs.replace(invoiced(1.0, 1.0), invoices=invoices)


def test_the_command_writes_csv_and_parquet_and_refuses_what_is_not_known(
    repository: Path, tmp_path: Path
) -> None:
    store = ("--store", "month.duckdb")
    loaded = costctl(
        tmp_path, "ingest", *store, str(repository / "sample_traces" / "gateway_spend.jsonl"), "-q"
    )
    assert loaded.returncode == 0, loaded.stderr
    asked = ("export", "--format", "focus-invoices", *store, "-q")
    contract = (repository / "sample_traces" / "contract.toml").read_text()
    config = tmp_path / "costctl.toml"
    config.write_text(contract)
    refused = costctl(tmp_path, *asked)
    assert refused.returncode == 2
    assert "No invoice is known." in refused.stderr
    config.write_text((repository / "sample_traces" / "invoices.toml").read_text())
    assert config.read_text().startswith(contract)
    for name in ("invoices.csv", "invoices.parquet"):
        done = costctl(tmp_path, *asked, "-o", name)
        assert done.returncode == 0, done.stderr
        assert "2 invoices, $2.00, of which $0.706 in the file of costs" in done.stdout + done.stderr
    frame = pl.read_parquet(tmp_path / "invoices.parquet")
    assert frame.columns == list(SCHEMA)
    assert frame["BilledCost"].sum() == 2
    assert frame["InvoiceIssueDate"].dt.strftime("%F").unique().to_list() == ["2026-12-01"]
    old = costctl(tmp_path, *asked, "--focus-version", "1.2")
    assert old.returncode == 2
    assert "FOCUS has Invoice Detail from version 1.4 on." in old.stderr
