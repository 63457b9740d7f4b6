"""The lines for finance tie out: to the unit price, to the origin charge, and to the analysis document."""

from __future__ import annotations

from collections import defaultdict
from decimal import Context, Decimal

import polars as pl
import pytest

from costctl import verbs
from costctl.finance.export import FocusExport, hashed
from costctl.observation import Question
from costctl.render import exported
from costctl.verbs.export import Exported
from tests.finance.two_days import exported_of, over_midnight, read
from tests.relations.span_rows import chat, span

EXACT = Context(prec=80)
CENT = 0.005


def unwatched(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


@pytest.mark.parametrize("is_idle_spread", [False, True])
def test_cost_is_price_times_quantity_to_the_last_digit(is_idle_spread: bool) -> None:
    rows = read(exported_of(over_midnight(), is_idle_spread=is_idle_spread))
    assert {row["x_CostKind"] for row in rows} == {"direct", "busy", "idle"}
    for row in rows:
        product = EXACT.multiply(Decimal(row["ListUnitPrice"]), Decimal(row["PricingQuantity"]))
        assert Decimal(row["ListCost"]) == product == Decimal(row["BilledCost"]), row["ChargeDescription"]


@pytest.mark.parametrize("is_idle_spread", [False, True])
def test_the_ratios_of_an_origin_charge_sum_to_one_as_written(is_idle_spread: bool) -> None:
    ratios: dict[str, Decimal] = defaultdict(Decimal)
    hours: dict[str, Decimal] = defaultdict(Decimal)
    for row in read(exported_of(over_midnight(), is_idle_spread=is_idle_spread)):
        if row["x_OriginChargeId"] != "NULL":
            ratios[row["x_OriginChargeId"]] += Decimal(row["x_AllocatedRatio"])
            hours[row["x_OriginChargeId"]] += Decimal(row["PricingQuantity"])
    assert ratios == {"gpu/1970-01-01": Decimal(1), "gpu/1970-01-02": Decimal(1)}
    # 100 s and 61 s of one replica were paid for, of which the second day lends what the first is too busy for.
    assert float(sum(hours.values())) == pytest.approx(161 / 3600, abs=2e-9)


def test_no_cell_is_empty_and_instants_are_whole_seconds_in_utc() -> None:
    for row in read(exported_of(over_midnight())):
        assert "" not in row.values()
        assert row["ChargePeriodStart"] in {"1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"}
        assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (
            "1970-01-01T00:00:00Z",
            "1970-02-01T00:00:00Z",
        )


def test_failed_cost_is_the_whole_of_a_failed_call() -> None:
    failed = [row for row in read(exported_of(over_midnight())) if row["x_FailedCost"] not in {"NULL"}]
    spent = {row["BilledCost"]: row["x_FailedCost"] for row in failed if Decimal(row["x_FailedCost"]) > 0}
    assert len(spent) == 1
    (cost, failed_cost), *_ = spent.items()
    assert float(cost) == pytest.approx(float(failed_cost), abs=1e-9)


def by_kind(export: FocusExport) -> dict[str, float]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in export.lines:
        sums[line.kind] += line.usd
    return {kind: float(usd) for kind, usd in sums.items()}


def test_the_file_ties_out_to_the_analysis_to_the_cent(every_line: Exported) -> None:
    totals, parts = every_line.analysis.totals, by_kind(every_line.focus)
    assert sum(parts.values()) == pytest.approx(totals.billed_usd, abs=CENT)
    assert parts["direct"] + parts["busy"] == pytest.approx(totals.attributed_usd, abs=CENT)
    assert parts["idle"] == pytest.approx(totals.idle_usd, abs=CENT)
    assert parts["adjustment"] == pytest.approx(totals.unattributed_usd, abs=CENT)


def test_each_class_pays_what_the_analysis_says(every_line: Exported) -> None:
    paid = paid_by_class(every_line.focus)
    for report in every_line.analysis.classes:
        attributed = pytest.approx(report.cost.attributed_usd, abs=CENT)
        assert paid[report.request_class] == attributed, report.request_class


def test_with_idle_spread_each_class_pays_its_loaded_cost(invoiced_question: Question) -> None:
    found = verbs.export(invoiced_question, unwatched, tenants="hashed", is_idle_spread=True)
    paid = paid_by_class(found.focus)
    for report in found.analysis.classes:
        assert paid[report.request_class] == pytest.approx(report.cost.loaded_usd, abs=CENT)


def paid_by_class(export: FocusExport) -> dict[str | None, float]:
    sums: dict[str | None, Decimal] = defaultdict(Decimal)
    for line in export.lines:
        sums[line.whose.request_class] += line.usd
    return {name: float(usd) for name, usd in sums.items()}


def test_csv_and_parquet_hold_the_same_numbers(every_line: Exported) -> None:
    rows, frame = read(every_line.focus), exported.focus_columns(every_line.focus, "1.4")
    assert frame.schema["BilledCost"].is_decimal()
    assert frame.schema["ChargePeriodStart"] == pl.Datetime("us", "UTC")
    assert [Decimal(row["ListCost"]) for row in rows] == frame["ListCost"].to_list()


def test_a_tenant_is_hashed_with_the_salt_of_the_settings(every_line: Exported) -> None:
    tenants = {line.whose.tenant for line in every_line.focus.lines} - {None}
    assert hashed("acme", "pepper") in tenants
    assert hashed("acme", "") not in tenants


def test_each_tenant_pays_for_its_own_calls_and_nobody_for_the_rest() -> None:
    """One request of two tenants: tokens bought, and time of a pool that both shared."""
    start_s = 1_795_168_800  # 2026-11-20T10:00:00Z
    bought = {"provider": "openai", "model_served": "gpt-4o", "output_tokens": 100}
    rows = [
        span("a/root", start_s, start_s + 60, egress_bytes=1_000_000_000),
        chat("a/1/root", start_s + 1, start_s + 3, tenant="acme", input_tokens=1_000, **bought),
        chat("a/2/root", start_s + 1, start_s + 3, tenant="globex", input_tokens=10_000, **bought),
        chat("a/3/root", start_s + 1, start_s + 3, input_tokens=3_000, **bought),
        chat("a/4/root", start_s + 4, start_s + 40, service="llm", replica_id="r1", tenant="acme"),
        chat("a/5/root", start_s + 4, start_s + 40, service="llm", replica_id="r1", tenant="globex"),
    ]
    export = exported_of(rows)
    paid: dict[str, float] = defaultdict(float)
    for row in read(export):
        if row["x_CostKind"] in ("direct", "busy"):
            paid[row["x_TenantId"]] += float(row["BilledCost"])
    shared = 18 * 12.29 / 3600
    assert paid == pytest.approx({"acme": 0.0035 + shared, "globex": 0.026 + shared, "NULL": 0.0085 + 0.09})
    assert export.notes[0].startswith("0.098500 USD of usage have no tenant")
