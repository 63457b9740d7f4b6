"""What is there to say of one request? Its rows of every relation, put into one document.

In: the frames of one request, by the names of their relations. Out: a ``RequestExplanation``. Instants become seconds
from the request's start; nothing else is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from costctl.documents.explanation import (
    CallLine,
    ChargeLine,
    ClassRule,
    Feature,
    RecordLine,
    RequestExplanation,
    RuleExplanation,
    SpanLine,
    StageLine,
    StepCount,
)
from costctl.explain.cost_parts import parts_of_request
from costctl.explain.rule_trace import definition, rule_outcomes
from costctl.units import iso_utc, seconds_between

MOST_LINES: Final = 60
Row = dict[str, Any]


def request_explanation(rows: Mapping[str, pl.DataFrame], class_rules: pl.DataFrame) -> RequestExplanation:
    """The explanation of the one request whose rows these are."""
    request = rows["requests"].row(0, named=True)
    shape = rows["request_shape"].row(0, named=True)
    taken = rows["request_class"].row(0, named=True)
    start_ns = request["start_ns"]
    names = _names(rows["span_ids"])
    calls = _calls(rows["calls"], rows["call_share"], names, start_ns)
    records = _records(rows["call_records"], rows["staged_spans"], names)
    charges = _charges(rows["charge"], rows["calls"], names)
    priced = [charge.usd for charge in charges if charge.usd is not None]
    steps = rows["request_steps"].to_dicts()
    return RequestExplanation(
        request_id=_entry(rows["span_ids"], names),
        **{name: request[name] for name in ("trace_id", "route", "service", "tenant", "session_id")},
        start=None if start_ns is None else iso_utc(start_ns),
        **{name: request[name] for name in ("duration_s", "ttft_s", "is_success", "attempts")},
        request_class=taken["request_class"],
        rule=taken["rule"],
        features=tuple(Feature(name, shape[name]) for name in shape if name != "request_id"),
        rules=rule_outcomes(shape, class_rules),
        steps=StepCount(**{name: steps[0][name] for name in StepCount.__struct_fields__}) if steps else None,
        span_count=rows["staged_spans"].height,
        spans=span_lines(rows["staged_spans"], start_ns),
        call_count=len(calls),
        calls=calls[:MOST_LINES],
        record_count=len(records),
        records=records[:MOST_LINES],
        stages=stage_lines(rows["stage_time"]),
        usd=sum(priced) if priced else None,
        unpriced_charges=len(charges) - len(priced),
        charges=charges,
        cost_parts=parts_of_request(charges),
    )


def span_lines(staged_spans: pl.DataFrame, start_ns: int | None) -> tuple[SpanLine, ...]:
    """The spans as they lie below each other, by start. Of many, those whose stage is known are kept first, then the
    longest, each with what encloses it.
    """
    spans = {row["span_key"]: row for row in staged_spans.iter_rows(named=True)}
    ordered = _in_tree_order(spans)
    kept = _most_telling(ordered, spans)
    return tuple(_span_line(spans[key], start_ns) for key in ordered if key in kept)


def _names(span_ids: pl.DataFrame) -> dict[Any, str]:
    """TRACE_ID:SPAN_ID of each span, by its key."""
    return {row["span_key"]: f"{row['trace_id']}:{row['span_id']}" for row in span_ids.iter_rows(named=True)}


def _entry(span_ids: pl.DataFrame, names: Mapping[Any, str]) -> str:
    return names[span_ids.filter(pl.col("is_first"))["span_key"][0]]


def _most_telling(ordered: list[Any], spans: Mapping[Any, Row]) -> set[Any]:
    def rank(key: Any) -> tuple[bool, int]:
        span = spans[key]
        is_timed = span["start_ns"] is not None and span["end_ns"] is not None
        return span["stage"] == "other" and not span["is_agent"], span["start_ns"] - span[
            "end_ns"
        ] if is_timed else 0

    kept: set[Any] = set()
    for key in sorted(ordered, key=rank):  # stable: in tree order where they rank alike
        chain: list[Any] = []
        ahead = key
        while ahead in spans and ahead not in kept and ahead not in chain:
            chain.append(ahead)
            ahead = spans[ahead]["parent_key"]
        if len(kept) + len(chain) <= MOST_LINES:
            kept.update(chain)
    return kept


def class_rule_lines(
    request_class: str, class_rules: pl.DataFrame, requests_of_rule: Mapping[str, int]
) -> tuple[ClassRule, ...]:
    """The rules that give a class, with their bounds in words; alternatives of one rule are joined by "or"."""
    found: dict[str, ClassRule] = {}
    for rule in class_rules.sort("rule_order").iter_rows(named=True):
        name, requests = rule["rule"], requests_of_rule.get(rule["rule"], 0)
        if rule["request_class"] != request_class and not (rule["is_labelled"] and requests):
            continue
        words = definition(rule)
        before = found.get(name)
        found[name] = ClassRule(
            rule_order=before.rule_order if before else rule["rule_order"],
            rule=name,
            definition=f"{before.definition}; or {words}" if before else words,
            requests=requests,
        )
    return tuple(found.values())


def rule_explanation(
    name: str, class_rules: pl.DataFrame, requests_of_rule: Mapping[str, int]
) -> RuleExplanation:
    """One rule and those before it; its alternatives are joined by "or"."""
    ordered = class_rules.sort("rule_order")
    order = list(dict.fromkeys(ordered["rule"].to_list()))
    own = list(ordered.filter(pl.col("rule") == name).iter_rows(named=True))
    before = order[: order.index(name)]
    requests = requests_of_rule.get(name, 0)
    return RuleExplanation(
        rule=name,
        request_class=own[0]["request_class"],
        definition="; or ".join(definition(each) for each in own),
        requests=requests,
        request_ratio=requests / max(1, sum(requests_of_rule.values())),
        rules_before=len(before),
        requests_before=sum(requests_of_rule.get(each, 0) for each in before),
    )


def _in_tree_order(spans: Mapping[Any, Row]) -> list[Any]:
    """Keys, each parent before its children. Spans of a cycle of parents are all entries, and have no children."""

    def by_start(keys: list[Any]) -> list[Any]:
        return sorted(keys, key=lambda key: (spans[key]["start_ns"] is None, spans[key]["start_ns"], key))

    children: dict[Any, list[Any]] = {}
    for key, span in spans.items():
        if span["depth"] > 0:
            children.setdefault(span["parent_key"], []).append(key)
    ordered: list[Any] = []
    ahead = by_start([key for key in spans if spans[key]["depth"] == 0])[::-1]
    while ahead:
        key = ahead.pop()
        ordered.append(key)
        ahead += by_start(children.pop(key, []))[::-1]
    return ordered


def _span_line(span: Row, start_ns: int | None) -> SpanLine:
    return SpanLine(
        start_s=_since(start_ns, span["start_ns"]),
        duration_s=_since(span["start_ns"], span["end_ns"]),
        replica=span["replica"] if span["is_replica_observed"] else None,
        **{
            name: span[name]
            for name in (
                "depth",
                "name",
                "stage",
                "operation",
                "model",
                "input_tokens",
                "output_tokens",
                "is_failed",
            )
        },
    )


def _calls(
    calls: pl.DataFrame, shares: pl.DataFrame, names: Mapping[Any, str], start_ns: int | None
) -> tuple[CallLine, ...]:
    share_of = {row["call_id"]: row for row in shares.iter_rows(named=True)}
    lines = []
    for call in calls.sort("start_ns", "call_id", nulls_last=True).iter_rows(named=True):
        share = share_of.get(call["call_id"], {})
        facts = {name: call[name] for name in CallLine.__struct_fields__ if name in call}
        facts["call_id"] = names[call["call_id"]]
        lines.append(
            CallLine(
                **facts,
                start_s=_since(start_ns, call["start_ns"]),
                share_s=share.get("share_s"),
                alone_s=share.get("alone_s"),
            )
        )
    return tuple(lines)


def _records(records: pl.DataFrame, spans: pl.DataFrame, names: Mapping[Any, str]) -> tuple[RecordLine, ...]:
    named = records.join(spans.select("span_key", "name", "start_ns"), on="span_key", how="left")
    return tuple(
        RecordLine(
            call_id=names.get(row["call_id"]),
            name=row["name"],
            recorder=row["instrumentation"] or row["dialect"],
            is_counted=row["is_counted"],
            reason=row["reason"],
        )
        for row in named.sort("start_ns", "is_counted", "span_key", nulls_last=True).iter_rows(named=True)
    )


def stage_lines(stage_time: pl.DataFrame) -> tuple[StageLine, ...]:
    """The stages, the longest first. stage_time: stage, self_ns, self_s."""
    total_ns = int(stage_time["self_ns"].sum())
    rows = stage_time.sort(["self_ns", "stage"], descending=[True, False]).iter_rows(named=True)
    return tuple(
        StageLine(stage=row["stage"], self_s=row["self_s"], share_ratio=row["self_ns"] / total_ns)
        for row in rows
    )


def _charges(charge: pl.DataFrame, calls: pl.DataFrame, names: Mapping[Any, str]) -> tuple[ChargeLine, ...]:
    """The charges in the order of the calls; what no call caused comes last."""
    starts = calls.select("call_id", "start_ns")
    ordered = charge.join(starts, on="call_id", how="left").sort(
        pl.col("call_id").is_null(), "start_ns", "call_id", "component", "resource", nulls_last=True
    )
    lines = []
    for row in ordered.iter_rows(named=True):
        facts = {name: row[name] for name in ChargeLine.__struct_fields__}
        facts["call_id"] = names.get(row["call_id"])
        lines.append(ChargeLine(**facts))
    return tuple(lines)


def _since(start_ns: int | None, at_ns: int | None) -> float | None:
    return None if start_ns is None or at_ns is None else seconds_between(start_ns, at_ns)
