"""How much of the traffic do the figures speak for, and what would make them speak for more?

In: the frames, the fits, the bill, the class reports. Out: ``Coverage``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from costctl.cost.bill import Bill
from costctl.documents.analysis import ClassReport, Coverage
from costctl.documents.price_settings import PriceSettings
from costctl.frames.cost import Frames
from costctl.pricing.witness import witness
from costctl.segment.unreported import with_tokens
from costctl.service_model.pool_fit import PoolFits
from costctl.stats.exact_sums import exact_sum
from costctl.telemetry.usage_gaps import RELATIONS, usage_gaps, usage_notes

_MOST_NOTES: Final = 20
_BOUGHT: Final = ("api_tokens", "api_units")


def coverage_of(
    frames: Frames, fits: PoolFits, bill: Bill, classes: tuple[ClassReport, ...], prices: PriceSettings
) -> Coverage:
    """Ratios of what is priced and observed, and a note for each gap."""
    charged = frames.charge.group_by("request_id").agg(pl.col("usd").is_not_null().all().alias("is_priced"))
    unread = frames.calls.filter(pl.col("has_unread_usage")).select("request_id")
    priced = charged.filter("is_priced").join(unread, on="request_id", how="anti").height
    gaps = usage_gaps(*(getattr(frames, name) for name in RELATIONS))
    requests = frames.requests.height
    calls, told = frames.calls.height, with_tokens(frames.calls).height
    named = ~pl.col("stage").is_in(["other", "uninstrumented"])
    staged = frames.stage_time.filter(named)["request_id"].n_unique()
    return Coverage(
        requests=requests,
        priced_requests=priced,
        priced_ratio=priced / requests,
        priced_token_ratio=_priced_token_ratio(frames, gaps.stray_tokens),
        priced_accelerator_ratio=_priced_accelerator_ratio(frames),
        token_ratio=told / calls if calls else None,
        stage_ratio=staged / requests,
        calls=calls,
        calls_without_tokens=calls - told,
        rejected_records=frames.rejected_records,
        **_recorded(frames, prices),
        witness=witness(
            frames.cost_witness,
            frames.calls,
            frames.charge,
            frames.requests,
            prices,
            frames.calls.filter(pl.col("pool").is_null()).height,
        ),
        usage=gaps,
        notes=(
            *usage_notes(gaps),
            *_unpriced(frames),
            *_without_charge(requests - charged.height),
            *bill.notes,
            *_in_one(frames),
            *_without_model(fits),
            *_untrusted(fits),
            *_thin(classes),
        ),
    )


def _priced_token_ratio(frames: Frames, stray_tokens: int) -> float | None:
    """Tokens of calls whose every charge has an amount and whose usage was read, over the tokens of all records."""
    unpriced = frames.charge.filter(pl.col("usd").is_null()).select("call_id")
    calls = frames.calls.select("call_id", "input_tokens", "output_tokens", "has_unread_usage")
    charged = frames.charge.select(pl.col("call_id").drop_nulls())
    priced = calls.filter(~pl.col("has_unread_usage"))
    priced = priced.join(charged, on="call_id", how="semi").join(unpriced, on="call_id", how="anti")
    total, known = (
        int(each["input_tokens"].sum()) + int(each["output_tokens"].sum()) for each in (calls, priced)
    )
    total += stray_tokens
    return known / total if total else None


def _recorded(frames: Frames, prices: PriceSettings) -> dict[str, float | None]:
    """What is charged as it was recorded, where that is asked for: of the tokens, and USD."""
    if prices.unpriced != "recorded":
        return {}
    charged = frames.charge.filter("is_recorded")
    calls = frames.calls.select("call_id", "input_tokens", "output_tokens")
    recorded = calls.join(charged.select("call_id"), on="call_id", how="semi")
    total, taken = (
        int(each["input_tokens"].sum()) + int(each["output_tokens"].sum()) for each in (calls, recorded)
    )
    return {
        "recorded_token_ratio": taken / total if total else None,
        "recorded_usd": exact_sum(charged["usd"]) or 0.0,
    }


def _priced_accelerator_ratio(frames: Frames) -> float | None:
    """Seconds of replicas of configured pools that have a price, over all that were observed."""
    seconds = frames.charge.filter(pl.col("component") == "accelerator")
    total = exact_sum(seconds["quantity"])
    priced = exact_sum(seconds.filter(pl.col("usd").is_not_null())["quantity"])
    return (priced or 0.0) / total if total else None


def _unpriced(frames: Frames) -> tuple[str, ...]:
    """One note for each reason why a charge has no amount, and what would price tokens."""
    is_bought = pl.col("component").is_in(_BOUGHT)
    resource = pl.col("resource").cast(pl.String)
    named = frames.charge.filter(pl.col("note").is_not_null()).with_columns(
        # A resource that is bought of a provider is provider/model/what is counted.
        pl.when(is_bought).then(resource.str.replace("/[^/]*$", "")).otherwise(resource).alias("resource"),
        pl.when(is_bought).then(resource.str.extract("([^/]*)$")).alias("kind"),
    )
    rows = (
        named.group_by("component", "resource", "note")
        .agg(pl.col("request_id").n_unique().alias("requests"), pl.col("kind").drop_nulls().unique().sort())
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


def _in_one(frames: Frames) -> tuple[str, ...]:
    """Generations whose prefill and decode are not told apart."""
    generations = frames.calls.filter(pl.col("is_generation") & pl.col("end_ns").is_not_null())
    in_one = generations.filter(pl.col("ttft_s").is_null() | (pl.col("ttft_s") < 0)).height
    if not in_one:
        return ()
    return (
        f"{in_one:,} of {generations.height:,} generations report no time to first token: their prefill and "
        "decode cannot be separated and are shown as “model call”.",
    )


def _without_model(fits: PoolFits) -> tuple[str, ...]:
    return tuple(
        f"{pool} has no service model: {reason}; its marginal cost is given as bounds."
        for pool, reason in sorted(fits.reasons.items())
    )


def _untrusted(fits: PoolFits) -> tuple[str, ...]:
    return tuple(
        f"{fit.name}: the replay of today's setup is {fit.calibration.worst:.0%} off the observation; do "
        "not rely on marginal cost and advice that use it."
        for fit in fits.fitted
        if not fit.calibration.is_trusted
    )


def _thin(classes: tuple[ClassReport, ...]) -> tuple[str, ...]:
    thin = [
        report.request_class
        for report in classes
        if report.cost.marginal_usd_per_request is None and report.cost.attributed_usd is not None
    ]
    return (
        (f"Too little traffic to estimate the marginal cost of replica time: {', '.join(thin)}.",)
        if thin
        else ()
    )
