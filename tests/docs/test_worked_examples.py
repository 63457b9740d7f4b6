"""The worked examples of the explanation pages are what costctl computes: shares, rounding, use, one request."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from costctl.documents.settings import ClassSettings, Pool, Settings, Slo, Storage
from costctl.stats.reconcile import reconciled_usd
from tests.cost.two_minutes import analysed
from tests.docs.page_tables import explanation, number, rows_after, text_of
from tests.oracles.batch_shares import batch_shares_s
from tests.relations.span_rows import chat, engine_of, span


@pytest.mark.parametrize(("column", "prefill_weight"), [(4, 1.0), (5, 3.0)])
def test_the_shares_on_the_page_of_attribution(repository: Path, column: int, prefill_weight: float) -> None:
    rows = rows_after(explanation(repository, "attribution"), "call | start")
    spans = [
        chat(
            f"{name}/call",
            float(start),
            float(end),
            service="llm",
            replica_id="r",
            ttft_s=float(first) - float(start),
        )
        for name, start, first, end, *_ in rows
    ]
    pool = Pool(match={"service": "llm"}, prefill_weight=prefill_weight)
    shares = engine_of(spans, Settings(pools={"gpu": pool})).query(
        "SELECT requests.trace_id, call_share.share_s FROM call_share "
        "INNER JOIN calls ON calls.call_id = call_share.call_id "
        "INNER JOIN requests ON requests.request_id = calls.request_id"
    )
    assert dict(shares.iter_rows()) == pytest.approx({row[0]: float(row[column]) for row in rows})


def test_the_batch_on_the_page_of_attribution(repository: Path) -> None:
    rows = rows_after(explanation(repository, "attribution"), "length | φ")
    shares = batch_shares_s(0.3, 0.1, 0.001, [float(length) for length, _ in rows])
    assert shares == pytest.approx([float(share) for _, share in rows], abs=5e-5)


def test_the_rounded_rows_on_the_page_of_the_three_costs(repository: Path) -> None:
    rows = rows_after(explanation(repository, "three-costs"), "exact | rounded")
    assert reconciled_usd([float(exact) for exact, _ in rows]) == [Decimal(rounded) for _, rounded in rows]


def test_where_replica_time_went_on_the_page_of_useful_utilisation(repository: Path) -> None:
    page = explanation(repository, "useful-utilisation")
    rows = rows_after(page, "call on the premium pool")
    spans, at_s = [], 0.0
    for place, (said, seconds, kind) in enumerate(rows):
        if kind == "idle":
            continue
        workload = (
            "other" if "of a minute" in said else "unjudged" if "without an objective" in said else "pet"
        )
        failure = {"error_type": "timeout"} if "fails" in said else {}
        spans += _request(f"p{place}", at_s, at_s + number(seconds), "premium", workload, **failure)
        at_s += number(seconds)
    spans += _request("own", 0, 25, "economy", "pet")
    spans += _request("end", 99, 100, "economy", "other")
    settings = Settings(
        pools={
            "premium": Pool(usd_per_replica_hour=3600.0, models=("large",), match={"service": "premium"}),
            "economy": Pool(usd_per_replica_hour=360.0, models=("small",), match={"service": "economy"}),
        },
        classes={
            "pet": ClassSettings(slo=Slo(e2e_p95="26s"), allowed_models=("large", "small")),
            "other": ClassSettings(slo=Slo(e2e_p95="60s")),
        },
    )
    (premium,) = (pool for pool in analysed(spans, settings).pools if pool.pool == "premium")
    found = {use.kind: use.seconds for use in premium.use if use.seconds > 1e-6}
    assert found == pytest.approx({kind: number(seconds) for _, seconds, kind in rows}, abs=1e-6)
    assert premium.useful_utilisation_ratio is not None
    assert premium.utilisation_ratio is not None
    assert (
        f"Useful utilisation is {premium.useful_utilisation_ratio:.0%}, and "
        f"utilisation {premium.utilisation_ratio:.0%}."
    ) in text_of(page).replace(" %", "%")


def _request(
    trace: str, start_s: float, end_s: float, pool: str, workload: str, **facts: Any
) -> list[dict[str, Any]]:
    model = {"premium": "large", "economy": "small"}[pool]
    said = {"service": pool, "replica_id": pool, "model_served": model, **facts}
    return [
        span(f"{trace}/root", start_s, end_s, workload=workload),
        chat(f"{trace}/call/root", start_s, end_s, input_tokens=10, output_tokens=5, **said),
    ]


def test_the_charges_of_the_request_whose_way_is_followed(repository: Path) -> None:
    page = explanation(repository, "one-request")
    spans = []
    for name, parent, operation, start, end, fails, reads in rows_after(page, "span | below"):
        facts: dict[str, Any] = {"operation": None if operation == "none" else operation, "name": name}
        if operation == "chat":
            facts |= {"service": "llm", "replica_id": "r", "input_tokens": 10, "output_tokens": 5}
        if operation == "retrieval":
            facts |= {"storage_reads": int(reads), "attributes": [("db.namespace", "documents")]}
        if fails == "yes":
            facts |= {"error_type": "timeout"}
        spans.append(span("/".join(filter(None, ("t", name, parent))), number(start), number(end), **facts))
    settings = Settings(
        pools={"gpu": Pool(usd_per_replica_hour=3.6, match={"service": "llm"})},
        storage={"documents": Storage(usd_per_1k_reads=0.5, match={"db.namespace": "documents"})},
    )
    engine = engine_of(spans, settings)
    request = engine.fetch("requests").row(0, named=True)
    assert (request["attempts"], request["is_success"]) == (2, True)
    charges = engine.fetch("charge").sort("component", "call_id")
    rows = rows_after(page, "charge | of")
    assert charges["component"].to_list() == [row[0] for row in rows]
    assert charges["quantity"].to_list() == pytest.approx([number(row[2]) for row in rows])
    assert charges["usd"].to_list() == pytest.approx([number(row[3]) for row in rows])
    failed = charges.filter(pl.col("is_wasted"))["usd"].sum()
    assert f"charged {charges['usd'].sum():.3f} USD, of which {failed:.3f} for the attempt" in text_of(page)
