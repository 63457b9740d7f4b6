"""What is wrong, a line each, for the first screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from costctl.documents.findings import Finding, FindingKind
from costctl.render.cache_misses import CAUSE_WORDS
from costctl.render.cells import Quantity, count, ratio, tokens, usd
from costctl.render.numbers import plural
from costctl.render.sections import first, joined
from costctl.render.view import View

_MOST_SUBJECTS: Final = 3


def finding_lines(findings: Sequence[Finding], most: int, view: View) -> tuple[str, ...]:
    """The first of them in words, and how many more there are."""
    shown, hidden = first(findings, most)
    lines = tuple(line for each in shown for line in _said(each, view))
    return (*lines, f"{plural(hidden, 'more finding')} in --format json") if hidden else lines


def _said(found: Finding, view: View) -> tuple[str, ...]:
    """What is found, and on a line of its own, to be copied, the command that shows more of it."""
    line = _SAID[found.kind](found)
    shown_by = _SHOWN_BY.get(found.kind)
    return (line,) if shown_by is None else (line, f"listed by {view.command(shown_by)}")


def named(subjects: Sequence[str], most: int = _MOST_SUBJECTS) -> str:
    """Names in one line, and how many more there are."""
    return joined(subjects, most, ", ")


def _money(found: Finding) -> Quantity:
    return usd(found.usd).at_least(found.unpriced_charges)


def _unpriced(found: Finding) -> str:
    return f"{plural(found.count, 'charge')} not priced, so the bill is a lower bound: {_resources(found)}"


def _nothing_priced(found: Finding) -> str:
    return f"nothing is priced: {plural(found.count, 'charge')} of {_resources(found)}"


def _resources(found: Finding) -> str:
    """What has no price; of calls that name no model, that is what is wrong."""
    nameless = [name for name in found.subjects if name.endswith("/model not observed")]
    return "calls that name no model" if nameless == [*found.subjects] else named(found.subjects, 1)


def _rejected(found: Finding) -> str:
    return f"{plural(found.count, 'record')} rejected, in no figure"


def _unread_usage(found: Finding) -> str:
    return f"usage not read on {plural(found.count, 'record')}: {named(found.subjects, 1)}"


def _beyond_window(found: Finding) -> str:
    calls = plural(found.count, "call")
    share = "" if found.ratio is None else f", {ratio(found.ratio)} of the bill"
    money = "not priced" if found.usd is None else f"{usd(found.usd)}{share}"
    return f"{named(found.subjects)}: {calls} with more input than the model can read ({money})"


def _prompt_cache(found: Finding) -> str:
    hits, read = ratio(found.ratio), tokens(found.count)
    return f"{named(found.subjects)}: {hits} prompt-cache hits on {read} input tokens ({_money(found)})"


def _cache_misses(found: Finding) -> str:
    why = "" if found.cause is None else f"; mostly {CAUSE_WORDS[found.cause]}"
    missed = f"{tokens(found.count)} input tokens ({ratio(found.ratio)}) missed the prompt cache"
    return f"{named(found.subjects)}: {missed}, {_money(found)} more than reads{why}"


def _retries(found: Finding) -> str:
    share = "" if found.ratio is None else f" ({ratio(found.ratio)} of cost)"
    attempts = plural(found.count, "failed or retried attempt")
    return f"{attempts} cost {_money(found)}{share}, most in {named(found.subjects)}"


def _failures(found: Finding) -> str:
    return f"{named(found.subjects)}: {count(found.count)} requests failed ({ratio(found.ratio)})"


def _missed_slo(found: Finding) -> str:
    many = "at worst " if found.count > 1 else ""
    return f"{named(found.subjects)}: SLO missed, met by {many}{ratio(found.ratio)} of requests"


def _idle(found: Finding) -> str:
    return f"{named(found.subjects)}: {ratio(found.ratio)} busy, {_money(found)} of idle time"


def _recorded_differs(found: Finding) -> str:
    calls = plural(found.count, "call")
    return f"{named(found.subjects)}: recorded cost differs on {calls} by {_money(found)} in all"


def _invoice_differs(found: Finding) -> str:
    return f"{named(found.subjects)}: invoices differ from charges by {_money(found)}"


_SHOWN_BY: Final[dict[FindingKind, str]] = {"beyond_window": "sql 'FROM oversized_calls'"}
_SAID: Final[dict[FindingKind, Callable[[Finding], str]]] = {
    "nothing_priced": _nothing_priced,
    "unpriced": _unpriced,
    "rejected": _rejected,
    "unread_usage": _unread_usage,
    "beyond_window": _beyond_window,
    "prompt_cache": _prompt_cache,
    "cache_misses": _cache_misses,
    "retries": _retries,
    "failures": _failures,
    "missed_slo": _missed_slo,
    "idle": _idle,
    "recorded_differs": _recorded_differs,
    "invoice_differs": _invoice_differs,
}
