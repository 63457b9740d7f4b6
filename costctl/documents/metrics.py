"""Which quantities do the documents hold, in which unit, and is less of it better or more?

``METRICS`` is the one catalogue: whatever names a quantity (an effect, a difference, an objective, a gate) names an id
of it. ``documents.metric_values`` reads the values of a metric out of a document.
"""

from __future__ import annotations

from typing import Final

from costctl.documents.metric import (
    MODEL_ROW,
    TENANT_ROW,
    Metric,
    Place,
    analysis,
    calibrated,
    effects,
    replays,
    workload,
)
from costctl.documents.money_metrics import MONEY

_FITTED: Final = ("classes/{request_class=name}", "pools/{pool=name}")
_CLASS: Final = "/classes/{request_class}"
_POOL: Final = "/pools/{pool}"
_OBJECTIVE: Final = "/objectives/{request_class}/objectives/{objective=metric}"

_TIMES: Final = (
    *(
        Metric(
            f"e2e_{at}",
            f"e2e {at}",
            "s",
            "lower",
            f"End-to-end time of requests, {at}.",
            (
                *analysis(f"{_CLASS}/latency_s/{at}"),
                *replays(f"{_CLASS}/e2e_s/{at}"),
                *effects(f"e2e_{at}", "request_class"),
            ),
        )
        for at in ("p50", "p95", "p99")
    ),
    *(
        Metric(
            f"ttft_{at}",
            f"TTFT {at}",
            "s",
            "lower",
            f"Time to first token of requests, {at}.",
            (
                *analysis(f"{_CLASS}/ttft_s/{at}"),
                *replays(f"{_CLASS}/ttft_s/{at}"),
                *effects(f"ttft_{at}", "request_class"),
            ),
        )
        for at in ("p50", "p95", "p99")
    ),
    *(
        Metric(
            f"call_{name}_{at}",
            f"call {short} {at}",
            "s",
            "lower",
            f"{meaning}, {at}.",
            calibrated(f"call_{name}_{at}", *_FITTED),
        )
        for name, short, meaning in (
            ("latency", "latency", "Duration of model calls, queue included"),
            ("ttft", "TTFT", "Time to first token of model calls"),
        )
        for at in ("p50", "p95")
    ),
    Metric(
        "longest_wait",
        "longest wait",
        "s",
        "lower",
        "Longest time that a served call waited in the queue.",
        (*replays("/lanes/{pool,request_class}/longest_wait_s"), *effects("longest_wait", "request_class")),
    ),
    Metric(
        "put_off_p95",
        "put off p95",
        "s",
        "lower",
        "Time that requests wait for the hours of their class before they are sent, p95: in no other time.",
        (*replays(f"{_CLASS}/put_off/p95_s"), *effects("put_off_p95", "request_class")),
    ),
    Metric(
        "longest_put_off",
        "longest put off",
        "s",
        "lower",
        "Longest time that a request waits for the hours of its class before it is sent: in no other time.",
        (*replays(f"{_CLASS}/put_off/longest_s"), *effects("longest_put_off", "request_class")),
    ),
    Metric(
        "waste_s_per_request",
        "bottleneck waste per request",
        "s",
        "lower",
        "Time that a request wastes in the stage that is its bottleneck.",
        (
            *analysis(f"{_CLASS}/bottleneck/waste_s_per_request"),
            *workload("/times/{request_class}/bottleneck/waste_s_per_request"),
        ),
    ),
    Metric(
        "stage_s_per_request",
        "stage time per request",
        "s",
        "lower",
        "Time of a request in one stage, on its critical path, on average over all requests of the class.",
        (
            *analysis(f"{_CLASS}/stages/{{stage}}/s_per_request"),
            *workload("/times/{request_class}/stages/{stage}/s_per_request"),
        ),
    ),
    Metric(
        "delay_s_per_request",
        "delay of others per request",
        "s",
        "lower",
        "Time that one more request delays all others, together.",
        analysis(f"{_CLASS}/cost/marginal/delay_s_per_request"),
    ),
)

_OUTCOMES: Final = (
    Metric(
        "slo_attainment",
        "SLO attainment",
        "ratio",
        "higher",
        "Part of the requests that succeeded within an objective, of those that failed or were timed.",
        (*analysis(f"{_CLASS}/slo/{{objective=target}}/met_ratio"), *workload(f"{_OBJECTIVE}/met_ratio")),
    ),
    Metric(
        "error_budget_burn",
        "error budget burn",
        "1",
        "lower",
        "Error budget used, as a multiple of it: above 1 the objective is missed.",
        workload(f"{_OBJECTIVE}/burn"),
    ),
    Metric(
        "goodput",
        "goodput",
        "ratio",
        "higher",
        "Part of the requests that succeeded within every objective.",
        (*replays("/goodput_ratio", f"{_CLASS}/goodput_ratio"), *effects("goodput", "request_class")),
    ),
    Metric(
        "goodput_per_s",
        "goodput per second",
        "1/s",
        "higher",
        "Requests per second that succeeded within every objective.",
        workload("/objectives/{request_class}/goodput_per_s"),
    ),
    Metric(
        "success_ratio",
        "success rate",
        "ratio",
        "higher",
        "Part of the requests that succeeded.",
        (
            *analysis("/totals/success_ratio", f"{_CLASS}/success_ratio"),
            *analysis(f"{TENANT_ROW}/success_ratio", f"{MODEL_ROW}/success_ratio"),
            Place("sessions", "/report/classes/{request_class}/completed_ratio"),
        ),
    ),
    Metric(
        "failed_requests",
        "failed requests",
        "requests",
        "lower",
        "Requests that failed.",
        (*analysis(f"{_CLASS}/failed"), *workload("/faults/{request_class}/failed")),
    ),
    Metric(
        "attempts_per_request",
        "attempts per request",
        "1",
        "lower",
        "Attempts per request, retries included.",
        workload("/faults/{request_class}/attempts_per_request"),
    ),
    Metric(
        "timeouts",
        "timeouts",
        "requests",
        "lower",
        "Requests in which something timed out.",
        workload("/faults/{request_class}/timeouts"),
    ),
    Metric(
        "prompt_cache_ratio",
        "prompt cache hit ratio",
        "ratio",
        "higher",
        "Prompt cache hit ratio: cached over all input tokens.",
        workload("/faults/{request_class}/prompt_cache_ratio"),
    ),
    Metric(
        "lookup_hit_ratio",
        "other cache hit ratio",
        "ratio",
        "higher",
        "Hit ratio of other caches: hits over look-ups.",
        workload("/faults/{request_class}/lookup_hit_ratio"),
    ),
    Metric(
        "looping_ratio",
        "looping tasks",
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
        "requests",
        "neither",
        "Requests.",
        (
            *analysis("/totals/requests", f"{_CLASS}/requests", "/tenants/[kind=tenant]{tenant}/requests"),
            *analysis(f"{MODEL_ROW}/requests"),
            *workload("/requests", f"{_CLASS}/requests"),
            *replays("/requests", f"{_CLASS}/requests"),
        ),
    ),
    Metric(
        "input_tokens",
        "input tokens",
        "tokens",
        "neither",
        "Input tokens, cached ones included.",
        (*analysis(f"{_CLASS}/tokens/input"), *workload(f"{_CLASS}/input_tokens")),
    ),
    Metric(
        "output_tokens",
        "output tokens",
        "tokens",
        "neither",
        "Output tokens.",
        (*analysis(f"{_CLASS}/tokens/output"), *workload(f"{_CLASS}/output_tokens")),
    ),
)

_CAPACITY: Final = (
    Metric(
        "utilisation",
        "utilisation",
        "ratio",
        "neither",
        "Busy replica time over paid replica time.",
        (*analysis(f"{_POOL}/utilisation_ratio"), *replays(f"{_POOL}/utilisation_ratio")),
    ),
    Metric(
        "useful_utilisation",
        "useful utilisation",
        "ratio",
        "higher",
        "Replica time spent on requests that met their objectives, over paid replica time.",
        analysis(f"{_POOL}/useful_utilisation_ratio"),
    ),
    Metric(
        "busy",
        "busy time",
        "s",
        "neither",
        "Replica time with work in progress.",
        (
            *analysis(f"{_POOL}/busy_s"),
            *replays(f"{_POOL}/busy_s"),
            *calibrated("busy", "pools/{pool=name}"),
        ),
    ),
    Metric(
        "busy_replicas",
        "busy replicas",
        "replicas",
        "neither",
        "Replicas that are busy, on average over time.",
        effects("busy_replicas", "pool"),
    ),
    Metric(
        "replicas",
        "replicas",
        "replicas",
        "lower",
        "Replicas paid for.",
        (*analysis(f"{_POOL}/replicas"), *replays(f"{_POOL}/replicas")),
    ),
    Metric(
        "accelerator",
        "accelerator time",
        "s",
        "lower",
        "Accelerator time paid for.",
        replays(f"{_POOL}/accelerator_s"),
    ),
    *(
        Metric(
            f"queue_depth_{at}",
            f"queue depth {at}",
            "calls",
            "lower",
            f"Calls waiting, over time: {word}.",
            (*analysis(f"{_POOL}/queue_depth/{at}"), *workload(f"/queues/{{pool}}/depth/{at}")),
        )
        for at, word in (("p50", "p50"), ("p95", "p95"), ("max", "most"))
    ),
    Metric(
        "queue_depth_mean",
        "queue depth mean",
        "calls",
        "lower",
        "Calls waiting, over time: mean.",
        workload("/queues/{pool}/mean_depth"),
    ),
)

_EVIDENCE: Final = (
    Metric(
        "priced_ratio",
        "priced requests",
        "ratio",
        "higher",
        "Part of the requests whose every charge has an amount.",
        analysis("/coverage/priced_ratio"),
    ),
    Metric(
        "maturity",
        "telemetry score",
        "points",
        "higher",
        "How much of what a phase needs the telemetry says, 0 to 100.",
        (Place("diagnosis", "/phases/{phase}/score"),),
    ),
    *(
        Metric(
            name,
            f"admission {name}",
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
    metric.id: metric for metric in (*_TIMES, *_OUTCOMES, *_TRAFFIC, *_CAPACITY, *MONEY, *_EVIDENCE)
}
