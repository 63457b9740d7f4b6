"""What classes are worth, what replica time was of use, and a bill whose rows add up, on traces small enough to do by
hand.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from costctl.cost.analysis import METHODS, build_analysis
from costctl.documents.analysis import Analysis
from costctl.documents.bill import IdleTreatment
from costctl.documents.provenance import Provenance
from costctl.documents.settings import ClassSettings, Pool, Settings, Slo, Value
from costctl.service_model.pool_fit import fit_pools
from tests.relations.span_rows import chat, engine_of, frames_of, span

PREMIUM = Pool(usd_per_replica_hour=3600.0, models=("large",), match={"service": "premium"})
ECONOMY = Pool(usd_per_replica_hour=360.0, models=("small",), match={"service": "economy"})


def call(key: str, start_s: float, end_s: float, pool: str, **facts: Any) -> list[dict[str, Any]]:
    """A request of class ``pet`` (or ``workload``) that makes one call; $1 a second on premium, $0.10 on economy."""
    workload = facts.pop("workload", "pet")
    attributes = facts.pop("attributes", [])
    model = {"premium": "large", "economy": "small"}[pool]
    tokens = {"input_tokens": 10, "output_tokens": 5, "model_served": model, "replica_id": pool}
    return [
        span(f"{key}/root", start_s, end_s, workload=workload, attributes=attributes),
        chat(f"{key}/call/root", start_s, end_s, service=pool, **tokens, **facts),
    ]


def analysed(spans: list[dict[str, Any]], pet: ClassSettings, idle: IdleTreatment = "separate") -> Analysis:
    other = ClassSettings(slo=Slo(e2e_p95="60s"))
    settings = Settings(pools={"premium": PREMIUM, "economy": ECONOMY}, classes={"pet": pet, "other": other})
    engine = engine_of(spans, settings)
    frames = frames_of(engine, settings)
    provenance = Provenance("0", (), None, None, METHODS, 0)
    return build_analysis(frames, settings, fit_pools(frames, settings), provenance, 0, idle)


SIX_CALLS = [
    *call("good", 0, 10, "premium"),
    *call("late", 20, 50, "premium"),
    *call("failed", 50, 55, "premium", error_type="timeout"),
    *call("other", 60, 80, "premium", workload="other"),
    *call("free", 80, 85, "premium", workload="unjudged"),
    *call("small", 0, 25, "economy"),
    *call("last", 99, 100, "economy", workload="other"),
]
STRICT = ClassSettings(slo=Slo(e2e_p95="26s"), allowed_models=("large", "small"))


def test_replica_time_goes_to_the_first_kind_that_fits() -> None:
    premium = next(pool for pool in analysed(SIX_CALLS, STRICT).pools if pool.pool == "premium")
    seconds = {use.kind: use.seconds for use in premium.use}
    assert seconds == pytest.approx(
        {
            "useful": 20,
            "no_objective": 5,
            "over_tiered": 10,
            "missed_slo": 30,
            "slo_not_observed": 0,
            "failed": 5,
            "idle": 30,
        },
        abs=1e-6,
    )
    assert premium.useful_utilisation_ratio == pytest.approx(0.2)


def test_without_any_objective_nothing_is_said_to_be_useful() -> None:
    spans = [
        *call("a", 0, 10, "premium", workload="unjudged"),
        *call("b", 10, 20, "premium", workload="unjudged"),
    ]
    (premium,) = analysed(spans, ClassSettings()).pools
    assert {use.kind: use.ratio for use in premium.use}["no_objective"] == pytest.approx(1.0)
    assert premium.useful_utilisation_ratio is None


def test_a_class_that_may_not_move_is_not_over_tiered() -> None:
    pet = ClassSettings(slo=STRICT.slo, allowed_models=("large",))
    premium = next(pool for pool in analysed(SIX_CALLS, pet).pools if pool.pool == "premium")
    assert {use.kind: use.seconds for use in premium.use}["useful"] == pytest.approx(30)


def test_the_ratios_of_a_pool_sum_to_one() -> None:
    for pool in analysed(SIX_CALLS, STRICT).pools:
        assert sum(use.ratio for use in pool.use) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("idle", ["separate", "weighted", "none"])
def test_the_rows_of_the_bill_add_up_as_they_are_written(idle: IdleTreatment) -> None:
    analysis = analysed(SIX_CALLS, STRICT, idle)
    assert analysis.bill is not None
    for column in (analysis.bill, analysis.bill.attributed, analysis.bill.loaded):
        written = sum(Decimal(repr(row.usd)) for row in column.rows)
        assert written == Decimal(repr(column.total_usd))
    assert ("idle" in {row.kind for row in analysis.bill.rows}) == (idle == "separate")
    left_out = analysis.totals.idle_usd if idle == "none" else 0.0
    assert analysis.bill.total_usd == pytest.approx(
        (analysis.totals.billed_usd or 0.0) - (left_out or 0.0), abs=0.005
    )


def test_attributed_and_loaded_are_the_same_bill_whatever_idle_is_in_the_charges() -> None:
    bills = [analysed(SIX_CALLS, STRICT, idle).bill for idle in ("separate", "weighted", "none")]
    columns = {(bill.attributed, bill.loaded) for bill in bills if bill is not None}
    ((attributed, loaded),) = columns
    assert attributed.total_usd == loaded.total_usd
    assert {row.kind for row in attributed.rows} == {"class", "idle", "unattributed"}
    assert "idle" not in {row.kind for row in loaded.rows}
    of_classes = sum(Decimal(repr(row.usd)) for row in attributed.rows if row.kind == "class")
    assert of_classes == Decimal(repr(attributed.classes_usd))


def test_margin_is_the_value_of_the_successes_less_the_loaded_cost() -> None:
    report = next(each for each in analysed(SIX_CALLS, ClassSettings(value=Value(usd_per_success=50.0))).classes
                  if each.request_class == "pet")  # fmt: skip
    assert report.value is not None
    assert report.value.value_usd == 150.0
    assert report.cost.loaded_usd is not None
    assert report.value.margin_usd == pytest.approx(150.0 - report.cost.loaded_usd)
    assert report.value.usd_per_accelerator_s == pytest.approx(150.0 / 70)


def test_an_attribute_says_what_each_success_is_worth_and_failures_are_worth_nothing() -> None:
    value = Value(attribute="order.usd")
    spans = [
        *call("a", 0, 10, "premium", attributes=[("order.usd", "7.5")]),
        *call("b", 10, 20, "premium", attributes=[("order.usd", "12.5")]),
        *call("c", 20, 30, "premium", error_type="timeout", attributes=[("order.usd", "1000")]),
        *call("d", 30, 40, "premium", workload="other", attributes=[("order.usd", "1000")]),
    ]
    found = next(each.value for each in analysed(spans, ClassSettings(value=value)).classes if each.value)
    assert (found.source, found.valued_successes, found.value_usd) == ("attribute order.usd", 2, 20.0)
    assert found.margin_usd == pytest.approx(20.0 - 30.0)
    assert found.rank == 1


def test_a_margin_is_not_told_where_some_value_is_not_observed() -> None:
    spans = [
        *call("a", 0, 10, "premium", attributes=[("order.usd", "7.5")]),
        *call("b", 10, 20, "premium", attributes=[("order.usd", "a lot")]),
    ]
    value = ClassSettings(value=Value(attribute="order.usd"))
    found = next(each.value for each in analysed(spans, value).classes if each.value)
    assert (found.valued_successes, found.value_usd, found.margin_usd) == (1, 7.5, None)


def test_a_value_is_either_a_number_or_an_attribute() -> None:
    with pytest.raises(ValueError, match="either"):
        Value()
    with pytest.raises(ValueError, match="either"):
        Value(usd_per_success=1.0, attribute="order.usd")
