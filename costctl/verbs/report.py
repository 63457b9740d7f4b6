"""The weekly review: what other verbs say of the same traces, made together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from costctl.documents.report import SCHEMA_VERSION, Report
from costctl.errors import NotEnoughDataError
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import analysis_in
from costctl.verbs.diff import diff
from costctl.verbs.forecast import forecast_in
from costctl.verbs.promises import past_in_store, promises_in_store
from costctl.verbs.recommend import recommendations_in
from costctl.verbs.review import review_in
from costctl.verbs.segment import workload_map_in

Document = TypeVar("Document")


def report(question: Question, progress: Progress) -> Report:
    """What was spent, why, what to do now, and what came of earlier advice."""
    with observed(question, progress) as observation:
        analysis = analysis_in(observation, progress)
        advice = recommendations_in(observation, progress)
        workload = workload_map_in(observation, progress)
        has_promises = bool(promises_in_store(observation.engine))
        review = review_in(observation, progress) if has_promises else None
        past = past_in_store(observation.engine)
        forecast = _where_enough(lambda: forecast_in(observation, progress))
        methods: dict[str, str] = {}
        for part in (analysis, workload, advice, review, forecast):
            if part is not None:
                methods |= part.provenance.methods
        provenance = observation.provenance(methods)
    is_of_store = question.store is not None and not question.paths
    return Report(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        analysis=analysis,
        workload=workload,
        recommendations=replace(advice, past=past),
        review=review,
        difference=_where_enough(lambda: diff(None, None, question, progress)) if is_of_store else None,
        forecast=forecast,
    )


def _where_enough(make: Callable[[], Document]) -> Document | None:
    """The document; None where too little was observed for it."""
    try:
        return make()
    except NotEnoughDataError:
        return None
