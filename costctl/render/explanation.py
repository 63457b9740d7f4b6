"""One request, or one class, through every relation: all tables (``explain --detail``), and its charges as CSV."""

from __future__ import annotations

from dataclasses import replace
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
    sum_of,
)
from costctl.render import class_explanation
from costctl.render.cache_misses import call_table
from costctl.render.cells import (
    NOT_OBSERVED,
    NOT_PRICED,
    Cell,
    Phrase,
    Quantity,
    Row,
    count,
    exact,
    number,
    phrase,
    ratio,
    seconds,
    tokens,
    usd,
)
from costctl.render.numbers import plural, price, stage_name
from costctl.render.sections import Notes, Section, Table, indented
from costctl.render.spreadsheet import as_csv

_SPAN_COLUMNS: Final = ("span", "stage", "start", "duration", "tokens in → out", "replica")
_NAME_WIDTH: Final = 34  # with its indentation; a longer name keeps its end, which says more
_UNSEEN: Final = "?"
_NO_TENANT: Final = "none recorded"
_MOST_CHARGES: Final = 60
_NO_CALL: Final = count(None, "")
_NOT_ALWAYS_BILLED: Final = ("not_billed", "billed_if_reported", "input_only")
_AT_ADMISSION: Final = 10  # features that are known when a request is admitted; they come first


def sections(document: Explanation) -> list[Section]:
    """Each request by itself, or the class."""
    parts: list[Section] = []
    if document.request_class is not None:
        parts.extend(class_explanation.sections(document.request_class))
    for place, request in enumerate(document.requests, 1):
        of = f" ({place} of {len(document.requests)} in its trace)" if len(document.requests) > 1 else ""
        parts.extend(_request(request, of))
    if document.other_requests:
        others = tuple(
            f"{each.request_id} {each.route or ''}, {said(each.start)}" for each in document.other_requests
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
        parts.extend([*_calls(request), _records(request)])
    if request.caches:
        parts.append(call_table(request.numbered_caches))
    return [*parts, _stages(request), _charges(request)]


def _facts(request: RequestExplanation, of: str) -> Notes:
    first = "" if request.ttft_s is None else f", the first token after {seconds(request.ttft_s)}"
    lines = [
        f"{request.route or 'Its route was not observed'}; service {said(request.service)}, tenant "
        f"{said(request.tenant)}, session {said(request.session_id)}.",
        f"Started {said(request.start)}; took {seconds(request.duration_s)}{first}; "
        f"{'succeeded' if request.is_success else 'failed'}; attempts: {request.attempts}.",
        f"Class {request.request_class}, by the rule “{request.rule}”.",
        *_tenants_of_calls(request),
    ]
    if request.steps is not None and request.steps.steps:
        steps = request.steps
        looping = {True: "repeats the same steps", False: "no loop", None: "loops unknown"}[steps.is_looping]
        by_name = ", told by the tools' names alone" if steps.evidence == "names" and steps.is_looping else ""
        lines.append(
            f"{plural(steps.steps, 'step')}: {plural(steps.turns, 'turn')} of the model, "
            f"{plural(steps.tool_runs, 'tool run')} of {plural(steps.distinct_tools, 'tool')}; {looping}{by_name}."
        )
    return Notes(f"Request {request.trace_id}{of}", tuple(lines))


def _tenants_of_calls(request: RequestExplanation) -> list[str]:
    """Whose the calls are, where some are not the request's own tenant's."""
    places: dict[str, list[str]] = {}
    for place, call in enumerate(request.calls, 1):
        places.setdefault(call.tenant or _NO_TENANT, []).append(str(place))
    if set(places) <= {request.tenant or _NO_TENANT}:
        return []
    whose = "; ".join(f"{tenant}: {', '.join(of)}" for tenant, of in sorted(places.items()))
    return [f"Tenants of the calls below: {whose}."]


def _rules(rules: tuple[RuleOutcome, ...]) -> Table:
    rows = tuple(
        (
            count(rule.rule_order),
            rule.rule,
            rule.request_class or "the label",
            "taken" if rule.is_taken else "yes" if rule.is_met else "no",
            "; ".join(_failed(bound) for bound in rule.bounds if not bound.is_met),
        )
        for rule in rules
    )
    columns = ("#", "rule", "class", "matches", "condition not met")
    return Table("Rules in order: the first match takes the request", columns, rows, frozenset(columns))


def _failed(bound: BoundCheck) -> str:
    if bound.bound == "label":
        return f"label: {NOT_OBSERVED}"
    wanted = exact(bound.wanted) if isinstance(bound.wanted, float) else bound.wanted
    found = NOT_OBSERVED if bound.found is None else f"found {_value(bound.found)}"
    return f"{bound.bound} {wanted}: {found}"


def _features(features: tuple[Feature, ...]) -> Notes:
    def told(part: tuple[Feature, ...]) -> str:
        seen = [f"{each.feature} {_value(each.value)}" for each in part if each.value is not None]
        unseen = [each.feature for each in part if each.value is None]
        others = f"; not observed: {', '.join(unseen)}" if unseen else ""
        return f"{', '.join(seen)}{others}."

    return Notes(
        "Features: what rules may look at",
        (
            f"Known at admission: {told(features[:_AT_ADMISSION])}",
            f"Known afterwards: {told(features[_AT_ADMISSION:])}",
        ),
    )


def _spans(request: RequestExplanation) -> Table:
    title = f"Spans: {count(request.span_count)}"
    if request.span_count > len(request.spans):
        title = f"Spans: {len(request.spans)} of {count(request.span_count)}, known stages first, then the longest"
    replicas = {line.replica or "" for line in request.spans}
    return _at_one_place(title, _SPAN_COLUMNS, tuple(_span(line) for line in request.spans), replicas)


def _at_one_place(title: str, columns: tuple[str, ...], rows: tuple[Row, ...], places: set[str]) -> Table:
    """The table, whose last column is a place: without it, where all are at one, which the title names."""
    left = frozenset({"#", "span", "stage", "pool", "replica"})
    if len(places) > 1:
        return _told(title, columns, rows, left)
    (place,) = places or {""}
    where = f"; all on {place}" if place else ""
    return _told(f"{title}{where}", columns[:-1], tuple(row[:-1] for row in rows), left)


def _told(title: str, columns: tuple[str, ...], rows: tuple[Row, ...], left: frozenset[str]) -> Table:
    """The table without the columns in which nothing was observed."""
    kept = [
        place for place in range(len(columns)) if any(str(row[place]) not in {"", _UNSEEN} for row in rows)
    ]
    return Table(
        title,
        tuple(columns[place] for place in kept),
        tuple(tuple(row[place] for place in kept) for row in rows),
        left,
    )


def _span(line: SpanLine) -> Row:
    name = indented(line.name or "without a name", line.depth, _NAME_WIDTH)
    is_told = line.input_tokens is not None or line.output_tokens is not None
    used = phrase("{in} → {out}", **{"in": _short(line.input_tokens), "out": _short(line.output_tokens)})
    return (
        f"{name} (failed)" if line.is_failed else name,
        stage_name(line.stage),
        _offset(line.start_s),
        seconds(line.duration_s),
        used if is_told else phrase(""),
        line.replica or "",
    )


def _calls(request: RequestExplanation) -> list[Section]:
    columns = ("#", "call", "start", "duration", "queue", "TTFT", "in / cached / out")
    rows = tuple(
        (
            count(place),
            call_name(call),
            _offset(call.start_s),
            seconds(call.duration_s),
            _seen(call.queue_s),
            _seen(call.ttft_s),
            _tokens(call),
        )
        for place, call in enumerate(request.calls, 1)
    )
    more = f", {count(request.calls_left_out)} later ones left out" if request.calls_left_out else ""
    return [
        _told(f"Calls: {count(request.call_count)}{more}", columns, rows, frozenset({"#", "call"})),
        _busy_time(request),
    ]


def call_name(call: CallLine) -> str:
    """The model, the operation, and what became of it where it failed."""
    name = f"{call.model or 'model not observed'} {call.operation or ''}".strip()
    return f"{name} (failed, retried)" if call.is_retried else f"{name} (failed)" if call.is_failed else name


def _tokens(call: CallLine) -> Phrase:
    told = {"in": call.input_tokens, "cached": call.cached_input_tokens, "out": call.output_tokens}
    return phrase("{in} / {cached} / {out}", **{name: _short(value) for name, value in told.items()})


def _busy_time(request: RequestExplanation) -> Table:
    columns = ("#", "pool", "busy time", "of it alone", "replica")
    rows: tuple[Row, ...] = tuple(
        (
            count(place),
            call.pool or "no pool",
            seconds(call.share_s),
            seconds(call.alone_s),
            call.replica if call.is_replica_observed else NOT_OBSERVED,
        )
        for place, call in enumerate(request.calls, 1)
    )
    title = "Busy time: each call's share of its replica's"
    return _at_one_place(title, columns, rows, {str(row[-1]) for row in rows})


def _number_of(request: RequestExplanation, call_id: str | None) -> Quantity:
    """The number of a call in the table of calls."""
    places = (place for place, call in enumerate(request.calls, 1) if call.call_id == call_id)
    return count(next(places, None), "")


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
    more = f", {count(request.records_left_out)} later ones left out" if request.records_left_out else ""
    return Table(
        f"Records of the calls: {count(request.record_count)}{more}", columns, rows, frozenset(columns)
    )


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
        return Notes("Charges", ("No priced resource was used, as far as the traces say.",))
    columns = ("call", "component", "resource", "quantity", "price", "USD")
    shown, rest = request.charges[:_MOST_CHARGES], sum_of(request.charges[_MOST_CHARGES:])
    rows: list[Row] = [(_number_of(request, charge.call_id), *_charge(charge)) for charge in shown]
    if rest.charges:
        more = usd(rest.usd).at_least(rest.unpriced_charges)
        rows.append((_NO_CALL, f"{count(rest.charges)} more", "", phrase(""), "", more))
    unpriced = f"{count(request.unpriced_charges)} without an amount" if request.unpriced_charges else ""
    total = usd(request.usd).at_least(request.unpriced_charges)
    rows.append((_NO_CALL, "together", unpriced, phrase(""), "", total))
    return Table("Charges", columns, tuple(rows), frozenset({"call", "component", "resource"}))


def _charge(charge: ChargeLine) -> Row:
    return (
        f"{charge.component}{_lost(charge)}",
        charge.resource or NOT_OBSERVED,
        _quantity(charge.quantity, charge.unit),
        _price_of(charge),
        usd(charge.usd, charge.note or NOT_PRICED).at_least(0),
    )


def _lost(charge: ChargeLine) -> str:
    """What the attempt came to, where nothing did."""
    if not charge.is_wasted:
        return ""
    return " (retried)" if charge.outcome == "success" else f" ({_words(charge.outcome)})"


def _price_of(charge: ChargeLine) -> str:
    if charge.is_recorded:
        return "as recorded"
    if charge.usd == 0 and charge.quantity == 0 and charge.billing_rule in _NOT_ALWAYS_BILLED:
        return f"not billed: {_words(charge.outcome)}"
    return "" if charge.usd_per_unit is None else price(charge.usd_per_unit, charge.unit)


def _words(outcome: str | None) -> str:
    return (outcome or NOT_OBSERVED).replace("_", " ")


def _quantity(quantity: float | None, unit: str) -> Cell:
    if quantity is None:
        return phrase(NOT_OBSERVED)
    if unit in ("USD", "s"):
        return phrase("{in}", **{"in": usd(quantity) if unit == "USD" else seconds(quantity)})
    return phrase("{of} {unit}", of=count(quantity), unit=unit)


def said(value: str | None) -> str:
    """The text, or that it was not observed."""
    return NOT_OBSERVED if value is None else value


def _short(value: int | None) -> Quantity:
    return tokens(value, _UNSEEN)


def _seen(value: float | None) -> Quantity:
    return seconds(value, _UNSEEN)


def _offset(value: float | None) -> Quantity:
    return replace(seconds(value), is_signed=True)


def _value(value: str | bool | int | float | None) -> Cell:
    if value is None:
        return NOT_OBSERVED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    return count(value) if isinstance(value, int) else value


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
