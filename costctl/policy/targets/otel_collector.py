"""OpenTelemetry Collector: a processor that writes the class of each call into its span.

In: a policy. Out: an ``Emission``: one OTTL statement for each class, in order, of which the first that holds sets the
attribute ``costctl.class``. A collector sees telemetry and carries no requests, so that nothing else of a policy is in
the file. https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.165.0/processor/transformprocessor
· pkg/ottl/LANGUAGE.md · https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ (read 2026-11-30)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import HeaderMatch, Match, Operation, Policy
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.http_match import label_headers
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.target import Target

FILE_NAME: Final = "otelcol.yaml"
LABEL: Final = "costctl.class"
_CONSUMER: Final = Consumer("OpenTelemetry Collector (contrib)", "0.165")
_VALIDATOR: Final = Validator(
    "a twin of the transform processor",
    "0.165",
    "hand-schema",
    "That the statements have OTTL's grammar, and that each span gets the class that the policy says; by a reader that "
    "was written by hand: no collector was run.",
)
_NAME: Final = "transform/costctl"
_OPERATION: Final = "gen_ai.operation.name"
_MODEL: Final = "gen_ai.request.model"
_HEADER: Final = "http.request.header."
# What spans call the operations of a policy.
_SPAN_OPERATIONS: Final[Mapping[Operation, tuple[str, ...]]] = {
    "chat": ("chat", "generate_content"),
    "completion": ("text_completion",),
    "embedding": ("embeddings",),
    "rerank": ("rerank",),
}
_NO_REQUESTS: Final = "A collector reads telemetry; it carries no requests."
_NOT_TOLD: Final = (
    "It takes what no header tells, and a span without the header may be one whose header was not captured."
)
_WITHOUT: Final = "A span without the header of a class before it is taken for a request without it."


def emit_otel_collector(policy: Policy, _backend: str | None) -> Emission:
    """The file. A class that takes whatever is left is in it only where no class is told by a header."""
    rules = tuple(_rules(policy))
    group = {
        "conditions": [_is(_OPERATION, name) for names in _SPAN_OPERATIONS.values() for name in names],
        "statements": [_escaped(rule) for rule in rules],
    }
    processor = {"error_mode": "ignore", "trace_statements": [group]}
    conditions = _conditions(policy)
    head = (*origin_lines(policy, "otel-collector", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    body: dict[str, Any] = {"processors": {_NAME: processor}}
    text = commented(head) + yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=110)
    ledger = Ledger(policy)
    _say_all(ledger, policy)
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, ((len(rules), "rule"),))


def _rules(policy: Policy) -> Iterator[str]:
    """The statements, in the order of the classes; the default class is the last."""
    for kind in policy.classes:
        if not _takes_what_is_left(policy, kind.match):
            yield _rule(kind.request_class, kind.match)
    if not label_headers(policy):
        default = next(kind for kind in policy.classes if kind.id == policy.default_class)
        yield _rule(default.request_class, Match())


def _rule(label: str, match: Match) -> str:
    """Sets the label of a span that has none and that a match takes."""
    path = _attribute(LABEL)
    terms = [
        _any(_is(_OPERATION, name) for each in match.operation or () for name in _SPAN_OPERATIONS[each]),
        _any(_is(_MODEL, name) for name in match.model or ()),
        *(_has(header) for header in match.headers),
    ]
    where = " and ".join((f"{path} == nil", *(f"({term})" for term in terms if term)))
    return f"set({path}, {_text(label)}) where {where}"


def _takes_what_is_left(policy: Policy, match: Match) -> bool:
    """Whether a class takes every span, though others are told by a header that a span may lack."""
    return match == Match() and bool(label_headers(policy))


def _has(header: HeaderMatch) -> str:
    """A captured header is a list of texts; some write the only one as it is."""
    path, value = _attribute(_HEADER + header.name), _text(header.value)
    return f"{path} == {value} or (IsList({path}) and {path}[0] == {value})"


def _any(terms: Iterator[str]) -> str:
    return " or ".join(terms)


def _is(name: str, value: str) -> str:
    return f"{_attribute(name)} == {_text(value)}"


def _attribute(name: str) -> str:
    return f"span.attributes[{_text(name)}]"


def _text(value: str) -> str:
    """A literal of OTTL, which is one of Go: as in JSON, but that no character is written as two halves."""
    return json.dumps(value, ensure_ascii=False)


def _escaped(statement: str) -> str:
    """For a collector's configuration, in which a single dollar sign begins a variable."""
    return statement.replace("$", "$$")


def _conditions(policy: Policy) -> tuple[str, ...]:
    """What must be so where it runs."""
    found = [
        f"{_NAME} is named in the processors of a traces pipeline, in a collector that has the transform processor.",
        f"A span that has {LABEL} keeps it.",
    ]
    headers = label_headers(policy)
    if headers:
        names = ", ".join(_HEADER + name for name in headers)
        found.append(
            f"The span of a call has {names} beside {_OPERATION}: whatever writes it captures the header, as it comes "
            "from the edge."
        )
    return tuple(found)


def _say_all(ledger: Ledger, policy: Policy) -> None:
    ledger.provenance()
    has_header = False
    for number, kind in enumerate(policy.classes):
        here = f"/classes/{number}"
        has_header = has_header or bool(kind.match.headers)
        if _takes_what_is_left(policy, kind.match):
            for part in ("request_class", "match"):
                ledger.unsupported(f"{here}/{part}", _NOT_TOLD)
        elif has_header and not kind.match.headers:
            ledger.exact(f"{here}/request_class", LABEL)
            ledger.approximated(f"{here}/match", _WITHOUT, "where")
        else:
            ledger.exact(f"{here}/request_class", LABEL)
            ledger.exact(f"{here}/match", "where")
    if label_headers(policy):
        ledger.unsupported("/default_class", _NOT_TOLD)
    else:
        ledger.exact("/default_class", "the last statement")
    for section in ("lanes", "backends", "classes"):
        if ledger.has(f"/{section}"):
            ledger.not_applicable(f"/{section}", _NO_REQUESTS)


TARGET: Final = Target("otel-collector", emit_otel_collector, form="yaml")
