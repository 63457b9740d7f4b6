"""How well the classes could be told when a request arrives: the admission document."""

from __future__ import annotations

from costctl.documents.admission_accuracy import SCHEMA_VERSION, AdmissionAccuracy
from costctl.observation import Question, observed
from costctl.progress import Progress
from costctl.segment.admission_accuracy import FOLDS, MOST_REQUESTS, Matched, admission_accuracy


def segment_admission(question: Question, progress: Progress) -> AdmissionAccuracy:
    """How well a gateway could tell the classes, and by which rules.

    Raises NotEnoughDataError where there are no two classes to tell apart.
    """
    with observed(question, progress) as observation:
        progress("Classifying requests", None)
        request_class = observation.engine.fetch("request_class")
        admission = observation.engine.fetch("admission_shape")
        progress("Evaluating admission rules", None)
        found = admission_accuracy(admission, request_class, observation.seed)
        return AdmissionAccuracy(
            schema_version=SCHEMA_VERSION,
            provenance=observation.provenance(
                {
                    "classes": "ordered rules, first match",
                    "matching": f"decision tree, {FOLDS}-fold cross-validation, stratified by class",
                }
            ),
            requests=request_class.height,
            evaluated=found.evaluated,
            folds=FOLDS,
            largest_class_ratio=found.largest_class_ratio,
            not_observed=found.not_observed,
            without_label=found.without_label,
            with_label=found.with_label,
            notes=_notes(found, request_class.height),
        )


def _notes(found: Matched, requests: int) -> tuple[str, ...]:
    notes = [
        "At admission a request is known by its entry span and its first call; later calls are not known yet."
    ]
    if found.evaluated < requests:
        notes.append(
            f"Evaluated on a random sample of {found.evaluated} of {requests} requests (at most {MOST_REQUESTS})."
        )
    if found.with_label is None:
        notes.append(
            "No request carries a class label; with a label that the edge copies to a header, every class would be "
            "matched exactly."
        )
    return tuple(notes)
