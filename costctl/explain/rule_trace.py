"""Why did a request get its class? What each rule, in order, says to the request's features, bound by bound.

In: a row of request_shape as a mapping, and the rows of class_rules. Out: ``RuleOutcome`` values in the order of the
rules. The first that is met is the one that sql/core/request_class.sql takes: a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from costctl.documents.explanation import BoundCheck, RuleOutcome

_NO_BOUNDS: Final = ("rule_order", "rule", "request_class", "is_labelled")


def rule_outcomes(shape: Mapping[str, Any], class_rules: pl.DataFrame) -> tuple[RuleOutcome, ...]:
    """The outcome of each rule for one request; at most one is taken. Alternatives of a rule are rules here."""
    outcomes: list[RuleOutcome] = []
    is_taken = False
    for rule in class_rules.sort("rule_order").iter_rows(named=True):
        bounds = bound_checks(shape, rule)
        is_met = all(bound.is_met for bound in bounds)
        outcomes.append(
            RuleOutcome(
                rule_order=rule["rule_order"],
                rule=rule["rule"],
                request_class=rule["request_class"] or shape["workload"],
                bounds=bounds,
                is_met=is_met,
                is_taken=is_met and not is_taken,
            )
        )
        is_taken = is_taken or is_met
    return tuple(outcomes)


def bound_checks(shape: Mapping[str, Any], rule: Mapping[str, Any]) -> tuple[BoundCheck, ...]:
    """Each bound that the rule sets, in the order of its columns; bounds are inclusive."""
    checks = []
    if rule["is_labelled"]:
        label = shape["workload"]
        checks.append(BoundCheck(bound="label", wanted="any", found=label, is_met=label is not None))
    for column, wanted in rule.items():
        if column in _NO_BOUNDS or wanted is None:
            continue
        end, _, feature = column.partition("_") if column[:4] in {"min_", "max_"} else ("", "", column)
        found = shape[feature]
        is_met = found is not None and _holds(end, found, wanted)
        checks.append(BoundCheck(bound=column, wanted=wanted, found=found, is_met=is_met))
    return tuple(checks)


def definition(rule: Mapping[str, Any]) -> str:
    """The bounds of a rule in words, such as "generation calls at least 1, output tokens at least 512"."""
    parts = ["a label is set"] if rule["is_labelled"] else []
    words = {"min_": "at least", "max_": "at most"}
    for column, wanted in rule.items():
        if column in _NO_BOUNDS or wanted is None:
            continue
        sign = words.get(column[:4])
        name = (column[4:] if sign else column).replace("_", " ")
        parts.append(f"{name} {sign} {wanted:,g}" if sign else f"{name} is {wanted}")
    return ", ".join(parts) or "everything"


def _holds(end: str, found: Any, wanted: Any) -> bool:
    match end:
        case "min":
            return bool(found >= wanted)
        case "max":
            return bool(found <= wanted)
    return bool(found == wanted)
