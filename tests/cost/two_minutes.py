"""Two minutes of one replica whose every number can be found by hand: the worked example of several pages.

A decode step of n sequences takes 20 + n ms, a prompt token 0.1 ms, and prefill stalls decoding. Sixty times, one round
every two seconds: a request of class ``chat`` by itself, one of class ``rag`` by itself, and one of each together, the
second 50 ms after the first. docs/explanation/service-model.md follows such a pair from step to step.
"""

from __future__ import annotations

from typing import Any

from costctl.cost.analysis import METHODS, build_analysis
from costctl.documents.analysis import Analysis, ClassReport
from costctl.documents.bill import IdleTreatment
from costctl.documents.provenance import Provenance
from costctl.documents.settings import ClassSettings, Pool, Settings, Value
from costctl.service_model.pool_fit import fit_pools
from tests.relations.span_rows import chat, engine_of, frames_of, span

ROUNDS, ROUND_S = 60, 2.0
USD_PER_REPLICA_HOUR = 3.6  # 0.001 USD a replica second
SETTINGS = Settings(
    pools={"gpu": Pool(usd_per_replica_hour=USD_PER_REPLICA_HOUR, match={"service": "llm"})},
    classes={
        "chat": ClassSettings(delay_usd_per_s=0.002, value=Value(usd_per_success=0.0009)),
        "rag": ClassSettings(delay_usd_per_s=0.01, value=Value(usd_per_success=0.0005)),
    },
)


def two_minutes(replica_names: tuple[str, ...] = ("r",)) -> list[dict[str, Any]]:
    """The spans. replica_names: that the one replica has in turn, each for a part of the time."""
    spans: list[dict[str, Any]] = []
    for number in range(ROUNDS):
        at_s = number * ROUND_S
        pair_s = at_s + (1.2 if number < ROUNDS - 1 else ROUND_S - 0.274)  # the last ends the two minutes
        replica = replica_names[number * len(replica_names) // ROUNDS]
        spans += _request(f"a{number}", "chat", replica, at_s, (0.0, 0.010, 0.220))
        spans += _request(f"b{number}", "rag", replica, at_s + 0.7, (0.0, 0.050, 0.134))
        spans += _request(f"c{number}", "chat", replica, pair_s, (0.0, 0.010, 0.274))
        spans += _request(f"d{number}", "rag", replica, pair_s + 0.05, (0.002, 0.052, 0.140))
    return spans


def _request(
    trace: str, workload: str, replica: str, start_s: float, after_s: tuple[float, float, float]
) -> list[dict[str, Any]]:
    """after_s: from the start to the end of the queue, the first token and the end."""
    queue_s, ttft_s, duration_s = after_s
    input_tokens, output_tokens = {"chat": (100, 11), "rag": (500, 5)}[workload]
    call = chat(
        f"{trace}/call/root",
        start_s,
        start_s + duration_s,
        service="llm",
        replica_id=replica,
        model_served="m",
        queue_s=queue_s,
        ttft_s=ttft_s,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )
    return [span(f"{trace}/root", start_s, start_s + duration_s, workload=workload), call]


def analysed(
    spans: list[dict[str, Any]], settings: Settings = SETTINGS, idle: IdleTreatment = "separate"
) -> Analysis:
    """The document that ``costctl analyze`` prints of these spans."""
    engine = engine_of(spans, settings)
    frames = frames_of(engine, settings)
    provenance = Provenance("0", (), None, None, METHODS, 0)
    return build_analysis(frames, settings, fit_pools(frames, settings), provenance, 0, idle)


def report_of(analysis: Analysis, name: str) -> ClassReport:
    """What the document says of one class."""
    return next(each for each in analysis.classes if each.request_class == name)
