"""Which quantities do the documents hold, in which unit, and is less of it better or more?

``METRICS`` is the one catalogue: whatever names a quantity (an effect, a difference, an objective, a gate) names an id
of it. ``documents.metric_values`` reads the values of a metric out of a document.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.metric import Metric, Place, analysis, calibrated, replays, workload

_FITTED: Final = ("classes/{request_class=name}", "pools/{pool=name}")
_CLASS: Final = "/classes/{request_class}"
_COST: Final = f"{_CLASS}/cost"
_POOL: Final = "/pools/{pool}"
_OBJECTIVE: Final = "/objectives/{request_class}/objectives/{objective=metric}"

_TIMES: Final = (
    *(
        Metric(
            f"e2e_{at}",
            "s",
            "lower",
            f"End-to-end time of requests, {at}.",
            (*analysis(f"{_CLASS}/latency_s/{at}"), *replays(f"{_CLASS}/e2e_s/{at}")),
        )
        for at in ("p50", "p95", "p99")
    ),
    *(
        Metric(
            f"ttft_{at}",
            "s",
            "lower",
            f"Time to first token of requests, {at}.",
            (*analysis(f"{_CLASS}/ttft_s/{at}"), *replays(f"{_CLASS}/ttft_s/{at}")),
        )
        for at in ("p50", "p95", "p99")
    ),
    *(
        Metric(f"call_{name}_{at}", "s", "lower", f"{meaning}, {at}.", calibrated(f"{name}_{at}", *_FITTED))
        for name, meaning in (
            ("latency", "Duration of model calls, queue included"),
            ("ttft", "Time to first token of model calls"),
        )
        for at in ("p50", "p95")
    ),
    Metric(
        "longest_wait",
        "s",
        "lower",
        "Longest time that a served call waited in the queue.",
        replays("/lanes/{pool,request_class}/longest_wait_s"),
    ),
    Metric(
        "waste_s_per_request",
        "s",
        "lower",
        "Time that a request wastes in the stage that is its bottleneck.",
        (
            *analysis(f"{_CLASS}/bottleneck/waste_s_per_request"),
            *workload("/times/{request_class}/bottleneck/waste_s_per_request"),
        ),
    ),
    Metric(
        "delay_s_per_request",
        "s",
        "lower",
        "Time that one more request delays all others, together.",
        analysis(f"{_COST}/marginal/delay_s_per_request"),
    ),
)

_OUTCOMES: Final = (
    Metric(
        "slo_attainment",
        "ratio",
        "higher",
        "Part of the requests that succeeded within an objective, of those that failed or were timed.",
        (*analysis(f"{_CLASS}/slo/{{objective=target}}/met_ratio"), *workload(f"{_OBJECTIVE}/met_ratio")),
    ),
    Metric(
        "error_budget_burn",
        "1",
        "lower",
        "Error budget used, as a multiple of it: above 1 the objective is missed.",
        workload(f"{_OBJECTIVE}/burn"),
    ),
    Metric(
        "goodput",
        "ratio",
        "higher",
        "Part of the requests that succeeded within every objective.",
        replays("/goodput_ratio", f"{_CLASS}/goodput_ratio"),
    ),
    Metric(
        "goodput_per_s",
        "1/s",
        "higher",
        "Requests per second that succeeded within every objective.",
        workload("/objectives/{request_class}/goodput_per_s"),
    ),
    Metric(
        "failed_requests",
        "requests",
        "lower",
        "Requests that failed.",
        (*analysis(f"{_CLASS}/failed"), *workload("/faults/{request_class}/failed")),
    ),
    Metric(
        "attempts_per_request",
        "1",
        "lower",
        "Attempts per request, retries included.",
        workload("/faults/{request_class}/attempts_per_request"),
    ),
    Metric(
        "timeouts",
        "requests",
        "lower",
        "Requests in which something timed out.",
        workload("/faults/{request_class}/timeouts"),
    ),
    Metric(
        "prompt_cache_ratio",
        "ratio",
        "higher",
        "Prompt cache hit ratio: cached over all input tokens.",
        workload("/faults/{request_class}/prompt_cache_ratio"),
    ),
    Metric(
        "lookup_hit_ratio",
        "ratio",
        "higher",
        "Hit ratio of other caches: hits over look-ups.",
        workload("/faults/{request_class}/lookup_hit_ratio"),
    ),
    Metric(
        "looping_ratio",
        "ratio",
        "lower",
        "Part of the tasks that repeat the same steps.",
        (Place("sessions", "/report/classes/{request_class}/looping_ratio"),),
    ),
)

_TRAFFIC: Final = (
    Metric(
        "requests",
        "requests",
        "neither",
        "Requests.",
        (
            *analysis("/totals/requests", f"{_CLASS}/requests", "/tenants/[kind=tenant]{tenant}/requests"),
            *workload("/requests", f"{_CLASS}/requests"),
            *replays("/requests", f"{_CLASS}/requests"),
        ),
    ),
    Metric(
        "input_tokens",
        "tokens",
        "neither",
        "Input tokens, cached ones included.",
        (*analysis(f"{_CLASS}/tokens/input"), *workload(f"{_CLASS}/input_tokens")),
    ),
    Metric(
        "output_tokens",
        "tokens",
        "neither",
        "Output tokens.",
        (*analysis(f"{_CLASS}/tokens/output"), *workload(f"{_CLASS}/output_tokens")),
    ),
)

_CAPACITY: Final = (
    Metric(
        "utilisation",
        "ratio",
        "neither",
        "Busy replica time over paid replica time.",
        (*analysis(f"{_POOL}/utilisation_ratio"), *replays(f"{_POOL}/utilisation_ratio")),
    ),
    Metric(
        "useful_utilisation",
        "ratio",
        "higher",
        "Replica time spent on requests that met their objectives, over paid replica time.",
        analysis(f"{_POOL}/useful_utilisation_ratio"),
    ),
    Metric(
        "busy",
        "s",
        "neither",
        "Replica time with work in progress.",
        (
            *analysis(f"{_POOL}/busy_s"),
            *replays(f"{_POOL}/busy_s"),
            *calibrated("busy", "pools/{pool=name}"),
        ),
    ),
    Metric("busy_replicas", "replicas", "neither", "Replicas that are busy, on average over time.", ()),
    Metric(
        "replicas",
        "replicas",
        "lower",
        "Replicas paid for.",
        (*analysis(f"{_POOL}/replicas"), *replays(f"{_POOL}/replicas")),
    ),
    Metric(
        "accelerator",
        "s",
        "lower",
        "Accelerator time paid for.",
        replays(f"{_POOL}/accelerator_s"),
    ),
    *(
        Metric(
            f"queue_depth_{at}",
            "calls",
            "lower",
            f"Calls waiting, over time: {word}.",
            (*analysis(f"{_POOL}/queue_depth/{at}"), *workload(f"/queues/{{pool}}/depth/{at}")),
        )
        for at, word in (("p50", "p50"), ("p95", "p95"), ("max", "most"))
    ),
    Metric(
        "queue_depth_mean",
        "calls",
        "lower",
        "Calls waiting, over time: mean.",
        workload("/queues/{pool}/mean_depth"),
    ),
)

_MONEY: Final = (
    Metric("billed_usd", "USD", "lower", "Everything that has a price.", analysis("/totals/billed_usd")),
    Metric(
        "charged_usd",
        "USD",
        "lower",
        "What a class pays of the bill, rounded so that the rows add up.",
        analysis("/bill/rows/[kind=class]{request_class=name}/usd"),
    ),
    Metric(
        "attributed_usd",
        "USD",
        "lower",
        "What was used: a share of busy time, and what was bought for it.",
        (
            *analysis("/totals/attributed_usd", f"{_COST}/attributed_usd"),
            *analysis("/tenants/[kind=tenant]{tenant}/usd"),
            *workload(f"{_CLASS}/attributed_usd"),
        ),
    ),
    Metric(
        "loaded_usd",
        "USD",
        "lower",
        "Attributed cost with its part of idle time.",
        analysis(f"{_COST}/loaded_usd"),
    ),
    Metric(
        "idle_usd",
        "USD",
        "lower",
        "Paid replica time in which nothing ran.",
        analysis("/totals/idle_usd", f"{_POOL}/idle_usd"),
    ),
    Metric(
        "unattributed_usd",
        "USD",
        "lower",
        "Cost of what belongs to no request.",
        analysis("/totals/unattributed_usd"),
    ),
    Metric(
        "failed_usd",
        "USD",
        "lower",
        "Cost of attempts that failed or were retried.",
        analysis("/totals/retry_tax/usd", f"{_COST}/retry_tax/usd"),
    ),
    Metric(
        "failed_cost_ratio",
        "ratio",
        "lower",
        "Cost of attempts that failed or were retried, over all cost.",
        analysis("/totals/retry_tax/share_ratio", f"{_COST}/retry_tax/share_ratio"),
    ),
    Metric(
        "marginal_usd_per_request",
        "USD",
        "lower",
        "What one request fewer would have saved.",
        analysis(f"{_COST}/marginal_usd_per_request"),
    ),
    Metric(
        "long_run_usd_per_request",
        "USD",
        "lower",
        "Cost of one more request with replicas bought in proportion.",
        analysis(f"{_COST}/marginal/long_run_usd_per_request"),
    ),
    Metric(
        "congestion_usd_per_request",
        "USD",
        "lower",
        "Price of the time that one more request delays others.",
        analysis(f"{_COST}/congestion_usd_per_request"),
    ),
    Metric(
        "usd_per_success",
        "USD",
        "lower",
        "Attributed cost over requests that succeeded, with its interval.",
        analysis(f"{_COST}/usd_per_success"),
    ),
    *(
        Metric(
            f"usd_per_{thing}",
            "USD",
            "lower",
            f"Attributed cost, retries included, over {over}.",
            analysis(f"/totals/unit_costs/usd_per_{thing}", f"{_COST}/unit_costs/usd_per_{thing}"),
        )
        for thing, over in (
            ("response", "model calls that succeeded"),
            ("completed_task", "requests that succeeded"),
            ("session", "sessions"),
            ("completed_session", "sessions whose last request succeeded"),
            ("mtok", "a million tokens"),
        )
    ),
    Metric(
        "usd",
        "USD",
        "lower",
        "Replica time paid for.",
        replays("/usd", f"{_POOL}/usd"),
    ),
    Metric(
        "usd_per_good_request",
        "USD",
        "lower",
        "Replica time paid for, over requests that succeeded within every objective.",
        replays("/usd_per_good_request"),
    ),
    Metric("value_usd", "USD", "higher", "Value of the successes.", analysis(f"{_CLASS}/value/value_usd")),
    Metric("margin_usd", "USD", "higher", "Value less loaded cost.", analysis(f"{_CLASS}/value/margin_usd")),
)

_EVIDENCE: Final = (
    Metric(
        "priced_ratio",
        "ratio",
        "higher",
        "Part of the requests whose every charge has an amount.",
        analysis("/coverage/priced_ratio"),
    ),
    Metric(
        "maturity",
        "points",
        "higher",
        "How much of what a phase needs the telemetry says, 0 to 100.",
        (Place("diagnosis", "/phases/{phase}/score"),),
    ),
    *(
        Metric(
            name,
            "ratio",
            "higher",
            meaning,
            tuple(
                Place("admission_accuracy", f"/{rules}/classes/{{request_class}}/{name}")
                for rules in ("without_label", "with_label")
            ),
        )
        for name, meaning in (
            ("recall", "Part of a class's requests that admission rules take for it."),
            ("precision", "Part of what admission rules take for a class that is its own."),
        )
    ),
)

METRICS: Final[dict[str, Metric]] = {
    metric.id: metric for metric in (*_TIMES, *_OUTCOMES, *_TRAFFIC, *_CAPACITY, *_MONEY, *_EVIDENCE)
}
