"""One request, or one class, through every relation: tables for people, and its charges as CSV."""

from __future__ import annotations

from typing import Final

from costctl.documents.explanation import (
    BoundCheck,
    CallLine,
    ChargeLine,
    Explanation,
    Feature,
    RequestExplanation,
    RuleOutcome,
    SpanLine,
)
from costctl.render import class_explanation
from costctl.render.numbers import (
    NOT_OBSERVED,
    at_least,
    plural,
    ratio,
    seconds,
    significant,
    stage_name,
    tokens,
    usd,
)
from costctl.render.tables import Notes, Section, Table, as_csv

_SPAN_COLUMNS: Final = ("span", "stage", "start", "duration", "tokens in → out", "replica")
_NAME_WIDTH: Final = 34  # with its indentation; a longer name keeps its end, which says more
_LEAST_NAME: Final = 16
_UNSEEN: Final = "?"
_MOST_CHARGES: Final = 60
_NOT_ALWAYS_BILLED: Final = ("not_billed", "billed_if_reported", "input_only")
_AT_ADMISSION: Final = 10  # features that are known when a request is admitted; they come first
_PER: Final[dict[str, tuple[float, str]]] = {
    "tokens": (1e6, "M tokens"),
    "s": (3600.0, "hour"),
    "reads": (1e3, "1k reads"),
    "calls": (1e3, "1k calls"),
    "bytes": (1e9, "GB"),
}


def sections(document: Explanation) -> list[Section]:
    """Each request by itself, or the class."""
    parts: list[Section] = []
    if document.request_class is not None:
        parts += class_explanation.sections(document.request_class)
    for number, request in enumerate(document.requests, 1):
        of = f" ({number} of {len(document.requests)} in its trace)" if len(document.requests) > 1 else ""
        parts += _request(request, of)
    if document.other_requests:
        others = tuple(
            f"{each.request_id} {each.route or ''}, {_said(each.start)}" for each in document.other_requests
        )
        parts.append(Notes("Other requests of the trace", others))
    return parts


def _request(request: RequestExplanation, of: str) -> list[Section]:
    parts: list[Section] = [
        _facts(request, of),
        _rules(request.rules),
        _features(request.features),
        _spans(request),
    ]
    if request.calls:
        parts += [*_calls(request), _records(request)]
    parts += [_stages(request), _charges(request)]
    return parts


def _facts(request: RequestExplanation, of: str) -> Notes:
    first = "" if request.ttft_s is None else f", the first token after {seconds(request.ttft_s)}"
    lines = [
        f"{request.route or 'Its route was not observed'}; service {_said(request.service)}, tenant "
        f"{_said(request.tenant)}, session {_said(request.session_id)}.",
        f"Started {_said(request.start)}; took {seconds(request.duration_s)}{first}; "
        f"{'succeeded' if request.is_success else 'failed'}; attempts: {request.attempts}.",
        f"Class {request.request_class}, by the rule “{request.rule}”.",
        *_tenants_of_calls(request),
    ]
    if request.steps is not None and request.steps.steps:
        steps = request.steps
        looping = {True: "goes round in circles", False: "no loop", None: "loops cannot be told"}[
            steps.is_looping
        ]
        by_name = ", told by the tools' names alone" if steps.evidence == "names" and steps.is_looping else ""
        lines.append(
            f"{plural(steps.steps, 'step')}: {plural(steps.turns, 'turn')} of the model, "
            f"{plural(steps.tool_runs, 'tool run')} of {plural(steps.distinct_tools, 'tool')}; {looping}{by_name}."
        )
    return Notes(f"Request {request.trace_id}{of}", tuple(lines))


def _tenants_of_calls(request: RequestExplanation) -> list[str]:
    """Whose the calls are, where some are not the request's own tenant's."""
    numbers: dict[str, list[str]] = {}
    for number, call in enumerate(request.calls, 1):
        numbers.setdefault(call.tenant or "nobody", []).append(str(number))
    if set(numbers) <= {request.tenant or "nobody"}:
        return []
    said = "; ".join(f"{tenant}: {', '.join(of)}" for tenant, of in sorted(numbers.items()))
    return [f"Whose the calls below are: {said}."]


def _rules(rules: tuple[RuleOutcome, ...]) -> Table:
    rows = tuple(
        (
            str(rule.rule_order),
            rule.rule,
            rule.request_class or "the label",
            "taken" if rule.is_taken else "yes" if rule.is_met else "no",
            "; ".join(_failed(bound) for bound in rule.bounds if not bound.is_met),
        )
        for rule in rules
    )
    columns = ("#", "rule", "class", "holds", "what does not hold")
    return Table("Rules, in order: the first that holds takes the request", columns, rows, frozenset(columns))


def _failed(bound: BoundCheck) -> str:
    if bound.bound == "label":
        return f"label: {NOT_OBSERVED}"
    wanted = f"{bound.wanted:,g}" if isinstance(bound.wanted, float) else bound.wanted
    found = NOT_OBSERVED if bound.found is None else f"found {_value(bound.found)}"
    return f"{bound.bound} {wanted}: {found}"


def _features(features: tuple[Feature, ...]) -> Notes:
    def told(part: tuple[Feature, ...]) -> str:
        seen = [f"{each.feature} {_value(each.value)}" for each in part if each.value is not None]
        unseen = [each.feature for each in part if each.value is None]
        return ", ".join(seen) + (f"; not observed: {', '.join(unseen)}" if unseen else "") + "."

    return Notes(
        "Features: what rules may look at",
        (
            f"Known at admission: {told(features[:_AT_ADMISSION])}",
            f"Known afterwards: {told(features[_AT_ADMISSION:])}",
        ),
    )


def _spans(request: RequestExplanation) -> Table:
    title = f"Spans: {request.span_count:,}"
    if request.span_count > len(request.spans):
        title = f"Spans: {len(request.spans)} of {request.span_count:,}, known stages first, then the longest"
    replicas = {line.replica or "" for line in request.spans}
    return _at_one_place(title, _SPAN_COLUMNS, tuple(_span(line) for line in request.spans), replicas)


def _at_one_place(
    title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], places: set[str]
) -> Table:
    """The table, whose last column is a place: without it, where all are at one, which the title names."""
    left = frozenset({"#", "span", "stage", "pool", "replica"})
    if len(places) > 1:
        return _told(title, columns, rows, left)
    (place,) = places or {""}
    where = f"; all on {place}" if place else ""
    return _told(title + where, columns[:-1], tuple(row[:-1] for row in rows), left)


def _told(
    title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], left: frozenset[str]
) -> Table:
    """The table without the columns in which nothing was observed."""
    kept = [number for number in range(len(columns)) if any(row[number] not in {"", _UNSEEN} for row in rows)]
    return Table(
        title,
        tuple(columns[number] for number in kept),
        tuple(tuple(row[number] for number in kept) for row in rows),
        left,
    )


def _span(line: SpanLine) -> tuple[str, ...]:
    name, width = line.name or "without a name", max(_LEAST_NAME, _NAME_WIDTH - 2 * line.depth)
    name = "· " * line.depth + (name if len(name) <= width else "…" + name[1 - width :])
    used = (
        "" if line.input_tokens is None and line.output_tokens is None
        else f"{_short(line.input_tokens)} → {_short(line.output_tokens)}"
    )  # fmt: skip
    return (
        f"{name} (failed)" if line.is_failed else name,
        stage_name(line.stage),
        _offset(line.start_s),
        seconds(line.duration_s),
        used,
        line.replica or "",
    )


def _calls(request: RequestExplanation) -> list[Section]:
    columns = ("#", "call", "start", "duration", "queue", "TTFT", "in / cached / out")
    rows = tuple(
        (
            str(number),
            f"{call.model or 'model not observed'} {call.operation or ''}".strip() + _outcome(call),
            _offset(call.start_s),
            seconds(call.duration_s),
            _seen(call.queue_s),
            _seen(call.ttft_s),
            f"{_short(call.input_tokens)} / {_short(call.cached_input_tokens)} / {_short(call.output_tokens)}",
        )
        for number, call in enumerate(request.calls, 1)
    )
    left_out = request.call_count - len(rows)
    more = f", {left_out:,} later ones left out" if left_out else ""
    return [
        _told(f"Calls: {request.call_count:,}{more}", columns, rows, frozenset({"#", "call"})),
        _busy_time(request),
    ]


def _busy_time(request: RequestExplanation) -> Table:
    columns = ("#", "pool", "busy time", "of it alone", "replica")
    rows = tuple(
        (
            str(number),
            call.pool or "no pool",
            seconds(call.share_s),
            seconds(call.alone_s),
            call.replica if call.is_replica_observed else NOT_OBSERVED,
        )
        for number, call in enumerate(request.calls, 1)
    )
    title = "Busy time: the part of its replica's that each call answers for"
    return _at_one_place(title, columns, rows, {row[-1] for row in rows})


def _number_of(request: RequestExplanation, call_id: str | None) -> str:
    """The number of a call in the table of calls."""
    numbers = [str(number) for number, call in enumerate(request.calls, 1) if call.call_id == call_id]
    return numbers[0] if numbers else ""


def _outcome(call: CallLine) -> str:
    return " (failed, made again)" if call.is_retried else " (failed)" if call.is_failed else ""


def _records(request: RequestExplanation) -> Section:
    if request.record_count == request.call_count:
        return Notes("Records of the calls", ("Each call has one record, which counts.",))
    rows = tuple(
        (
            _number_of(request, record.call_id),
            record.name or "without a name",
            record.recorder or NOT_OBSERVED,
            "yes" if record.is_counted else "no",
            record.reason,
        )
        for record in request.records
    )
    columns = ("call", "span", "recorded by", "counts", "why")
    left_out = request.record_count - len(rows)
    more = f", {left_out:,} later ones left out" if left_out else ""
    return Table(f"Records of the calls: {request.record_count:,}{more}", columns, rows, frozenset(columns))


def _stages(request: RequestExplanation) -> Section:
    if not request.stages:
        return Notes("Stages", ("The request was not timed.",))
    rows = tuple(
        (stage_name(stage.stage), seconds(stage.self_s), ratio(stage.share_ratio)) for stage in request.stages
    )
    total = ("together", seconds(request.duration_s), ratio(1.0))
    return Table(
        "Stages: they add up to the duration",
        ("stage", "time", "share"),
        (*rows, total),
        frozenset({"stage"}),
    )


def _charges(request: RequestExplanation) -> Section:
    if not request.charges:
        return Notes("Charges", ("Nothing that has a price was used, as far as the traces say.",))
    columns = ("call", "component", "resource", "quantity", "price", "USD")
    shown = request.charges[:_MOST_CHARGES]
    rows = [(_number_of(request, charge.call_id), *_charge(charge)) for charge in shown]
    if len(request.charges) > len(shown):
        rest = request.charges[_MOST_CHARGES:]
        amounts = [charge.usd for charge in rest if charge.usd is not None]
        usd_of_rest = usd(sum(amounts) if amounts else None)
        rows.append(("", f"{len(rest):,} more", "", "", "", at_least(usd_of_rest, len(rest) - len(amounts))))
    unpriced = f"{request.unpriced_charges:,} without an amount" if request.unpriced_charges else ""
    rows.append(("", "together", unpriced, "", "", at_least(usd(request.usd), request.unpriced_charges)))
    return Table("Charges", columns, tuple(rows), frozenset({"call", "component", "resource"}))


def _charge(charge: ChargeLine) -> tuple[str, ...]:
    return (
        charge.component + _lost(charge),
        charge.resource or NOT_OBSERVED,
        NOT_OBSERVED if charge.quantity is None else _quantity(charge.quantity, charge.unit),
        _price_of(charge),
        usd(charge.usd) if charge.usd is not None else charge.note or usd(None),
    )


def _lost(charge: ChargeLine) -> str:
    """What the attempt came to, where nothing did."""
    if not charge.is_wasted:
        return ""
    return " (made again)" if charge.outcome == "success" else f" ({_words(charge.outcome)})"


def _price_of(charge: ChargeLine) -> str:
    if charge.is_recorded:
        return "as recorded"
    if charge.usd == 0 and charge.quantity == 0 and charge.billing_rule in _NOT_ALWAYS_BILLED:
        return f"not billed: {_words(charge.outcome)}"
    return "" if charge.usd_per_unit is None else _price(charge.usd_per_unit, charge.unit)


def _words(outcome: str | None) -> str:
    return (outcome or NOT_OBSERVED).replace("_", " ")


def _quantity(quantity: float, unit: str) -> str:
    if unit == "USD":
        return usd(quantity)
    return seconds(quantity) if unit == "s" else f"{quantity:,.0f} {unit}"


def _price(usd_per_unit: float, unit: str) -> str:
    units, name = _PER[unit]
    return f"{usd(usd_per_unit * units)} per {name}"


def _said(value: str | None) -> str:
    return NOT_OBSERVED if value is None else value


def _short(value: int | None) -> str:
    return _UNSEEN if value is None else tokens(value)


def _seen(value: float | None) -> str:
    return _UNSEEN if value is None else seconds(value)


def _offset(value: float | None) -> str:
    if value is None:
        return NOT_OBSERVED
    return f"-{seconds(-value)}" if value < 0 else f"+{seconds(value)}"


def _value(value: str | bool | int | float | None) -> str:
    if value is None:
        return NOT_OBSERVED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return significant(value)
    return f"{value:,}" if isinstance(value, int) else value


_CHARGE_COLUMNS: Final = (
    "trace_id",
    "request_id",
    "request_class",
    "call_id",
    "component",
    "resource",
    "quantity",
    "unit",
    "usd_per_unit",
    "usd",
    "is_recorded",
    "is_wasted",
    "outcome",
    "billing_rule",
    "note",
)


def csv_text(document: Explanation) -> str:
    """A row for each charge of the requests; for a class, a row for each request that stands for it."""
    if document.request_class is not None:
        return class_explanation.csv_text(document.request_class)
    return as_csv(
        _CHARGE_COLUMNS,
        [
            [
                request.trace_id,
                request.request_id,
                request.request_class,
                *(getattr(charge, name) for name in _CHARGE_COLUMNS[3:]),
            ]
            for request in document.requests
            for charge in request.charges
        ],
    )
