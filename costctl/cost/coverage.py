"""How much of the traffic do the figures speak for, and what would make them speak for more?

In: the frames, the fits, the bill, the class reports. Out: ``Coverage``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.cost.bill import Bill
from costctl.documents.analysis import Coverage
from costctl.documents.price_settings import PriceSettings
from costctl.frames.class_sums import ClassSums
from costctl.frames.cost import Frames
from costctl.service_model.pool_fit import PoolFits
from costctl.stats.exact_sums import sum_of_parts
from costctl.telemetry.usage_gaps import RELATIONS, usage_gaps, usage_notes

_MOST_NOTES: Final = 20


def coverage_of(frames: Frames, fits: PoolFits, bill: Bill, prices: PriceSettings) -> Coverage:
    """Ratios of what is priced and observed, and a note for each gap."""
    sums = frames.sums
    gaps = usage_gaps(*(getattr(sums, name) for name in RELATIONS))
    requests, priced = sums.total("requests"), sums.total("priced_requests")
    calls, told = sums.total("calls"), sums.total("told_calls")
    return Coverage(
        requests=requests,
        priced_requests=priced,
        priced_ratio=priced / requests,
        priced_token_ratio=_priced_token_ratio(sums, gaps.stray_tokens),
        priced_accelerator_ratio=_priced_accelerator_ratio(sums),
        token_ratio=told / calls if calls else None,
        stage_ratio=sums.total("staged_requests") / requests,
        calls=calls,
        calls_without_tokens=calls - told,
        rejected_records=frames.rejected_records,
        **_recorded(sums, prices),
        witness=frames.witness,
        usage=gaps,
        notes=(
            *usage_notes(gaps),
            *_unpriced(sums.unpriced_reason),
            *_without_charge(requests - sums.total("charged_requests")),
            *bill.notes,
            *_in_one(sums),
            *_without_model(fits),
            *_untrusted(fits),
        ),
    )


def _priced_token_ratio(sums: ClassSums, stray_tokens: int) -> float | None:
    """Tokens of calls whose every charge has an amount and whose usage was read, over the tokens of all records."""
    total = sums.total("tokens") + stray_tokens
    return sums.total("priced_tokens") / total if total else None


def _recorded(sums: ClassSums, prices: PriceSettings) -> dict[str, float | None]:
    """What is charged as it was recorded, where that is asked for: of the tokens, and USD."""
    if prices.unpriced != "recorded":
        return {}
    total = sums.total("tokens")
    return {
        "recorded_token_ratio": sums.total("recorded_tokens") / total if total else None,
        "recorded_usd": sum_of_parts(sums.class_charge.filter("is_recorded"), "usd") or 0.0,
    }


def _priced_accelerator_ratio(sums: ClassSums) -> float | None:
    """Seconds of replicas of configured pools that have a price, over all that were observed."""
    seconds = sums.class_charge.filter(pl.col("component") == "accelerator")
    total = sum_of_parts(seconds, "quantity")
    priced = sum_of_parts(seconds.filter(pl.col("usd").is_not_null()), "quantity")
    return (priced or 0.0) / total if total else None


def _unpriced(unpriced_reason: pl.DataFrame) -> tuple[str, ...]:
    """One note for each reason why a charge has no amount, and what would price tokens."""
    rows = (
        unpriced_reason.group_by("component", "resource", "note")
        .agg(pl.col("requests").first(), pl.col("kind").drop_nulls().unique().sort())
        .sort(["requests", "component", "resource", "note"], descending=[True, False, False, False])
        .head(_MOST_NOTES)
    )
    notes = [
        f"{_counted(component, kinds)} of {resource}: {note} ({_requests(requests)})."
        for component, resource, note, requests, kinds in rows.iter_rows()
    ]
    of_tokens = rows.filter(pl.col("component") == "api_tokens")["note"]
    if any(note.startswith("no price for") for note in of_tokens):
        notes.append(
            "Tokens are priced by provider and model. If your own replicas served the calls, price their "
            "time with a [pools.NAME] in costctl.toml: usd_per_replica_hour, and models or match."
        )
    return tuple(notes)


def _counted(component: str, kinds: list[str]) -> str:
    """What a charge counts, in words."""
    if not kinds:
        return component.replace("_", " ")
    return ", ".join(kinds) + (" tokens" if component == "api_tokens" else "")


def _without_charge(requests: int) -> tuple[str, ...]:
    """A request without a charge is not priced, and no charge says why."""
    if not requests:
        return ()
    return (f"No billable call, read or transfer was observed ({_requests(requests)}).",)


def _requests(number: int) -> str:
    return f"{number:,} request" if number == 1 else f"{number:,} requests"


def _in_one(sums: ClassSums) -> tuple[str, ...]:
    """Generations whose prefill and decode are not told apart."""
    in_one = sums.total("undivided_calls")
    if not in_one:
        return ()
    return (
        f"{in_one:,} of {sums.total('timed_generations'):,} generations report no time to first token: their prefill "
        "and decode cannot be separated and are shown as “model call”.",
    )


def _without_model(fits: PoolFits) -> tuple[str, ...]:
    return tuple(
        f"{pool} has no service model: {reason}; its marginal cost is given as bounds."
        for pool, reason in sorted(fits.reasons.items())
    )


def _untrusted(fits: PoolFits) -> tuple[str, ...]:
    return tuple(
        f"{fit.name}: the replay of today does not reproduce {', '.join(fit.calibration.untrusted)}. "
        + (
            "Marginal cost rests on busy time, which it does."
            if fit.calibration.is_busy_time_trusted
            else "Do not act on its marginal cost."
        )
        for fit in fits.fitted
        if fit.calibration.untrusted
    )
