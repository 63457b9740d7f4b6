"""How well could a gateway tell a class without its header? The evidence for how a class is matched.

In: the policy's classes, and how well each can be told at admission. Out: the classes, their ``match`` pointing to
a fact, and the facts.
"""

from __future__ import annotations

import msgspec

from costctl.documents.admission_accuracy import ClassMatch, Matching
from costctl.documents.estimate import Estimate
from costctl.documents.policy import PolicyClass, PolicyEvidence
from costctl.levers.identifiers import identifier


def with_match_evidence(
    classes: list[PolicyClass], told: Matching | None
) -> tuple[list[PolicyClass], list[PolicyEvidence]]:
    """The classes with the evidence for their match, and that evidence; unchanged where nothing is known."""
    by_name = {item.request_class: item for item in told.classes} if told is not None else {}
    made, facts = [], {}
    for kind in classes:
        item = by_name.get(kind.request_class)
        if item is None:
            made.append(kind)
            continue
        fact = _fact(item)
        facts[fact.id] = fact
        made.append(msgspec.structs.replace(kind, why={**kind.why, "/match": (fact.id,)}))
    return made, list(facts.values())


def _fact(item: ClassMatch) -> PolicyEvidence:
    return PolicyEvidence(
        id=identifier(f"match.{item.request_class}"),
        kind="measured",
        statement=_statement(item),
        samples=item.requests,
        value=item.recall,
    )


def _statement(item: ClassMatch) -> str:
    if item.recall is None:
        return "Too few requests to say whether a gateway could tell it without a class header."
    by = ", ".join(item.rule_features) or "elimination"
    told = f"Without a class header, a gateway could tell it by {by}: recall {_interval(item.recall)}"
    if item.precision is None:
        return f"{told}; nothing is taken for it."
    return f"{told}, precision {_interval(item.precision)}; the value is the recall."


def _interval(part: Estimate) -> str:
    return f"{part.mid:.1%} ({part.low:.1%} to {part.high:.1%})"
