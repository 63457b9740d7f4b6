"""costctl.admission_accuracy/v2: how accurately a gateway could classify requests when they arrive, as ``costctl
segment --admission`` prints it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.admission_accuracy/v2"


class MatchCondition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One condition on what is known at admission; one of the three is set.

    equals: the value.  at_most: tokens, inclusive; a request without a limit lies above every bound.  is_given:
    false for requests that do not have the feature at all.
    """

    feature: str
    equals: str | None = None
    at_most: int | None = None
    is_given: bool | None = None


class MatchRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The requests that no rule before took and that meet every condition. No condition: all that are left.

    requests: matched by it, of those that the rules were trained on.  purity_ratio: the part of these that is of the
    class; how well the rules do on others, recall and precision say.
    """

    conditions: tuple[MatchCondition, ...]
    request_class: str
    requests: int
    purity_ratio: float


class ClassMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How accurately one class is predicted, on held-out requests.

    matched: requests predicted as this class.  recall: of its requests, the part predicted as it.
    precision: of those predicted as it, the part that is its own. Both are null where there are too few requests
    to say; precision also where nothing was predicted as the class.  rule_features: those that its rules use.
    """

    request_class: str
    requests: int
    matched: int
    recall: Estimate | None
    precision: Estimate | None
    rule_features: tuple[str, ...]


class Confusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests of a class that were predicted as a class. Pairs without requests are omitted."""

    request_class: str
    matched_as: str
    requests: int


class Matching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accuracy with one set of features.

    features: those used.  accuracy: part of all requests that was predicted as their class.  rules: in order, the
    first that matches counts.
    """

    features: tuple[str, ...]
    accuracy: Estimate
    classes: tuple[ClassMatch, ...]
    confusion: tuple[Confusion, ...]
    rules: tuple[MatchRule, ...]


class AdmissionAccuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The document that ``costctl segment --admission --format json`` prints.

    requests: all.  evaluated: those that rules were made from and tried on.  folds: parts that each took a turn
    at being tried.  largest_class_ratio: what taking everything for the largest class gets right.  not_observed:
    features that a gateway may see and that these traces do not record.  without_label: the class label left
    out.  with_label: the label used; null where no request carries one.
    """

    schema_version: str
    provenance: Provenance
    requests: int
    evaluated: int
    folds: int
    largest_class_ratio: float
    not_observed: tuple[str, ...]
    without_label: Matching
    with_label: Matching | None
    notes: tuple[str, ...]


def taken_for(matching: Matching) -> tuple[dict[str, int], dict[str, list[Confusion]]]:
    """Class → requests that were taken for it, and class → those taken for others, the most frequent first."""
    right = {
        cell.request_class: cell.requests
        for cell in matching.confusion
        if cell.request_class == cell.matched_as
    }
    mistakes: dict[str, list[Confusion]] = {}
    for cell in sorted(matching.confusion, key=lambda cell: (-cell.requests, cell.matched_as)):
        if cell.request_class != cell.matched_as:
            mistakes.setdefault(cell.request_class, []).append(cell)
    return right, mistakes
