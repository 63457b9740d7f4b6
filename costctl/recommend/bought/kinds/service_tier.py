"""Which classes can wait, and be bought for less? The batch and flex tiers of their providers; and which buy priority
that they do not need.

Prices are exact, those of a prompt cache included: where a provider does not take both off, the tier's price of what is
read says so. What is given up is time. Advised are classes that are declared ``deferrable``, or whose objective is no
shorter than the tier's longest delay; ruled out is what would take longer than the objective, also of a class that is
declared ``deferrable``, which contradicts it; of the others the saving is shown with the line to add.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from costctl.documents.recommendations import Evidence
from costctl.documents.setting_names import toml_key
from costctl.levers.settings import setting
from costctl.rebill.tier_rules import tier_rule_of
from costctl.recommend.bought.lines import line_of
from costctl.recommend.bought.proposals import BillKind, BillProposal
from costctl.recommend.bought.resold import is_sold, resold_usd
from costctl.recommend.bought.study import BoughtStudy
from costctl.recommend.proposals import Subject, Withheld
from costctl.units import NS_PER_S, S_PER_HOUR

_NAME: Final = "service_tier"
_BOUGHT: Final = ("default", "priority")  # tiers that something cheaper may do for
_P95: Final = 0.95
_FEWEST_TIMED: Final = 100  # calls, to know their 95th percentile


def propose(study: BoughtStudy) -> Iterator[BillProposal | Withheld]:
    """One proposal for each class that buys at the default tier or above."""
    for name in study.calls.classes:
        own = study.calls.frame.filter(pl.col("request_class") == name)
        if own["service_tier"].is_in(_BOUGHT).any():
            yield _for_class(study, name, own)


def _for_class(study: BoughtStudy, name: str, own: pl.DataFrame) -> BillProposal | Withheld:
    objective_s = _objective_s(study, name)
    delays = {tier: _delay_s(own, tier) for tier in _cheaper(own) if is_sold(study, name, tier)}
    if not delays:
        return Withheld(Subject(_NAME, name), f"No model of {name} has a cheaper tier with a known price.")
    in_time = [tier for tier, delay_s in delays.items() if _is_in_time(study, name, delay_s)]
    unsure = [tier for tier, delay_s in delays.items() if delay_s is None or objective_s is None]
    if not in_time and not unsure and study.declared(name).deferrable:
        return Withheld(Subject(_NAME, name), _contradiction(study, name, delays))
    if not in_time and not unsure:
        longest_s = min(delay_s for delay_s in delays.values() if delay_s is not None)
        return Withheld(
            Subject(_NAME, name),
            f"The cheaper tiers of its provider may take {longest_s / S_PER_HOUR:.3g} h, longer than its objective.",
        )
    return _proposed(study, name, own, tuple(in_time or unsure), is_sure=bool(in_time))


def _contradiction(study: BoughtStudy, name: str, delays: dict[str, float | None]) -> str:
    """What of the settings cannot be true at once."""
    longest_s = min(delay_s for delay_s in delays.values() if delay_s is not None)
    return (
        f"[classes.{toml_key(name)}] says deferrable = true, and {_objective_key(study, name)} of "
        f"{_objective_s(study, name):g} s; the cheaper tiers may take {longest_s / S_PER_HOUR:.3g} h. Remove the "
        "objective if it can wait, else the other."
    )


def _objective_key(study: BoughtStudy, name: str) -> str:
    """The line of the settings with the shortest objective."""
    slo = study.declared(name).slo
    declared = {"slo.ttft_p95": slo.ttft_p95_s, "slo.e2e_p95": slo.e2e_p95_s}
    known = {key: value for key, value in declared.items() if value is not None}
    return min(known, key=known.__getitem__)


def _proposed(
    study: BoughtStudy, name: str, own: pl.DataFrame, tiers: tuple[str, ...], *, is_sure: bool
) -> BillProposal:
    uncached_usd = _uncached_usd(study, name, tiers[0])
    today_usd = float(study.today.usd[study.calls.of_class(name)].sum())
    return BillProposal(
        subject=Subject(_NAME, name),
        candidates=tuple((setting("class", "service_tier", name, tier),) for tier in tiers),
        reason="Its provider sells the same tokens for less to calls that can wait.",
        if_none=f"No other tier of what {name} buys costs less.",
        assumptions=(*_delays(own, tiers), "What is read from a prompt cache is as today."),
        reversal="Send the calls at the tier of today again.",
        evidence=(*_objective(study, name), *_without_cache(uncached_usd, today_usd, own.height)),
        missing=() if is_sure else (line_of(name, "deferrable", "true"),),
        before=_trial(uncached_usd, today_usd),
    )


def _cheaper(own: pl.DataFrame) -> tuple[str, ...]:
    """Tiers to try. Flex goes first where prompts are read from a cache: a batch may read fewer."""
    waits = ("flex", "batch") if own["cached_input"].sum() > 0 else ("batch", "flex")
    return (*waits, "default") if (own["service_tier"] == "priority").any() else waits


def _objective_s(study: BoughtStudy, name: str) -> float | None:
    """The shortest objective that is declared; nothing of a batch is streamed."""
    slo = study.declared(name).slo
    declared = [each for each in (slo.ttft_p95_s, slo.e2e_p95_s) if each is not None]
    return min(declared, default=None)


def _delay_s(own: pl.DataFrame, tier: str) -> float | None:
    """How long a request of the class takes at the tier: what its provider states at most, or the 95th percentile of
    its calls that went there, for each call that its requests make one after the other; None where neither is known.
    """
    stated = [tier_rule_of(provider, tier) for provider in own["provider"].unique()]
    known = [each.longest_s for each in stated if each is not None and each.longest_s is not None]
    steps = own.group_by("request_id").len()["len"].quantile(_P95, "higher") or 1.0
    if known and len(known) == len(stated):
        return max(known) * steps
    timed = own.filter((pl.col("service_tier") == tier) & ~pl.col("is_failed")).select(
        (pl.col("end_ns") - pl.col("start_ns")).drop_nulls().alias("ns")
    )["ns"]
    if timed.len() < _FEWEST_TIMED:
        return None
    return (timed.quantile(_P95, "higher") or 0.0) / NS_PER_S * steps


def _is_in_time(study: BoughtStudy, name: str, delay_s: float | None) -> bool:
    """Whether the class has room within its objective; where one of both is not known, whether it can wait."""
    objective_s = _objective_s(study, name)
    if objective_s is None or delay_s is None:
        return study.declared(name).deferrable
    return delay_s <= objective_s


def _delays(own: pl.DataFrame, tiers: tuple[str, ...]) -> tuple[str, ...]:
    """What providers say of the tiers that are tried."""
    stated = [tier_rule_of(provider, tier) for tier in tiers for provider in own["provider"].unique().sort()]
    return tuple(each.delay for each in stated if each is not None)


def _uncached_usd(study: BoughtStudy, name: str, tier: str) -> float | None:
    """What a batch would cost of which nothing is read from a cache: its calls run side by side, and none may see
    another's prompt. None where that makes no difference, or no price is known.
    """
    reads = study.calls.tokens["cached_input"][study.calls.of_class(name)].sum() > 0
    return (
        resold_usd(study, study.calls.of_class(name), tier=tier, is_cached=False)
        if reads and tier == "batch"
        else None
    )


def _trial(uncached_usd: float | None, today_usd: float) -> str | None:
    if uncached_usd is None or uncached_usd < today_usd:
        return None
    return "Cache reads in a batch are not known: send one, and see how much it reads from the cache."


def _without_cache(uncached_usd: float | None, today_usd: float, count: int) -> Iterator[Evidence]:
    if uncached_usd is not None:
        yield Evidence(
            id="without_cache",
            kind="computed",
            statement=f"Its calls cost {today_usd:.2f} USD; a batch that reads nothing from a prompt cache would cost "
            f"{uncached_usd:.2f} USD.",
            samples=count,
            value=None,
        )


def _objective(study: BoughtStudy, name: str) -> Iterator[Evidence]:
    objective_s = _objective_s(study, name)
    if study.declared(name).deferrable:
        yield Evidence("deferrable", "declared", f"{name} is declared deferrable.", None, None)
    elif objective_s is not None:
        yield Evidence("objective", "declared", f"Its objective is {objective_s:g} s at p95.", None, None)


KIND: Final = BillKind(_NAME, propose)
