"""The metrics of cost, value and savings: a part of the catalogue in ``documents.metrics``."""

from __future__ import annotations

from typing import Final

from costctl.documents.metric import MODEL_ROW, TENANT_ROW, Metric, Place, analysis, replays, workload

_CLASS: Final = "/classes/{request_class}"
_COST: Final = f"{_CLASS}/cost"
_POOL: Final = "/pools/{pool}"

MONEY: Final = (
    Metric(
        "billed_usd",
        "billed cost",
        "USD",
        "lower",
        "Everything that has a price.",
        analysis("/totals/billed_usd"),
    ),
    Metric(
        "charged_usd",
        "charged cost",
        "USD",
        "lower",
        "What a class pays of the bill, rounded so that the rows add up.",
        analysis("/bill/rows/[kind=class]{request_class=name}/usd"),
    ),
    Metric(
        "attributed_usd",
        "attributed cost",
        "USD",
        "lower",
        "What was used: a share of busy time, and what was bought for it.",
        (
            *analysis("/totals/attributed_usd", f"{_COST}/attributed_usd"),
            *analysis("/tenants/[kind=tenant]{tenant}/usd", f"{MODEL_ROW}/usd"),
            *workload(f"{_CLASS}/attributed_usd"),
        ),
    ),
    Metric(
        "loaded_usd",
        "loaded cost",
        "USD",
        "lower",
        "Attributed cost with its part of idle time.",
        analysis(f"{_COST}/loaded_usd"),
    ),
    Metric(
        "idle_usd",
        "idle cost",
        "USD",
        "lower",
        "Paid replica time in which nothing ran.",
        analysis("/totals/idle_usd", f"{_POOL}/idle_usd"),
    ),
    Metric(
        "unattributed_usd",
        "unattributed cost",
        "USD",
        "lower",
        "Cost of what belongs to no request.",
        analysis("/totals/unattributed_usd"),
    ),
    Metric(
        "failed_usd",
        "failed cost",
        "USD",
        "lower",
        "Cost of attempts that failed or were retried.",
        analysis("/totals/retry_tax/usd", f"{_COST}/retry_tax/usd"),
    ),
    Metric(
        "failed_cost_ratio",
        "failed cost share",
        "ratio",
        "lower",
        "Cost of attempts that failed or were retried, over all cost.",
        analysis("/totals/retry_tax/share_ratio", f"{_COST}/retry_tax/share_ratio"),
    ),
    Metric(
        "marginal_usd_per_request",
        "marginal cost per request",
        "USD",
        "lower",
        "What one request fewer would have saved.",
        analysis(f"{_COST}/marginal_usd_per_request"),
    ),
    Metric(
        "long_run_usd_per_request",
        "long-run cost per request",
        "USD",
        "lower",
        "Cost of one more request with replicas bought in proportion.",
        analysis(f"{_COST}/marginal/long_run_usd_per_request"),
    ),
    Metric(
        "congestion_usd_per_request",
        "congestion cost per request",
        "USD",
        "lower",
        "Price of the time that one more request delays others.",
        analysis(f"{_COST}/congestion_usd_per_request"),
    ),
    Metric(
        "usd_per_success",
        "cost per success",
        "USD",
        "lower",
        "Attributed cost over requests that succeeded, with its interval.",
        analysis(f"{_COST}/usd_per_success"),
    ),
    Metric(
        "usd_per_request",
        "cost per request",
        "USD",
        "lower",
        "Attributed cost over requests of which any part is the tenant's or the model's.",
        analysis(f"{TENANT_ROW}/usd_per_request", f"{MODEL_ROW}/usd_per_request"),
    ),
    *(
        Metric(
            f"usd_per_{thing}",
            f"cost per {short}",
            "USD",
            "lower",
            f"Attributed cost, retries included, over {over}.",
            analysis(f"/totals/unit_costs/usd_per_{thing}", f"{_COST}/unit_costs/usd_per_{thing}"),
        )
        for thing, short, over in (
            ("response", "response", "model calls that succeeded"),
            ("completed_task", "completed task", "requests that succeeded"),
            ("session", "session", "sessions"),
            ("completed_session", "completed session", "sessions whose last request succeeded"),
            ("mtok", "Mtok", "a million tokens"),
        )
    ),
    Metric(
        "usd",
        "cost",
        "USD",
        "lower",
        "Replica time paid for.",
        replays("/usd", f"{_POOL}/usd"),
    ),
    Metric(
        "usd_per_good_request",
        "cost per good request",
        "USD",
        "lower",
        "Replica time paid for, over requests that succeeded within every objective.",
        replays("/usd_per_good_request"),
    ),
    Metric(
        "value_usd",
        "value",
        "USD",
        "higher",
        "Value of the successes.",
        analysis(f"{_CLASS}/value/value_usd"),
    ),
    Metric(
        "margin_usd",
        "margin",
        "USD",
        "higher",
        "Value less loaded cost.",
        analysis(f"{_CLASS}/value/margin_usd"),
    ),
    *(
        Metric(
            f"{sort}_usd{span}",
            f"{short}{span_short}",
            "USD",
            "higher",
            meaning,
            tuple(
                Place("recommendations", f"{of}/{sort}_usd{span}")
                for of in ("/joint", "/recommendations/{recommendation=id}")
            ),
        )
        for sort, short, meaning in (
            ("cash", "cash saved", "What less would be paid"),
            (
                "freed",
                "freed time",
                "Replica time that would be freed, at its price; no cash unless something fills it",
            ),
        )
        for span, span_short, meaning in (
            ("", "", f"{meaning}, over the window."),
            ("_per_week", " per week", f"{meaning}, per week."),
        )
    ),
)
