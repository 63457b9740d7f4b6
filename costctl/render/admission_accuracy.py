"""How well the classes can be told at admission, as tables and as CSV."""

from __future__ import annotations

from costctl.documents.admission_accuracy import AdmissionAccuracy, MatchCondition, Matching, taken_for
from costctl.documents.estimate import Estimate
from costctl.render.cells import TOO_FEW, count, ratio, ratio_interval
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv

_WORDS = {
    "prompt_tokens": "prompt",
    "is_stream": "stream",
    "has_tools": "tools",
    "data_classification": "data class",
    "workload": "label",
}
_NONE_MATCHED = "none matched"


def sections(document: AdmissionAccuracy) -> list[Section]:
    """How well each class is told, what it is taken for, by which rules; then the same with the label."""
    found: list[Section] = _told(document.without_label, "without a class label")
    found.append(_rules(document.without_label, "without a class label"))
    if document.with_label is not None:
        found.extend(_told(document.with_label, "with the class label"))
        found.append(_rules(document.with_label, "with the class label"))
    return [*found, Notes("Notes", _notes(document))]


def _told(matching: Matching, how: str) -> list[Section]:
    told = Table(
        f"Admission accuracy {how}, with 95 % intervals",
        ("class", "requests", "recall", "precision"),
        tuple(
            (
                item.request_class,
                count(item.requests),
                ratio_interval(item.recall),
                ratio_interval(item.precision, TOO_FEW if item.recall is None else _NONE_MATCHED),
            )
            for item in matching.classes
        ),
        frozenset({"class"}),
    )
    return [told, _taken_for(matching)]


def _taken_for(matching: Matching) -> Table:
    right, mistakes = taken_for(matching)
    return Table(
        "Confusion, and the features that rules use",
        ("class", "correct", "confused with", "features"),
        tuple(
            (
                item.request_class,
                count(right.get(item.request_class, 0)),
                ", ".join(
                    f"{cell.matched_as} {count(cell.requests)}"
                    for cell in mistakes.get(item.request_class, ())
                )
                or "-",
                ", ".join(word(feature) for feature in item.rule_features) or "nothing",
            )
            for item in matching.classes
        ),
        frozenset({"class", "confused with", "features"}),
    )


def word(feature: str) -> str:
    """A feature in a word."""
    return _WORDS.get(feature, feature)


def _rules(matching: Matching, how: str) -> Table:
    return Table(
        f"Rules {how}: the first that holds counts",
        ("where", "class", "requests", "of the class"),
        tuple(
            (in_words(rule.conditions), rule.request_class, count(rule.requests), ratio(rule.purity_ratio))
            for rule in matching.rules
        ),
        frozenset({"where", "class"}),
    )


def in_words(conditions: tuple[MatchCondition, ...]) -> str:
    """The conditions of a rule as a person says them."""
    return " and ".join(_condition(condition) for condition in conditions) or "all others"


def _condition(condition: MatchCondition) -> str:
    name = word(condition.feature)
    if condition.is_given is not None:
        return f"{name} is given" if condition.is_given else f"no {name}"
    if condition.at_most is not None:
        return f"{name} ≤ {count(condition.at_most)}"
    return f"{name} = {condition.equals}"


def _notes(document: AdmissionAccuracy) -> tuple[str, ...]:
    lines = [
        f"{ratio_interval(document.without_label.accuracy)} of {count(document.evaluated)} requests are assigned "
        f"their own class; assigning all to the largest class gets {ratio(document.largest_class_ratio)} right.",
        f"Recall and precision are cross-validated over {document.folds} folds.",
    ]
    if document.not_observed:
        names = ", ".join(word(feature) for feature in document.not_observed)
        lines.append(f"Not observed, and so not used: {names}.")
    return (*lines, *document.notes)


def csv_text(document: AdmissionAccuracy) -> str:
    """One row per class, for the rules without and with the label."""
    variants = (("without_label", document.without_label), ("with_label", document.with_label))
    return as_csv(
        (
            "rules", "request_class", "requests", "matched", "recall", "recall_low", "recall_high", "precision",
            "precision_low", "precision_high", "rule_features",
        ),
        [
            [
                name, item.request_class, item.requests, item.matched, *_bounds(item.recall), *_bounds(item.precision),
                " ".join(item.rule_features),
            ]
            for name, matching in variants
            if matching is not None
            for item in matching.classes
        ],
    )  # fmt: skip


def _bounds(part: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if part is None else (part.mid, part.low, part.high)
