"""The first screen of ``explain``: why did a request cost that, and where did its time go? The same of a class, and
what a rule takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from costctl.documents.cache_misses import CallCache
from costctl.documents.explanation import (
    BoundCheck,
    ClassExplanation,
    CostPart,
    Explanation,
    RequestExplanation,
    RuleExplanation,
    StageLine,
    sum_of,
)
from costctl.render.cache_misses import in_one_line
from costctl.render.cache_misses import said as said_of_cache
from costctl.render.cells import Row, count, exact, ratio, seconds, tokens, usd, usd_column
from costctl.render.explanation import call_name, said
from costctl.render.numbers import plural, stage_name
from costctl.render.sections import Facts, Section, Table, first, joined
from costctl.render.view import View

_MOST_REASONS: Final = 2
_MOST_STAGES: Final = 6
_MOST_PARTS: Final = 6
_MOST_OTHERS: Final = 2
_MOST_RULES: Final = 3
_MOST_MISSES: Final = 3
_SIGNS: Final = {"min_": "≥", "max_": "≤"}


def screen(document: Explanation, view: View) -> list[Section]:
    """One request, or one class, or one rule."""
    if document.rule is not None:
        return _rule(document.rule, view)
    if document.request_class is not None:
        return _class(document.request_class, view)
    return _request(document, document.requests[0], view)


def _request(document: Explanation, request: RequestExplanation, view: View) -> list[Section]:
    outcome = "succeeded" if request.is_success else "FAILED"
    attempts = f", {plural(request.attempts, 'attempt')}" if request.attempts > 1 else ""
    total = usd(request.usd).at_least(request.unpriced_charges)
    route = request.route or "route not observed"
    took = seconds(request.duration_s, "duration not observed")
    headline = f"{request.request_class}, {route}: {total}, {took}, {outcome}{attempts}"
    ttft = f", first token after {seconds(request.ttft_s)}" if request.ttft_s is not None else ""
    when = (
        f"Started {said(request.start)}{ttft}; tenant {said(request.tenant)}, service {said(request.service)}"
    )
    lines = [
        *_calls(request),
        *_caches(request),
        *_lost(request),
        *_unpriced(request.unpriced_charges, (each.note for each in request.charges if each.note)),
        ("Class", f"{request.request_class}, by the rule “{request.rule}”{_because(request)}"),
        *_others(document),
        (
            "Next",
            f"{view.command(f'explain {request.trace_id} --detail')} for spans, calls and charges · "
            f"{view.command(f'explain {request.request_class}')}",
        ),
    ]
    return [
        Facts((("", headline), ("", when))),
        *_cost(request.cost_parts),
        *_time(request.stages),
        Facts(tuple(lines)),
    ]


def _cost(parts: tuple[CostPart, ...]) -> list[Section]:
    """Where the money went, the most expensive first."""
    if not parts:
        return []
    shown, hidden = first(parts, _MOST_PARTS)
    rows: list[Row] = [
        (
            part.component.replace("_", " "),
            part.resource or "",
            cost.at_least(part.unpriced_charges),
            ratio(part.usd_ratio, ""),
        )
        for part, cost in zip(shown, usd_column(part.usd for part in shown), strict=True)
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", "", ""))
    columns = ("where the money went", "resource", "cost", "share")
    return [Table(columns[0], columns, tuple(rows), frozenset(columns[:2]), is_compact=True)]


def _time(stages: tuple[StageLine, ...]) -> list[Section]:
    """Where the time went, the longest first."""
    if not stages:
        return []
    shown, hidden = first(stages, _MOST_STAGES)
    rows: list[Row] = [
        (stage_name(each.stage), seconds(each.self_s), ratio(each.share_ratio)) for each in shown
    ]
    if hidden:
        rows.append((f"{hidden} more: --detail", "", ""))
    columns = ("where the time went", "time", "share")
    return [Table(columns[0], columns, tuple(rows), frozenset(columns[:1]), is_compact=True)]


def _calls(request: RequestExplanation) -> list[tuple[str, str]]:
    longest = request.longest_call
    if longest is None:
        return [("Calls", f"{count(request.call_count)} of a model")] if request.call_count else []
    return [
        (
            "Calls",
            f"{count(request.call_count)}; the longest, {call_name(longest)}, took {seconds(longest.duration_s)}",
        )
    ]


def _caches(request: RequestExplanation) -> list[tuple[str, str]]:
    """What its calls did not read from prompt caches, and why."""
    shown, hidden = first(request.dearest_misses, _MOST_MISSES)
    lines = [
        ("Cache" if at == 0 else "", _cache(number, each, is_alone=len(request.caches) == 1))
        for at, (number, each) in enumerate(shown)
    ]
    return [*lines, ("", f"{plural(hidden, 'more call')}: --detail")] if hidden else lines


def _cache(number: int, found: CallCache, *, is_alone: bool) -> str:
    call = "" if is_alone else f"call {number}: "
    if found.unknown is not None:
        return f"{call}{said_of_cache(found)}"
    read = f"{tokens(found.read_tokens)} of {tokens(found.input_tokens)} tokens read"
    return f"{call}{read}; {said_of_cache(found)}: {usd(found.avoidable_usd)} avoidable"


def _lost(request: RequestExplanation) -> list[tuple[str, str]]:
    wasted = sum_of([each for each in request.charges if each.is_wasted])
    if not wasted.charges:
        return []
    if wasted.usd == 0 and not wasted.unpriced_charges:
        return [("Lost", "nothing: no attempt that failed was billed")]
    return [
        (
            "Lost",
            f"{usd(wasted.usd).at_least(wasted.unpriced_charges)} on attempts that failed or were repeated",
        )
    ]


def _unpriced(charges: int, notes: Iterable[str] = ()) -> list[tuple[str, str]]:
    """How many charges have no amount. notes: why, where that is known of each."""
    if not charges:
        return []
    reasons = joined([*dict.fromkeys(notes)], _MOST_REASONS, "; ")
    why = f" ({reasons})" if reasons else ""
    return [("Not priced", f"{plural(charges, 'charge')} without an amount{why}: see --detail")]


def _because(request: RequestExplanation) -> str:
    """The conditions of the rule that took it."""
    bounds = [bound for rule in request.rules if rule.is_taken for bound in rule.bounds]
    return f" ({', '.join(_condition(bound) for bound in bounds)})" if bounds else ""


def _condition(bound: BoundCheck) -> str:
    sign = _SIGNS.get(bound.bound[:4])
    wanted = exact(bound.wanted) if isinstance(bound.wanted, float | int) else bound.wanted
    name = (bound.bound[4:] if sign else bound.bound).replace("_", " ")
    return f"{name} {sign or '='} {wanted}"


def _others(document: Explanation) -> list[tuple[str, str]]:
    """Other requests of the trace."""
    beside = [
        *(each.request_id for each in document.requests[1:]),
        *(each.request_id for each in document.other_requests),
    ]
    shown, hidden = first(beside, _MOST_OTHERS)
    more = f" and {hidden} more" if hidden else ""
    return [("Same trace", f"{', '.join(shown)}{more}")] if shown else []


def _class(explained: ClassExplanation, view: View) -> list[Section]:
    total = usd(explained.usd).at_least(explained.unpriced_charges)
    headline = (
        f"Class {explained.request_class}: {total} attributed to {plural(explained.requests, 'request')}, "
        f"{count(explained.successes)} successful"
    )
    shown, hidden = first(explained.rules, _MOST_RULES)
    lines = [
        *(
            ("Rule" if place == 0 else "", f"“{rule.rule}” took {count(rule.requests)}: {rule.definition}")
            for place, rule in enumerate(shown)
        ),
        *([("", f"{hidden} more: --detail")] if hidden else []),
        *_unpriced(explained.unpriced_charges),
    ]
    if explained.missed is not None:
        lines.append(("Cache", in_one_line(explained.missed)))
    if explained.wasted_usd:
        lines.append(("Lost", f"{usd(explained.wasted_usd)} on attempts that failed or were repeated"))
    ahead = [view.command(f"explain {each.trace_id}") for each in explained.examples[:1]]
    lines.append(("Next", " · ".join([*ahead, view.command("analyze"), "--detail for the rules"])))
    return [
        Facts((("", headline),)),
        *_cost(explained.cost_parts),
        *_time(explained.stages),
        *_examples(explained),
        Facts(tuple(lines)),
    ]


def _examples(explained: ClassExplanation) -> list[Section]:
    if not explained.examples:
        return []
    rows: tuple[Row, ...] = tuple(
        (each.example, each.trace_id, seconds(each.duration_s), cost.at_least(each.unpriced_charges))
        for each, cost in zip(
            explained.examples, usd_column(each.usd for each in explained.examples), strict=True
        )
    )
    columns = ("example request", "trace", "duration", "cost")
    return [Table(columns[0], columns, rows, frozenset(columns[:2]), is_compact=True)]


def _rule(rule: RuleExplanation, view: View) -> list[Section]:
    gives = rule.request_class or "the class of its label"
    lines = [
        ("Takes", f"{rule.definition}, of what no earlier rule took"),
        ("Gives", gives),
    ]
    if rule.rules_before:
        lines.append(
            (
                "Before it",
                f"{plural(rule.rules_before, 'rule')}, which took {count(rule.requests_before)} requests",
            )
        )
    then = (
        view.command("segment")
        if rule.request_class is None
        else view.command(f"explain {rule.request_class}")
    )
    lines.append(("Next", then))
    return [
        Facts(
            (
                (
                    "",
                    f"Rule “{rule.rule}”: {plural(rule.requests, 'request')}, {ratio(rule.request_ratio)} of all",
                ),
            )
        ),
        Facts(tuple(lines)),
    ]
