"""Which rule takes a request? The rules followed one after the other, as a gateway would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costctl.documents.admission_accuracy import MatchCondition, MatchRule


def taken_by(rules: Sequence[MatchRule], request: dict[str, Any]) -> MatchRule:
    """The first rule that takes a request, given as feature → value; the last takes what is left.

    A limit that was not given lies below no bound. Raises LookupError where there are no rules.
    """
    for rule in rules:
        if all(_holds(condition, request[condition.feature]) for condition in rule.conditions):
            return rule
    raise LookupError("no rule matches the request")


def _holds(condition: MatchCondition, value: Any) -> bool:
    if condition.is_given is not None:
        return (value is not None) == condition.is_given
    if value is None:
        return False
    if condition.at_most is not None:
        return bool(value <= condition.at_most)
    return (str(value).lower() if isinstance(value, bool) else str(value)) == condition.equals
