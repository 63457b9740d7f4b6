"""Whatever is bought has the category that FOCUS has for it: vector stores are databases, tools and processors compute.

The pairs are those of ServiceSubcategory in FOCUS 1.2, which 1.4 keeps.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from costctl.finance.focus_column import FOCUS_VERSIONS, FocusVersion
from costctl.finance.usage_lines import CATEGORIES, KINDS_OF_STORAGE
from costctl.render import exported
from costctl.verbs.export import Exported
from tests.finance.everything_bought import of_everything
from tests.finance.two_days import read

# What FOCUS allows: category → subcategories, of those that costctl writes.
ALLOWED = {
    "AI and Machine Learning": {
        "AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing",
        "Other (AI and Machine Learning)",
    },
    "Compute": {
        "Containers", "End User Computing", "Quantum Compute", "Serverless Compute", "Virtual Machines",
        "Other (Compute)",
    },
    "Databases": {
        "Caching", "Data Warehouses", "Ledger Databases", "NoSQL Databases", "Relational Databases",
        "Time Series Databases", "Other (Databases)",
    },
    "Networking": {
        "Application Networking", "Content Delivery", "Network Connectivity", "Network Infrastructure",
        "Network Routing", "Network Security", "Other (Networking)",
    },
    "Storage": {
        "Backup Storage", "Block Storage", "File Storage", "Object Storage", "Storage Platforms", "Other (Storage)",
    },
}  # fmt: skip


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
def test_each_thing_bought_has_the_category_that_fits_it_and_costs_its_rate(version: FocusVersion) -> None:
    found: dict[tuple[str, str, str], Decimal] = {}
    for row in read(of_everything(), version):
        key = (
            row["ServiceCategory"],
            row["ServiceSubcategory"],
            row["SkuId"].split("/")[0] + "/" + row["ResourceId"],
        )
        found[key] = found.get(key, Decimal(0)) + Decimal(row["BilledCost"])
    networking, compute = ("Networking", "Other (Networking)"), ("Compute", "Other (Compute)")
    assert {key: float(usd) for key, usd in found.items()} == pytest.approx(
        {
            ("AI and Machine Learning", "Generative AI", "api_tokens/NULL"): 1000 * 0.15e-6 + 100 * 0.6e-6,
            ("Databases", "Other (Databases)", "retrieval/vectors"): 0.0004,
            (*compute, "cpu/vectors searches"): 2.5 * 7.2 / 3600,
            (*compute, "tool/browser"): 0.01,
            (*compute, "cpu/browser"): 5 * 3.6 / 3600,
            ("Storage", "Block Storage", "storage_reads/hot"): 1.0,
            ("Storage", "Other (Storage)", "storage_reads/odd"): 1.0,
            ("Storage", "Object Storage", "storage_bytes/cold"): 5 * 0.09,
            (*networking, "egress/between zones: eu-west-2a to eu-west-2b"): 0.02,
            (*networking, "egress/between regions: eu-west-2 to us-east-1"): 0.06,
            (*networking, "egress/internet"): 0.08,
        },
        abs=1e-8,  # half a billionth of an hour of a processor
    )


@pytest.mark.parametrize("version", FOCUS_VERSIONS)
def test_a_service_has_one_category_and_one_subcategory(every_line: Exported, version: FocusVersion) -> None:
    places: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for export in (every_line.focus, of_everything()):
        for row in read(export, version):
            service = (row["InvoiceIssuerName"], row["ServiceName"])
            places.setdefault(service, set()).add((row["ServiceCategory"], row["ServiceSubcategory"]))
    assert len(places) > 8
    assert {service: len(found) for service, found in places.items()} == dict.fromkeys(places, 1)


def test_processor_time_keeps_every_digit_in_parquet() -> None:
    # 5 s and 2.5 s are hours without an end; they are counted in billionths of an hour.
    export = of_everything()
    frame = exported.focus_columns(export, "1.4").filter(pl.col("SkuId").str.starts_with("cpu/"))
    hours = dict(zip(frame["ResourceId"], frame["PricingQuantity"], strict=True))
    assert hours == {"browser": Decimal("0.001388889"), "vectors searches": Decimal("0.000694444")}
    for row in frame.iter_rows(named=True):
        assert row["ListUnitPrice"] * row["PricingQuantity"] == row["ListCost"]
    assert exported.parquet(exported.focus_columns(export, "1.2"))


def test_every_pair_is_one_that_focus_allows() -> None:
    pairs = {*CATEGORIES.values(), *(("Storage", each) for each in KINDS_OF_STORAGE.values())}
    assert {category for category, _ in pairs} == set(ALLOWED)
    for category, subcategory in pairs:
        assert subcategory in ALLOWED[category]


def test_every_component_that_is_charged_has_a_category(repository: Path) -> None:
    charge = (repository / "costctl" / "sql" / "core" / "charge.sql").read_text(encoding="utf-8")
    (listed,) = re.findall(r"^--   component +VARCHAR +(.+)$", charge, flags=re.MULTILINE)
    assert set(listed.split(", ")) == {*CATEGORIES, "accelerator"}
