"""costctl.admission_accuracy/v1: how well a gateway could tell the classes when a request arrives, as ``costctl segment
--admission`` prints it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from costctl.documents.estimate import Estimate
from costctl.documents.provenance import Provenance

SCHEMA_VERSION: Final = "costctl.admission_accuracy/v1"


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

    requests: taken by it, of those that the rules were made from.  purity_ratio: the part of these that is of the
    class; how well the rules do on others, recall and precision say.
    """

    conditions: tuple[MatchCondition, ...]
    request_class: str
    requests: int
    purity_ratio: float


class ClassMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How well one class is told, on requests that the rules had not seen.

    matched: requests that were taken for this class.  recall: of its requests, the part that was taken for it.
    precision: of those taken for it, the part that is its own. Both are null where there are too few requests
    to say; precision also where nothing was taken for the class.  told_by: the features that its rules go by.
    """

    request_class: str
    requests: int
    matched: int
    recall: Estimate | None
    precision: Estimate | None
    told_by: tuple[str, ...]


class Confusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests of a class that were taken for a class. Pairs without requests are left out."""

    request_class: str
    matched_as: str
    requests: int


class Matching(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one set of features can tell.

    features: those used.  accuracy: part of all requests that was taken for their class.  rules: in order, the
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
