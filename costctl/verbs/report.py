"""The weekly review: what other verbs say of the same traces, made together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from costctl.answers import found_or_made
from costctl.documents.reconciliation import Reconciliation
from costctl.documents.report import SCHEMA_VERSION, Report
from costctl.documents.review import PastAdvice, Promise
from costctl.errors import NotEnoughDataError
from costctl.observation import Observation, Question, observed
from costctl.progress import Progress
from costctl.verbs.analyze import analysis_in
from costctl.verbs.diff import diff
from costctl.verbs.forecast import forecast_in
from costctl.verbs.promises import past_in_store, promises_in_store
from costctl.verbs.recommend import recommendations_in
from costctl.verbs.reconcile import reconciliation_in
from costctl.verbs.review import review_in
from costctl.verbs.segment import workload_map_in

if TYPE_CHECKING:
    from costctl.billed.row import BilledFile

Document = TypeVar("Document")


def report(question: Question, progress: Progress, bills: Sequence[str] = ()) -> Report:
    """What was spent, why, what to do now, what came of earlier advice; kept or made. bills: what providers bill, as
    ``reconcile`` takes it, to be compared; that is made each time.

    Raises InputError for a file that is no bill, UsageError for a currency without an exchange rate.
    """
    from costctl.billed.files import read_bills

    files = read_bills(bills) if bills else ()
    with observed(question, progress) as observation:
        promises, past = promises_in_store(observation.engine), past_in_store(observation.engine)
        reconciled, warnings = _reconciled(files, observation, progress)
        times = (question.since, question.until, question.last)  # that the comparison is of
        rests_on = [report.__qualname__, observation.basis, times, _has_time_before(question), promises, past]
        reviewed = found_or_made(
            observation.store,
            progress,
            Report,
            rests_on,
            lambda: _reported(observation, question, promises, past, progress),
        )
    said = reviewed.provenance
    methods = said.methods if reconciled is None else said.methods | reconciled.provenance.methods
    provenance = replace(said, warnings=(*said.warnings, *warnings), methods=methods)
    return replace(reviewed, provenance=provenance, reconciliation=reconciled)


def _reconciled(
    files: tuple[BilledFile, ...], observation: Observation, progress: Progress
) -> tuple[Reconciliation | None, tuple[str, ...]]:
    """The bills beside the traces, and a warning where they cannot be compared."""
    if not files:
        return None, ()
    try:
        return reconciliation_in(files, observation, progress), ()
    except NotEnoughDataError as error:
        return None, (f"The bills were not compared: {error.what}",)


def _reported(
    observation: Observation,
    question: Question,
    promises: tuple[Promise, ...],
    past: PastAdvice | None,
    progress: Progress,
) -> Report:
    analysis = analysis_in(observation, progress)
    advice = recommendations_in(observation, progress)
    workload = workload_map_in(observation, progress)
    review = review_in(observation, progress) if promises else None
    forecast = _where_enough(lambda: forecast_in(observation, progress))
    methods: dict[str, str] = {}
    for part in (analysis, workload, advice, review, forecast):
        if part is not None:
            methods |= part.provenance.methods
    provenance = observation.provenance(methods)
    observation.engine.forget()
    is_compared = _has_time_before(question)
    return Report(
        schema_version=SCHEMA_VERSION,
        provenance=provenance,
        analysis=analysis,
        workload=workload,
        recommendations=replace(advice, past=past),
        review=review,
        difference=_where_enough(lambda: diff(None, None, question, progress)) if is_compared else None,
        forecast=forecast,
        reconciliation=None,
    )


def _has_time_before(question: Question) -> bool:
    """Whether the answer is about all of a store, and not about some of its sources."""
    return question.store is not None and not question.paths


def _where_enough(make: Callable[[], Document]) -> Document | None:
    """The document; None where too little was observed for it."""
    try:
        return make()
    except NotEnoughDataError:
        return None
