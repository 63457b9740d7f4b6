"""The first screen of admission accuracy: how well could a gateway tell the classes when a request arrives?"""

from __future__ import annotations

from typing import Final

from costctl.documents.admission_accuracy import AdmissionAccuracy, ClassMatch, Confusion, Matching, taken_for
from costctl.documents.estimate import Estimate
from costctl.render.admission_accuracy import word
from costctl.render.cells import TOO_FEW, Quantity, Row, count, ratio
from costctl.render.numbers import plural
from costctl.render.sections import Facts, Section, Table, first, joined
from costctl.render.view import View

_MOST_CLASSES: Final = 12
_MOST_NAMED: Final = 2
_CONFUSED: Final = "confused with"
_FEATURES: Final = "features"


def screen(document: AdmissionAccuracy, view: View) -> list[Section]:
    """The accuracy, each class without a label, and what would make it better."""
    matching = document.without_label
    return [Facts(_accuracy(document)), _classes(matching, view), _facts(document, view)]


def _accuracy(document: AdmissionAccuracy) -> tuple[tuple[str, str], ...]:
    lines = [_of_all(document.without_label, "without a class label")]
    if document.with_label is not None:
        lines.append(_of_all(document.with_label, "with the class label"))
    lines.append(f"{ratio(document.largest_class_ratio)} by assigning all to the largest class")
    return (("", f"{count(document.evaluated)} requests classified on arrival: {'; '.join(lines)}"),)


def _of_all(matching: Matching, how: str) -> str:
    return f"{_mid(matching.accuracy)} correct {how}"


def _classes(matching: Matching, view: View) -> Table:
    right, mistakes = taken_for(matching)
    shown, _ = first(matching.classes, view.top or _MOST_CLASSES)
    rows = tuple(
        _row(item, right.get(item.request_class, 0), mistakes.get(item.request_class, [])) for item in shown
    )
    return Table(
        "CLASS",
        ("class", "requests", "correct", "recall", "precision", _CONFUSED, _FEATURES),
        rows,
        frozenset({"class", _CONFUSED, _FEATURES}),
        is_compact=True,
        least=("correct", _FEATURES, _CONFUSED),
    )


def _row(item: ClassMatch, right: int, mistakes: list[Confusion]) -> Row:
    others = [f"{cell.matched_as} {count(cell.requests)}" for cell in mistakes]
    return (
        item.request_class,
        count(item.requests),
        count(right),
        _mid(item.recall),
        _mid(item.precision, TOO_FEW if item.recall is None else "none matched"),
        joined(others, _MOST_NAMED, ", ") or "-",
        ", ".join(word(feature) for feature in item.rule_features) or "nothing",
    )


def _facts(document: AdmissionAccuracy, view: View) -> Facts:
    _, hidden = first(document.without_label.classes, view.top or _MOST_CLASSES)
    lines = [("", f"{plural(hidden, 'smaller class')}: see --detail")] if hidden else []
    if document.not_observed:
        names = ", ".join(word(feature) for feature in document.not_observed)
        lines.append(("NOT OBSERVED", f"{names}: would help to tell the classes apart"))
    if document.with_label is None:
        lines.append(("LABEL", "no request carries a class label; with one, every class matches exactly"))
    lines.append(("Next", f"{view.command('segment --admission --detail')} for intervals and the rules"))
    return Facts(tuple(lines))


def _mid(part: Estimate | None, why: str = TOO_FEW) -> Quantity:
    return ratio(None if part is None else part.mid, why)
