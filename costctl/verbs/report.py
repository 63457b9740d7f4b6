"""The weekly review: what other verbs say of the same traces, made together."""

from __future__ import annotations

from msgspec.structs import replace

from costctl.documents.report import SCHEMA_VERSION, Report
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import analysis_in
from costctl.verbs.promises import past_in_store, promises_in_store
from costctl.verbs.recommend import recommendations_in
from costctl.verbs.review import review_in
from costctl.verbs.segment import workload_map_in


def report(question: Question, progress: Progress) -> Report:
    """What was spent, why, what to do now, and what came of earlier advice."""
    with observed(question, progress) as observation:
        analysis = analysis_in(observation, progress)
        advice = recommendations_in(observation, progress)
        workload = workload_map_in(observation, progress)
        has_promises = bool(promises_in_store(observation.engine))
        review = review_in(observation, progress) if has_promises else None
        past = past_in_store(observation.engine)
        methods: dict[str, str] = {}
        for part in (analysis, workload, advice, review):
            if part is not None:
                methods |= part.provenance.methods
        return Report(
            schema_version=SCHEMA_VERSION,
            provenance=observation.provenance(methods),
            analysis=analysis,
            workload=workload,
            recommendations=replace(advice, past=past),
            review=review,
        )
