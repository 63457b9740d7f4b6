"""A file of FOCUS 1.4 has the columns and the form that 1.4 wants, and the figures of the file of FOCUS 1.2.

No published validator reads the rules of 1.4; the lists here are written down from the specification.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

import polars as pl
import pytest

from costctl.cli.export import FocusVersion as Choice
from costctl.finance.focus import columns_of
from costctl.finance.focus_column import FOCUS_VERSIONS, FocusVersion
from costctl.verbs.export import Exported
from tests.command_line import costctl
from tests.finance.everything_bought import of_everything
from tests.finance.two_days import exported_of, over_midnight, read

MANDATORY = {
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargePeriodEnd",
    "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity",
    "PricingUnit", "ServiceCategory", "ServiceName",
}  # fmt: skip
PROVIDERS = {
    "1.2": {"ProviderName", "PublisherName"},
    "1.4": {"HostProviderName", "ServiceProviderName"},
}
ALLOCATION = {
    "AllocatedMethodDetails", "AllocatedMethodId", "AllocatedResourceId", "AllocatedResourceName",
    "AllocatedTags",
}  # fmt: skip
MAY_BE_NULL = {"BillingAccountName", "ChargeClass", "ChargeDescription", "PricingQuantity", "PricingUnit"}
ALLOWED = {
    "BillingCurrency": {"USD"},
    "ChargeCategory": {"Usage", "Purchase", "Tax", "Credit", "Adjustment"},
    "ChargeClass": {"Correction", "NULL"},
    "ChargeFrequency": {"One-Time", "Recurring", "Usage-Based"},
    "PricingCategory": {"Standard", "Dynamic", "Committed", "Other", "NULL"},
    "PricingUnit": {"1000000 Tokens", "1000 Requests", "Hours", "GB", "NULL"},
    "ConsumedUnit": {"Tokens", "Requests", "GPU-Hours", "B", "Seconds", "NULL"},
    "ServiceCategory": {"AI and Machine Learning", "Compute", "Storage", "Networking", "Databases"},
}
FORMS = {
    "decimal": r"-?\d+(\.\d+)?",
    "whole": r"\d+",
    "instant": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "json": r"\{.+\}",
    "text": r".*\S.*",
}


@pytest.fixture(scope="module", params=FOCUS_VERSIONS)
def version(request: pytest.FixtureRequest) -> FocusVersion:
    found: FocusVersion = request.param
    return found


def test_the_command_offers_the_versions_that_there_are() -> None:
    assert tuple(choice.value for choice in Choice) == FOCUS_VERSIONS == get_args(FocusVersion)


def test_a_file_has_the_mandatory_columns_and_those_who_provide(version: FocusVersion) -> None:
    names = {column.name for column in columns_of(version)}
    assert names >= MANDATORY
    assert names & set.union(*PROVIDERS.values()) == PROVIDERS[version]


def test_how_a_charge_is_split_is_focus_in_14_and_our_own_in_12() -> None:
    old, new = ({column.name for column in columns_of(version)} for version in FOCUS_VERSIONS)
    assert new >= ALLOCATION
    assert not old & ALLOCATION
    assert old >= {"x_AllocatedMethodDetails", "x_AllocatedMethodId"}
    assert not {name.removeprefix("x_") for name in new if name.startswith("x_")} & ALLOCATION


def test_columns_of_focus_come_first_then_ours_and_each_once(version: FocusVersion) -> None:
    names = [column.name for column in columns_of(version)]
    assert names == sorted(names, key=lambda name: (name.startswith("x_"), name))
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"(x_)?([A-Z][a-z0-9]+)+", name) for name in names)


def test_every_cell_has_the_form_of_its_column(every_line: Exported, version: FocusVersion) -> None:
    kinds = {column.name: column.kind for column in columns_of(version)}
    never_null = (MANDATORY | PROVIDERS[version]) - MAY_BE_NULL
    exports = (every_line.focus, exported_of(over_midnight()), of_everything())
    for row in (row for export in exports for row in read(export, version)):
        assert list(row) == list(kinds)
        for name, cell in row.items():
            assert cell != "NULL" or name not in never_null, name
            assert re.fullmatch(f"{FORMS[kinds[name]]}|NULL", cell), (name, cell)
            assert cell in ALLOWED.get(name, {cell}), (name, cell)


def test_tags_are_flat_objects_of_texts(every_line: Exported) -> None:
    for row in read(every_line.focus):
        for name in ("Tags", "AllocatedTags"):
            tags = {} if row[name] == "NULL" else json.loads(row[name])
            assert set(tags) <= {"costctl/request_class", "tenant"}
            assert all(isinstance(value, str) and value for value in tags.values())


def test_what_has_no_price_has_nothing_that_hangs_on_a_price(every_line: Exported) -> None:
    hanging = (
        "ConsumedQuantity", "ConsumedUnit", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory",
        "PricingCurrencyContractedUnitPrice", "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit",
        "SkuId", "SkuMeter",
    )  # fmt: skip
    categories = set()
    for row in read(every_line.focus):
        categories.add(row["ChargeCategory"])
        is_priced = row["ChargeCategory"] == "Usage"
        assert (row["SkuPriceId"] != "NULL") == is_priced
        for name in hanging:
            assert (row[name] != "NULL") == is_priced, name
    assert categories == {"Usage", "Adjustment"}


def test_a_description_says_in_words_what_was_used() -> None:
    assert {row["ChargeDescription"] for row in read(exported_of(over_midnight()))} == {
        "Input Tokens of gpt-4o-mini for requests of class classification",
        "Output Tokens of gpt-4o-mini for requests of class classification",
        "Storage reads of hot for requests of class rag",
        "Egress of internet for requests of class rag",
        "Replica Hours of gpu",
    }


def test_both_versions_carry_the_same_figures(every_line: Exported) -> None:
    old, new = (read(every_line.focus, version) for version in FOCUS_VERSIONS)
    figures = {column.name for column in columns_of("1.2") if column.kind in ("decimal", "whole", "instant")}
    assert figures == {
        column.name for column in columns_of("1.4") if column.kind in ("decimal", "whole", "instant")
    }
    for before, now in zip(old, new, strict=True):
        assert {name: before[name] for name in figures} == {name: now[name] for name in figures}
        assert now["x_TenantId"] == before["SubAccountId"]
        assert now["HostProviderName"] == now["ServiceProviderName"] == before["ProviderName"]
        assert now["AllocatedMethodId"] == before["x_AllocatedMethodId"]


def test_a_file_adds_up_to_the_analysis_to_the_cent(every_line: Exported, version: FocusVersion) -> None:
    rows, totals = read(every_line.focus, version), every_line.analysis.totals

    def total_usd(*kinds: str) -> float:
        return float(sum(Decimal(row["BilledCost"]) for row in rows if row["x_CostKind"] in kinds))

    assert total_usd("direct", "busy") == pytest.approx(totals.attributed_usd, abs=0.005)
    assert total_usd("idle") == pytest.approx(totals.idle_usd, abs=0.005)
    assert total_usd("unattributed", "adjustment") == pytest.approx(totals.unattributed_usd, abs=0.005)
    assert float(sum(Decimal(row["EffectiveCost"]) for row in rows)) == pytest.approx(
        totals.billed_usd, abs=0.005
    )
    for report in every_line.analysis.classes:
        of_class = (row for row in rows if row["x_RequestClass"] == report.request_class)
        usd = float(sum(Decimal(row["BilledCost"]) for row in of_class))
        assert usd == pytest.approx(report.cost.attributed_usd, abs=0.005), report.request_class


@pytest.mark.parametrize(
    ("arguments", "version"), [((), "1.4"), (("--focus-version", "1.4"), "1.4"), (("--focus-version", "1.2"), "1.2")]
)  # fmt: skip
def test_the_command_writes_the_newest_version_unless_told(
    arguments: tuple[str, ...], version: FocusVersion, sample_store: Path, repository: Path, tmp_path: Path
) -> None:
    config = repository / "sample_traces" / "costctl.toml"
    window = ("--since", "2026-11-03T05:15:00Z", "--until", "2026-11-03T05:20:00Z")
    for name in ("focus.csv", "focus.parquet"):
        out = tmp_path / name
        asked = ("--store", str(sample_store), "--config", str(config), "--out", str(out), *window)
        done = costctl(tmp_path, "export", "--quiet", *asked, *arguments)
        assert done.returncode == 0, done.stderr
        frame = pl.read_parquet(out) if out.suffix == ".parquet" else pl.read_csv(out, infer_schema=False)
        assert frame.columns == [column.name for column in columns_of(version)]
        assert frame.height > 10
