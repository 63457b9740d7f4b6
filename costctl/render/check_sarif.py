"""Verdicts of gates as SARIF 2.1.0, for code scanning: a rule for each kind of limit, a result for each check that is
breached or cannot be said.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html: kind open is what
could not be determined, and has level none; a message escapes brackets (embedded links) and doubles braces.
"""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from costctl.documents.check import Check, Outcome, Verdict
from costctl.documents.metrics import METRICS
from costctl.render import check_words
from costctl.render.check_pipelines import fingerprint
from costctl.render.document import warnings_of

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KINDS: Final[dict[Outcome, tuple[str, str]]] = {
    "breached": ("fail", "error"),
    "cannot_say": ("open", "none"),
}
_NUMBERS: Final = ("value", "baseline", "limit_value", "excess", "samples", "samples_needed")
_BUDGET: Final = "What is spent in a calendar period, UTC."


def as_sarif(document: Check, path: str) -> str:
    """The log of one run."""
    rules = list(dict.fromkeys(_rule_id(each) for each in document.verdicts))
    results = [_result(each, document, path, rules) for each in document.verdicts if each.outcome in _KINDS]
    run = {
        "tool": {
            "driver": {
                "name": "costctl",
                "semanticVersion": document.provenance.costctl_version,
                "rules": [_rule(name) for name in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": _text(warning)}}
                    for warning in warnings_of(document)
                ],
            }
        ],
        "results": results,
        "columnKind": "unicodeCodePoints",
        "properties": {
            "headline": check_words.headline(document),
            "compared": check_words.compared(document),
            "breached": document.breached,
            "cannot_say": document.cannot_say,
            "passed": document.passed,
        },
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return f"{json.dumps(log, indent=2, ensure_ascii=False)}\n"


def _rule_id(each: Verdict) -> str:
    return f"{each.metric or 'spend'}/{each.limit}"


def _rule(name: str) -> dict[str, Any]:
    metric = METRICS.get(name.partition("/")[0])
    return {
        "id": name,
        "shortDescription": {"text": _text(_BUDGET if metric is None else metric.meaning)},
        "help": {"text": "costctl help gates"},
    }


def _result(each: Verdict, document: Check, path: str, rules: list[str]) -> dict[str, Any]:
    kind, level = _KINDS[each.outcome]
    judged = each.judged
    interval = None if judged is None else [judged.low, judged.value, judged.high]
    return {
        "ruleId": _rule_id(each),
        "ruleIndex": rules.index(_rule_id(each)),
        "kind": kind,
        "level": level,
        "message": {"text": _text(check_words.sentence(each, document))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(path)},
                    "region": {"startLine": each.line},
                }
            }
        ],
        "partialFingerprints": {"costctlGate/v1": fingerprint(each)},
        "properties": {
            "cause": each.cause,
            **{name: getattr(each, name) for name in _NUMBERS},
            "judged": interval,
        },
    }


def _text(text: str) -> str:
    """A plain message, of which nothing is a link or a placeholder."""
    escaped = "".join(f"\\{each}" if each in "\\[]" else each for each in text)
    return escaped.replace("{", "{{").replace("}", "}}")
