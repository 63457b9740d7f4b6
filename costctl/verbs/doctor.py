"""What the telemetry lacks: the evidence is fetched and handed to the catalogue."""

from __future__ import annotations

import polars as pl

from costctl.documents.diagnosis import SCHEMA_VERSION, Diagnosis
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.telemetry.catalogue import catalogue
from costctl.telemetry.coverage import Evidence, coverage, settings_counts
from costctl.telemetry.diagnosis import checks_of, phases_of
from costctl.telemetry.usage_gaps import RELATIONS, usage_gaps
from costctl.verbs.witness import witness_of

METHODS = {
    "checks": "a fact is expected on rows, and counted where it is there; docs/reference/telemetry.md",
    "scores": "weight of what is met, of what applies; docs/explanation/maturity.md",
}
_UNSEEN = (
    "Only what was exported can be examined: an interface that an SDK does not instrument, or a service without a "
    "tracer, leaves no span to miss. Compare requests and tokens with the provider's invoice."
)


def doctor(question: Question, progress: Progress) -> Diagnosis:
    """What is not instrumented, what each gap does to the figures, and what to add."""
    with observed(question, progress) as observation:
        progress("Counting what spans say", None)
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
            notes=(*_nobodys(evidence), *_notes(observation.rejected_records)),
        )


def _nobodys(evidence: Evidence) -> tuple[str, ...]:
    """How many calls, and requests apart from their calls, are nobody's."""
    calls, of_calls = _without_tenant(evidence.calls, "calls")
    requests, of_requests = _without_tenant(evidence.requests, "requests")
    if not calls and not requests:
        return ()
    return (
        f"Nobody's: {calls:,} of {of_calls:,} calls name no tenant, on their span or above it, and {requests:,} of "
        f"{of_requests:,} requests neither on their entry nor on each of their calls.",
    )


def _without_tenant(patterns: pl.DataFrame, of: str) -> tuple[int, int]:
    return int(patterns.filter(~pl.col("has_tenant"))[of].sum()), int(patterns[of].sum())


def _notes(rejected_records: int) -> tuple[str, ...]:
    if not rejected_records:
        return (_UNSEEN,)
    return (
        f"{rejected_records:,} records could not be read and are not examined here: "
        "costctl sql 'SELECT code, message, COUNT(*) FROM quarantine GROUP BY ALL'.",
        _UNSEEN,
    )
