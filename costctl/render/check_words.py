"""Verdicts of gates in words, which every form of ``costctl check`` shares: whom, what was found, the limit, why."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Final

from costctl.documents.check import Cause, Check, Outcome, Verdict
from costctl.documents.metric import Unit
from costctl.legible import in_one_line
from costctl.render.cells import NOT_OBSERVED, TOO_FEW, Quantity, count, ratio, seconds, usd
from costctl.render.numbers import length, minute, percentage_points, period, plural, significant

OUTCOMES: Final[Mapping[Outcome, str]] = {
    "breached": "BREACHED",
    "cannot_say": "cannot say",
    "passed": "holds",
}
_UNITS: Final[Mapping[Unit, Callable[[float], str]]] = {
    "s": lambda value: str(seconds(value)),
    "USD": lambda value: str(usd(value)),
    "ratio": lambda value: str(ratio(value)),
    "requests": lambda value: str(count(value)),
    "calls": lambda value: str(count(value)),
    "tokens": lambda value: str(count(value)),
    "replicas": lambda value: str(count(value)),
    "1": significant,
    "1/s": significant,
    "points": significant,
}
_KINDS: Final = {"request_class": "class", "objective": "objective"}
_LONGEST_NAME: Final = 100
_LOWER: Final = frozenset({"min", "max_decrease"})


def name_of(text: str) -> str:
    """A name that traces brought along, in one line, harmless, and of a length that can be read."""
    shown = in_one_line(text)
    return shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}…"


def subject(verdict: Verdict) -> str:
    """Whom it is about: class chat, model gpt-4.1, all traffic."""
    parts = [f"{_KINDS.get(kind, kind)} {name_of(name)}" for kind, name in verdict.subject]
    return ", ".join(parts) or "all traffic"


def title(verdict: Verdict) -> str:
    """What is judged, and of whom; the gate's own name where it has one."""
    if verdict.name is not None:
        return f"{name_of(verdict.name)} ({_about(verdict)})"
    return _about(verdict)


def brief(verdict: Verdict) -> str:
    """The same where there is little room."""
    names = [name_of(name) for _, name in verdict.subject]
    head = verdict.short if verdict.name is None else name_of(verdict.name)
    return " · ".join([head, *names])


def _about(verdict: Verdict) -> str:
    return f"{verdict.short} of {subject(verdict)}"


def amount(verdict: Verdict, value: float) -> str:
    """A value of the metric."""
    return _UNITS[verdict.unit](value)


def found(verdict: Verdict) -> str:
    """What was held against the limit, with its interval: 9.08 s (8.72 s to 9.43 s), +12.3% (+9.1% to +15.6%)."""
    judged = verdict.judged
    if judged is None:
        nothing = TOO_FEW if verdict.cause == "too_few_samples" else NOT_OBSERVED
        return nothing if verdict.value is None else amount(verdict, verdict.value)
    show: Callable[[float], str] = _signed if verdict.is_ratio else lambda value: amount(verdict, value)
    mark = {"exact": "", "at_least": "≥ ", "at_most": "≤ "}[verdict.bound]
    shown = f"{mark}{show(judged.value)}"
    if judged.level is None:
        return shown
    low = "unknown" if judged.low is None else show(judged.low)
    high = "unknown" if judged.high is None else show(judged.high)
    return f"{shown} ({low} to {high})"


def limit(verdict: Verdict) -> str:
    """The limit in words: at most $0.012, up at most 5.0%, $50.00 a month."""
    match verdict.limit:
        case "budget":
            per = "" if verdict.budget is None else f" a {verdict.budget.per}"
            return f"{amount(verdict, verdict.limit_value)}{per}"
        case "max":
            return f"at most {amount(verdict, verdict.limit_value)}"
        case "min":
            return f"at least {amount(verdict, verdict.limit_value)}"
        case "max_increase":
            return f"up at most {ratio(verdict.limit_value)}"
        case "max_decrease":
            return f"down at most {ratio(verdict.limit_value)}"


def excess(verdict: Verdict) -> str:
    """By how much the limit is breached: 3.08 s over, 7.3 pp over."""
    if verdict.excess is None:
        return ""
    is_points = verdict.is_ratio or verdict.unit == "ratio"
    size = percentage_points(verdict.excess) if is_points else amount(verdict, verdict.excess)
    return f"{size} {'too low' if verdict.limit in _LOWER else 'over'}"


def outcome(verdict: Verdict) -> str:
    """The outcome in a few words."""
    if verdict.outcome == "breached":
        return f"{OUTCOMES['breached']}, {excess(verdict)}"
    if verdict.cause == "within_noise":
        return f"{OUTCOMES['passed']}, within noise"
    return OUTCOMES[verdict.outcome]


def against_baseline(verdict: Verdict) -> str:
    """What the value is, and was in the baseline; empty where nothing is compared."""
    if not verdict.is_ratio or verdict.value is None or verdict.baseline is None:
        return ""
    return f"{amount(verdict, verdict.value)}, was {amount(verdict, verdict.baseline)}"


def sentence(verdict: Verdict, document: Check) -> str:
    """All of a verdict in one line."""
    change = against_baseline(verdict)
    compared = f" ({change})" if change else ""
    said = f"{title(verdict)}: {found(verdict)}{compared}, {limit(verdict)} allowed: {outcome(verdict)}."
    why = reason(verdict, document)
    return f"{said} {why}" if why else said


def reason(verdict: Verdict, document: Check) -> str:
    """Why nothing can be said, or how it was judged; a sentence, or nothing."""
    if verdict.budget is not None and verdict.cause != "begin_not_seen":
        return f"{_seen(verdict)}{_expected(verdict)}."
    if verdict.outcome == "cannot_say":
        return f"{_why(verdict, document)}."
    if verdict.judged is None:
        return ""
    over = "" if verdict.samples is None else f"over {plural(verdict.samples, verdict.samples_of[:-1])}, "
    return f"Judged {over}by {verdict.judged.method}."


def _seen(verdict: Verdict) -> str:
    budget = verdict.budget
    if budget is None:
        return ""
    return f"{ratio(budget.seen_ratio)} of the {budget.per} was seen, until {minute(budget.seen_to)} UTC"


def _expected(verdict: Verdict) -> str:
    """What a month's budget is expected to come to."""
    found = verdict.expected
    if found is None:
        return ""
    by_now = "" if verdict.value is None else f"; {amount(verdict, verdict.value)} so far"
    low, mid, high = (amount(verdict, each) for each in (found.low, found.mid, found.high))
    return f"{by_now}, {mid} ({low} to {high}) expected by its end"


def _why(verdict: Verdict, document: Check) -> str:
    counted = "" if verdict.samples is None else plural(verdict.samples, verdict.samples_of[:-1])
    causes: dict[Cause, str] = {
        "not_observed": "Nothing of it was observed in this window",
        "not_priced": "Nothing of it has a price",
        "unpriced_charges": "Some charges have no price, so that it is known as a bound only",
        "too_few_samples": _too_few(verdict, counted),
        "samples_not_counted": "Nobody counts the requests behind it, so min_samples cannot be held",
        "not_in_baseline": "It is not in the baseline",
        "nothing_in_baseline": "It is 0 in the baseline, and nothing is a ratio of that",
        "other_length": f"Sums of windows of unlike length do not compare: {_lengths(document)}",
        "undated": "Times of these traces count from an unknown start, and so are in no calendar period",
        "among_others": "It has no row of its own among those that cost most",
    }
    if verdict.cause == "begin_not_seen" and verdict.budget is not None:
        return f"{_seen(verdict)}, and nothing of it before {minute(verdict.budget.seen_from)}"
    return causes.get(verdict.cause, "")


def _too_few(verdict: Verdict, counted: str) -> str:
    needed = verdict.samples_needed
    if needed is None:
        return f"{counted} are too few to bound it on the side of the limit"
    if verdict.samples is not None and verdict.samples >= needed:
        return f"The baseline has too few: {count(needed)} are needed"
    return f"{counted} in this window, and {count(needed)} are needed"


def _lengths(document: Check) -> str:
    if document.baseline is None:
        return length(document.window.seconds)
    return f"{length(document.window.seconds)} and {length(document.baseline.window.seconds)}"


def next_command(verdict: Verdict) -> str:
    """What to do about it, as a command: without its program."""
    whose = dict(verdict.subject)
    by_cause: dict[Cause, str] = {
        "not_observed": "doctor",
        "not_priced": "analyze",
        "unpriced_charges": "analyze",
        "not_in_baseline": "baseline save",
        "nothing_in_baseline": "baseline save",
        "other_length": "check --last 7d",
        "too_few_samples": "check --last 7d",
        "begin_not_seen": "ingest PATH",
    }
    if verdict.outcome == "cannot_say":
        return by_cause.get(verdict.cause, "analyze")
    if "request_class" in whose and len(whose["request_class"]) <= _LONGEST_NAME:
        return f"explain {shlex.quote(in_one_line(whose['request_class']))}"
    if "tenant" in whose or "model" in whose:
        return f"analyze --by {'tenant' if 'tenant' in whose else 'model'}"
    return "recommend" if "pool" in whose else "analyze --by day"


def headline(document: Check) -> str:
    """Breached or not, and how many."""
    of = plural(len(document.verdicts), "check")
    if document.breached:
        return f"{document.breached} of {of} breached{_unsaid(document)}"
    if document.cannot_say:
        return f"No check breached, but {document.cannot_say} of {of} cannot be said"
    return f"All {of} hold" if document.passed > 1 else "The check holds"


def _unsaid(document: Check) -> str:
    return f", {document.cannot_say} cannot be said" if document.cannot_say else ""


def compared(document: Check) -> str:
    """What is judged, and against what."""
    judged = f"{period(document.window.from_, document.window.to)}, {plural(document.requests, 'request')}"
    if document.baseline is None:
        return judged
    was = document.baseline
    shown = f"{period(was.window.from_, was.window.to)}, {plural(was.requests, 'request')}"
    return f"{judged} · against {shown} ({was.path})"


def _signed(value: float) -> str:
    return str(Quantity(value, "ratio", "", is_signed=True))
