"""What the telemetry lacks: the evidence is fetched and handed to the catalogue."""

from __future__ import annotations

import polars as pl

from costctl.documents.diagnosis import SCHEMA_VERSION, Diagnosis
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.telemetry.catalogue import catalogue
from costctl.telemetry.coverage import Evidence, coverage, settings_counts
from costctl.telemetry.diagnosis import checks_of, phases_of
from costctl.telemetry.engines import engine_telemetry
from costctl.telemetry.usage_gaps import RELATIONS, usage_gaps
from costctl.verbs.witness import witness_of

METHODS = {
    "checks": "observed rows / rows on which the fact is expected; costctl help telemetry",
    "scores": "weight of met checks / weight of applicable checks; costctl help maturity",
}
_UNSEEN = (
    "Only exported telemetry can be checked: APIs that an SDK does not instrument and services without "
    "tracing leave no trace at all. Compare requests and tokens with the provider's invoice."
)


def doctor(question: Question, progress: Progress) -> Diagnosis:
    """What is not instrumented, what each gap does to the figures, and what to add."""
    with observed(question, progress) as observation:
        progress("Checking telemetry coverage", None)
        engine = observation.engine
        evidence = Evidence(
            spans=engine.fetch("span_evidence"),
            calls=engine.fetch("call_evidence"),
            requests=engine.fetch("request_evidence"),
        )
        classes = sorted(engine.fetch("request_class")["request_class"].drop_nulls().unique())
        facts = catalogue()
        counts = settings_counts(observation.config.settings, classes)
        checks = checks_of(facts, coverage(facts, evidence, counts), evidence.calls)
        return Diagnosis(
            schema_version=SCHEMA_VERSION,
            provenance=observation.provenance(METHODS),
            spans=int(evidence.spans["spans"].sum()),
            requests=int(evidence.requests["requests"].sum()),
            calls=int(evidence.calls["calls"].sum()),
            phases=phases_of(checks),
            checks=checks,
            witness=witness_of(engine, observation.config.settings.prices),
            usage=usage_gaps(*(engine.fetch(name) for name in RELATIONS)),
            engines=engine_telemetry(engine.fetch("engine_series"), engine.fetch("engine_samples")),
            notes=(*_nobodys(evidence), *_notes(observation.rejected_records)),
        )


def _nobodys(evidence: Evidence) -> tuple[str, ...]:
    """How many calls, and requests apart from their calls, are nobody's."""
    calls, of_calls = _without_tenant(evidence.calls, "calls")
    requests, of_requests = _without_tenant(evidence.requests, "requests")
    if not calls and not requests:
        return ()
    return (
        f"No tenant: {calls:,} of {of_calls:,} calls name none on their span or above it; {requests:,} of "
        f"{of_requests:,} requests name none on their entry span, nor on all of their calls.",
    )


def _without_tenant(patterns: pl.DataFrame, of: str) -> tuple[int, int]:
    return int(patterns.filter(~pl.col("has_tenant"))[of].sum()), int(patterns[of].sum())


def _notes(rejected_records: int) -> tuple[str, ...]:
    if not rejected_records:
        return (_UNSEEN,)
    return (
        f"{rejected_records:,} records were rejected and are not checked here: "
        "costctl sql 'SELECT code, message, COUNT(*) FROM quarantine GROUP BY ALL'.",
        _UNSEEN,
    )
