"""How a class is matched rests on how well it can be told without its header."""

from __future__ import annotations

import msgspec

from costctl.documents.admission_accuracy import ClassMatch, Confusion, Matching
from costctl.policy.checks import check_policy
from costctl.policy.match_evidence import with_match_evidence
from costctl.segment.admission_accuracy import wilson
from tests.policy.policies import sound_policy


def told(*classes: ClassMatch) -> Matching:
    cells = tuple(Confusion(item.request_class, item.request_class, item.requests) for item in classes)
    return Matching(("route",), wilson(9, 10), classes, cells, ())


def test_every_class_says_how_well_it_could_be_told_without_its_header() -> None:
    policy = sound_policy()
    name = policy.classes[0].request_class
    made, facts = with_match_evidence(
        list(policy.classes), told(ClassMatch(name, 40, 50, wilson(38, 40), wilson(38, 50), ("route",)))
    )
    assert made[0].why["/match"] == (facts[0].id,)
    assert (facts[0].samples, facts[0].value) == (40, wilson(38, 40))
    assert facts[0].statement.startswith(
        "Without a class header, a gateway could tell it by route: recall 95.0%"
    )
    assert "precision 76.0%" in facts[0].statement
    whole = msgspec.structs.replace(policy, classes=tuple(made), evidence=(*policy.evidence, *facts))
    assert check_policy(whole) == ()
    assert [kind.match for kind in made] == [kind.match for kind in policy.classes]


def test_a_class_with_too_few_requests_says_so() -> None:
    policy = sound_policy()
    name = policy.classes[0].request_class
    _, facts = with_match_evidence(list(policy.classes), told(ClassMatch(name, 3, 0, None, None, ())))
    assert (
        facts[0].statement
        == "Too few requests to say whether a gateway could tell it without a class header."
    )


def test_where_nothing_is_known_nothing_is_claimed() -> None:
    policy = sound_policy()
    assert with_match_evidence(list(policy.classes), None) == (list(policy.classes), [])
