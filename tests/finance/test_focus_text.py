"""Texts of a FOCUS file: as they are or in ASCII, never blank, never a formula, and tenants not by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from costctl.finance.export import FocusExport, hashed
from costctl.finance.focus_column import FOCUS_VERSIONS, Common, FocusVersion
from costctl.finance.line import Beneficiary, Item, Line, Service
from costctl.render import exported
from tests.finance.two_days import exported_of, over_midnight, read

COMMON = Common("acme", None, {}, "method", "digest", None)


def one_line(tenant: str | None, usd: str = "1.5") -> FocusExport:
    """An adjustment for that tenant."""
    service = Service("self-hosted", "Compute", "Other (Compute)", "Accelerator replicas")
    item = Item(service, "replica/gpu", "Replica Hours", "Hours", "GPU-Hours", "gpu", "pool of accelerators")
    whose = Beneficiary("chat", tenant)
    line = Line(date(2026, 11, 3), "adjustment", item, whose, Decimal(usd), "What an invoice differs by")
    return FocusExport((line,), COMMON, ())


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_text_that_a_spreadsheet_would_run_has_a_quote_in_front(start: str, version: FocusVersion) -> None:
    text = f"{start}1+1"
    (row,) = read(one_line(text), version)
    assert row["SubAccountId"] == f"'{text}"
    assert exported.focus_columns(one_line(text), version)["SubAccountId"].to_list() == [text]


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
def test_a_negative_amount_is_left_a_number(version: FocusVersion) -> None:
    (row,) = read(one_line(None, "-12.50"), version)
    assert (row["BilledCost"], row["EffectiveCost"], row["ListCost"]) == ("-12.50", "-12.50", "-12.50")


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
@pytest.mark.parametrize("usd", ["1E+3", "1E-12", "0E-9"])
def test_a_number_is_written_without_an_exponent(usd: str, version: FocusVersion) -> None:
    (row,) = read(one_line(None, usd), version)
    assert set(row["BilledCost"]) <= set("0123456789.")
    assert Decimal(row["BilledCost"]) == Decimal(usd)


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_text_is_null(blank: str | None, version: FocusVersion) -> None:
    (row,) = read(one_line(blank), version)
    assert row["SubAccountId"] == row["BillingAccountName"] == "NULL"
    assert "" not in row.values()
    assert exported.focus_columns(one_line(blank), version)["SubAccountId"].to_list() == [None]


def test_letters_are_ascii_in_12_and_as_they_are_in_14() -> None:
    export = exported_of(over_midnight())
    assert exported.focus_csv(export, "1.2").isascii()
    assert {row["SubAccountId"] for row in read(export, "1.2")} == {"'=cmd()", "b\\xfcro", "NULL"}
    assert {row["x_TenantId"] for row in read(export, "1.4")} == {"'=cmd()", "büro", "NULL"}


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
def test_a_hashed_tenant_is_nowhere_in_the_file_by_name(version: FocusVersion) -> None:
    text = exported.focus_csv(exported_of(over_midnight(), tenants="hashed"), version)
    for tenant in ("=cmd()", "büro"):
        assert hashed(tenant, "") in text
        assert tenant.strip("=()") not in text
    assert "b\\xfcro" not in text
    assert "b\\u00fcro" not in text
