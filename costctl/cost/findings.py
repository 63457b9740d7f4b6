"""What is wrong with the bill, or with what it rests on?

In: the reports of an analysis. Out: findings: first those that nobody can put a figure on, then those of most money.
The thresholds say from where on something is worth a look; the figures themselves stand in the document.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from costctl.behaviour.objectives import LEVEL
from costctl.documents.analysis import ClassReport, Coverage, PoolReport, Totals
from costctl.documents.bill import ProviderInvoice
from costctl.documents.cache_misses import UNAVOIDABLE, CacheCause, CacheMisses, Missed
from costctl.documents.findings import Finding, FindingKind
from costctl.documents.witness import Witness, WitnessGroup

# From a prompt of about a thousand tokens on, providers cache its beginning (OpenAI, Anthropic: 1,024; 2026-11).
LEAST_CACHED_PROMPT_TOKENS: Final = 1024
LEAST_HIT_RATIO: Final = 0.1
LEAST_INPUT_TOKENS: Final = 100_000  # of a class, for its prompt cache to be worth a look
LEAST_MISSED_RATIO: Final = 0.01  # of the bill, for the cache misses of a class to be worth a look
LEAST_OVERSIZED_RATIO: Final = 0.01  # of the bill, for calls beyond their model's window to be worth a look
LEAST_RETRY_RATIO: Final = 0.02  # of what is charged
LEAST_DIFFERENCE_RATIO: Final = 0.01  # of what was recorded, or invoiced
LEAST_FAILED_RATIO: Final = 0.01
LEAST_BUSY_RATIO: Final = 0.5


@dataclass(frozen=True, slots=True)
class Reports:
    """The parts of an analysis that findings are made of."""

    totals: Totals
    coverage: Coverage
    classes: tuple[ClassReport, ...]
    pools: tuple[PoolReport, ...]
    invoices: tuple[ProviderInvoice, ...]
    cache_misses: CacheMisses | None = None


def findings_of(reports: Reports) -> tuple[Finding, ...]:
    """All that is found, unknown money first, then the most."""
    found = [
        *_unpriced(reports),
        *_unread(reports.coverage),
        *_beyond_window(reports),
        *_prompt_cache(reports),
        *_cache_misses(reports),
        *_retries(reports),
        *_failures(reports.classes),
        *_missed(reports.classes),
        *_idle(reports.pools),
        *_recorded(reports.coverage.witness),
        *_invoiced(reports.invoices),
    ]
    return tuple(sorted(found, key=_rank))


def _rank(found: Finding) -> tuple[bool, bool, float]:
    """Counts that cannot be true go first: everything else rests on them."""
    return found.kind != "beyond_window", found.usd is not None, -(found.usd or 0.0)


def _unpriced(reports: Reports) -> Iterator[Finding]:
    charges: dict[str, int] = {}
    for part in (part for report in reports.classes for part in report.cost.components):
        if part.unpriced_charges:
            name = part.resource.rpartition("/")[0] if part.component.startswith("api_") else part.resource
            charges[name] = charges.get(name, 0) + part.unpriced_charges
    if charges:
        yield Finding(
            kind="nothing_priced" if reports.totals.billed_usd is None else "unpriced",
            subjects=_first_the_largest(charges),
            usd=None,
            count=sum(charges.values()),
            ratio=reports.coverage.priced_ratio,
        )


def _unread(coverage: Coverage) -> Iterator[Finding]:
    if coverage.rejected_records:
        yield Finding(kind="rejected", subjects=(), usd=None, count=coverage.rejected_records, ratio=None)
    if keys := {each.key: each.records for each in coverage.usage.unread}:
        yield Finding(
            kind="unread_usage",
            subjects=_first_the_largest(keys),
            usd=None,
            count=max(keys.values()),
            ratio=None,
        )


def _beyond_window(reports: Reports) -> Iterator[Finding]:
    """Calls that report more input than their model can read, where they carry money, or cannot be true at all."""
    windows = reports.coverage.usage.windows
    amounts = [each.usd for each in windows if each.usd is not None]
    usd, billed_usd = sum(amounts) if amounts else None, reports.totals.billed_usd
    share = usd / billed_usd if usd is not None and billed_usd else None
    if any(each.is_impossible for each in windows) or (share or 0.0) >= LEAST_OVERSIZED_RATIO:
        most_first = sorted(windows, key=lambda each: (-(each.usd or 0.0), -each.calls, each.model))
        yield Finding(
            kind="beyond_window",
            subjects=tuple(dict.fromkeys(each.model for each in most_first)),
            usd=usd,
            count=reports.coverage.usage.oversized_calls,
            ratio=share,
        )


def _prompt_cache(reports: Reports) -> Iterator[Finding]:
    """Classes that buy long prompts by the token, again and again, and are hardly ever served from a prompt cache.

    Of classes whose prompts are known more is said: see ``_cache_misses``.
    """
    known = {} if reports.cache_misses is None else reports.cache_misses.by_class
    cold = [
        each
        for each in reports.classes
        if _is_cold(each) and (each.request_class not in known or not known[each.request_class].calls)
    ]
    if cold:
        tokens = sum(each.tokens.input or 0 for each in cold)
        cached = sum(each.tokens.cached_input or 0 for each in cold)
        yield _of_classes("prompt_cache", cold, sum(map(_input_usd, cold)), tokens, cached / tokens)


def _cache_misses(reports: Reports) -> Iterator[Finding]:
    """Classes whose prompts could have been read from a cache, and what they cost more for not being."""
    if reports.cache_misses is None:
        return
    billed_usd = reports.totals.billed_usd or 0.0
    missing = [
        each
        for each in reports.cache_misses.classes
        if (each.missed.avoidable_usd or 0.0) >= LEAST_MISSED_RATIO * billed_usd and each.missed.avoidable_usd
    ]
    if missing:
        missed = [each.missed for each in missing]
        tokens = sum(each.avoidable_tokens for each in missed)
        yield Finding(
            kind="cache_misses",
            subjects=tuple(each.request_class for each in missing),
            usd=sum(each.avoidable_usd or 0.0 for each in missed),
            unpriced_charges=sum(each.unpriced_calls for each in missed),
            count=tokens,
            ratio=tokens / sum(each.input_tokens for each in missed),
            cause=_main_cause(missed),
        )


def _main_cause(missed: Sequence[Missed]) -> CacheCause:
    usd: dict[CacheCause, float] = {}
    for each in (each for of_class in missed for each in of_class.causes if each.cause not in UNAVOIDABLE):
        usd[each.cause] = usd.get(each.cause, 0.0) + (each.usd or 0.0)
    return max(usd, key=lambda cause: (usd[cause], cause))


def _is_cold(report: ClassReport) -> bool:
    tokens, hits = report.tokens, report.tokens.cached_input_ratio
    if hits is None or hits >= LEAST_HIT_RATIO or not tokens.output or not _input_usd(report):
        return False
    prompt = (tokens.input or 0) / max(report.attempts, 1)
    return (tokens.input or 0) >= LEAST_INPUT_TOKENS and prompt >= LEAST_CACHED_PROMPT_TOKENS


def _input_usd(report: ClassReport) -> float:
    """What the class paid for input tokens that were not cached, USD."""
    return sum(
        part.usd or 0.0
        for part in report.cost.components
        if part.component == "api_tokens" and part.resource.endswith("/input")
    )


def _retries(reports: Reports) -> Iterator[Finding]:
    tax = reports.totals.retry_tax
    if (
        tax is None
        or not tax.usd
        or (tax.usd / (reports.totals.attributed_usd or tax.usd)) < LEAST_RETRY_RATIO
    ):
        return
    usd = {
        each.request_class: each.cost.retry_tax.usd
        for each in reports.classes
        if each.cost.retry_tax is not None and each.cost.retry_tax.usd
    }
    yield Finding(
        kind="retries",
        subjects=_first_the_largest(usd)[:1],
        usd=tax.usd,
        unpriced_charges=tax.unpriced_attempts,
        count=tax.attempts,
        ratio=tax.share_ratio,
    )


def _failures(classes: Sequence[ClassReport]) -> Iterator[Finding]:
    failing = [each for each in classes if each.failed >= LEAST_FAILED_RATIO * each.requests]
    if failing:
        failed = sum(each.failed for each in failing)
        ratio = failed / sum(each.requests for each in failing)
        yield _of_classes("failures", failing, _attributed(failing), failed, ratio)


def _missed(classes: Sequence[ClassReport]) -> Iterator[Finding]:
    late = [each for each in classes if any(result.met_ratio < LEVEL for result in each.slo)]
    if late:
        missed = [result.met_ratio for each in late for result in each.slo if result.met_ratio < LEVEL]
        yield _of_classes("missed_slo", late, _attributed(late), len(missed), min(missed))


def _idle(pools: Sequence[PoolReport]) -> Iterator[Finding]:
    idle = [each for each in pools if each.idle_usd and (each.utilisation_ratio or 0.0) < LEAST_BUSY_RATIO]
    if idle:
        busy_s = sum(each.busy_s or 0.0 for each in idle)
        yield Finding(
            kind="idle",
            subjects=_first_the_largest({each.pool: each.idle_usd or 0.0 for each in idle}),
            usd=sum(each.idle_usd or 0.0 for each in idle),
            count=len(idle),
            ratio=busy_s / sum(each.capacity_s for each in idle),
        )


def _recorded(witness: Witness | None) -> Iterator[Finding]:
    """The amounts that sources record are not what the prices say."""
    if witness is None:
        return
    usd = {group.source: 0.0 for group in witness.groups}
    for group in witness.groups:
        usd[group.source] += sum(abs(cause.difference_usd) for cause in group.causes)
    total = sum(usd.values())
    if total > LEAST_DIFFERENCE_RATIO * witness.recorded_usd:
        yield Finding(
            kind="recorded_differs",
            subjects=_first_the_largest(usd),
            usd=total,
            count=sum(_differing(group) for group in witness.groups),
            ratio=witness.ratio,
        )


def _differing(group: WitnessGroup) -> int:
    return sum(cause.calls for cause in group.causes)


def _invoiced(invoices: Sequence[ProviderInvoice]) -> Iterator[Finding]:
    off = {
        each.provider: abs(each.difference_usd)
        for each in invoices
        if each.is_whole_month
        and each.difference_usd is not None
        and abs(each.difference_usd) >= LEAST_DIFFERENCE_RATIO * each.invoiced_usd
    }
    if off:
        yield Finding(
            kind="invoice_differs",
            subjects=_first_the_largest(off),
            usd=sum(off.values()),
            count=len(off),
            ratio=None,
        )


def _of_classes(
    kind: FindingKind, classes: Sequence[ClassReport], usd: float | None, count: int, ratio: float
) -> Finding:
    """classes: those of most money first."""
    return Finding(
        kind=kind,
        subjects=tuple(each.request_class for each in classes),
        usd=usd,
        unpriced_charges=sum(each.cost.unit_costs.unpriced_charges for each in classes),
        count=count,
        ratio=ratio,
    )


def _attributed(classes: Iterable[ClassReport]) -> float | None:
    known = [each.cost.attributed_usd for each in classes if each.cost.attributed_usd is not None]
    return sum(known) if known else None


def _first_the_largest(sizes: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(name for name, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])))
