"""What would each call have cost under a plan? The bill, run again.

In: the calls, a plan, prices. Out: USD per call. Σ over kinds of tokens × price, and what is no token of text as it was
recorded; a plan changes tokens and prices, and leaves calls out, but adds none. Under today's plan it is what the
charges of the analysis say. A call that the plan leaves out costs nothing and fills no cache; all others are played.
A call that comes later, after a longer wait, is billed the failures too that are expected before it
(costctl/rebill/waits.py). For text that fits into what is paid for by time (costctl/rebill/capacity.py) nothing more
is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Bools, Floats, Ints
from costctl.levers.plan import TODAY, ClassPlan, Plan
from costctl.rebill.cache_play import CacheUse, Use, played
from costctl.rebill.cache_rules import CacheRule, cache_rule_of, cache_rules
from costctl.rebill.calls import TEXT_KINDS, BoughtCalls
from costctl.rebill.left_out import LeftOut, left_out
from costctl.rebill.paid_by_time import paid_by_time
from costctl.rebill.rates import PriceList, Rates, rates_of
from costctl.rebill.shortened import shortened
from costctl.rebill.tokenizers import token_ratio
from costctl.rebill.waits import waited_of

_TTL_S: Final = {"none": 0.0, "5m": 300.0, "1h": 3600.0}
_NO_RULE: Final = CacheRule("", (), "asked", 0, 1, (0,), "", date.min, in_full=False)


@dataclass(frozen=True, slots=True)
class Bill:
    """What n calls cost. usd: 0 where nothing of a call has a price.  read, written: tokens of the prompt cache.

    is_unknown: a price or a prompt that the plan needs is not known; the call is billed as today.  left_out: calls
    that are not made, and why.  fixed_usd: over the whole window, of what is paid for whether it is used or not.
    """

    usd: Floats
    read: Floats
    written: Floats
    is_unknown: Bools
    left_out: LeftOut
    fixed_usd: float = 0.0


def bill(calls: BoughtCalls, plan: Plan, prices: PriceList) -> Bill:
    """The bill of the calls under a plan."""
    waited = waited_of(calls, plan)
    out = left_out(calls, plan, waited)
    calls = shortened(calls, plan)
    sold = _sold_as(calls, plan)
    rates = rates_of(sold, prices)
    tokens = {kind: each.copy() for kind, each in calls.tokens.items()}
    ratios = _counted_anew(calls, plan)
    is_unknown = _play_caches(calls, sold, plan, tokens, ~out.is_any, ratios)
    tokens = {kind: each * ratios for kind, each in tokens.items()}
    other_usd = _other_usd(calls)
    usd, has_no_price = _usd(tokens, rates, other_usd)
    is_changed = _is_changed(calls, plan)
    is_unknown |= is_changed & has_no_price
    if is_unknown.any():
        usd = np.where(is_unknown, calls.today_usd, usd)
    paid = paid_by_time(sold, tokens, ~out.is_any, plan, prices.offers)
    usd = usd - (usd - other_usd) * paid.covered
    usd = np.where(out.is_any, 0.0, usd + waited.again * usd[waited.first])
    written = tokens["cache_write"] + tokens["cache_write_1h"]
    return Bill(usd, tokens["cached_input"], written, is_unknown, out, paid.fixed_usd)


def bill_today(calls: BoughtCalls, prices: PriceList) -> Bill:
    """What was billed, by the same arithmetic."""
    return bill(calls, TODAY, prices)


def _usd(tokens: dict[str, Floats], rates: Rates, other_usd: Floats) -> tuple[Floats, Bools]:
    """The sum for each call, and where a kind of which there are tokens has no price."""
    usd, has_no_price = other_usd.copy(), np.zeros(other_usd.size, np.bool_)
    for kind in TEXT_KINDS:
        price = rates.usd[kind]
        is_missing = np.isnan(price) & (tokens[kind] > 0)
        has_no_price |= is_missing
        usd += tokens[kind] * np.where(np.isnan(price), 0.0, price)
    return usd, has_no_price


def _other_usd(calls: BoughtCalls) -> Floats:
    other: Floats = calls.frame["other_usd"].cast(pl.Float64).to_numpy()
    return other


def _sold_as(calls: BoughtCalls, plan: Plan) -> pl.DataFrame:
    """The calls with the tier and the model that the plan says."""
    frame = calls.frame
    for name, each in plan.classes.items():
        own = pl.col("request_class") == name
        if each.service_tier is not None:
            tier = pl.when(own).then(pl.lit(each.service_tier)).otherwise(pl.col("service_tier"))
            frame = frame.with_columns(service_tier=tier)
        for today in _models_of(calls, name) if each.changes_models else ():
            resold = own & (calls.frame["model"] == today).fill_null(value=False)
            after = pl.when(resold).then(pl.lit(each.model_after(today))).otherwise(pl.col("model"))
            frame = frame.with_columns(model=after)
    return frame


def _models_of(calls: BoughtCalls, name: str) -> list[str]:
    """The models that calls of the class go to, as they are named."""
    return [*calls.frame["model"].filter(pl.Series(calls.of_class(name))).drop_nulls().unique()]


def _counted_anew(calls: BoughtCalls, plan: Plan) -> Floats:
    """Of each call how many tokens the model that it goes to makes of one of today's, as far as that is known."""
    ratios = np.ones(calls.size)
    for name, each in plan.classes.items():
        own, models = calls.of_class(name), calls.frame["model"]
        for today in _models_of(calls, name) if each.changes_models else ():
            after = each.model_after(today)
            resold = own & (models == today).fill_null(value=False).to_numpy()
            ratios[resold] = token_ratio(calls, today, after).ratio if today != after else 1.0
    return ratios


def _is_changed(calls: BoughtCalls, plan: Plan) -> Bools:
    changed = np.zeros(calls.size, np.bool_)
    for name, each in plan.classes.items():
        if each != ClassPlan():
            changed |= calls.of_class(name)
    return changed


def _play_caches(
    calls: BoughtCalls,
    sold: pl.DataFrame,
    plan: Plan,
    tokens: dict[str, Floats],
    is_made: Bools,
    ratios: Floats,
) -> Bools:
    """Puts what the plan's caches read and write in the place of what was recorded; where that cannot be told.

    The caches are those of the models that calls then go to. sold: the calls with these.  ratios: tokens that these
    make of one of today's.
    """
    is_unknown = np.zeros(calls.size, np.bool_)
    rules = rules_of(sold)
    _drop_short(calls, plan, tokens, rules, ratios)
    for name, each in plan.classes.items():
        if each.caching is None and not each.is_sticky:
            continue
        own = (
            calls.of_class(name)
            & is_made
            & calls.frame["is_input_billed"].to_numpy()
            & (tokens_in(tokens) > 0)
        )
        can = own & calls.prefixes.is_known & (rules >= 0)
        is_unknown |= own & ~can
        how = _use(calls, sold, each, can, rules, ratios)
        found = played(calls.prefixes, calls.at_s, how)
        _replace(tokens, can, found.read, found.written, how.ttl_s)
    return is_unknown


def _drop_short(
    calls: BoughtCalls, plan: Plan, tokens: dict[str, Floats], rules: Ints, ratios: Floats
) -> None:
    """Of calls that go to a model that caches less than theirs does: no prompt that is too short for it is cached."""
    if not any(each.changes_models for each in plan.classes.values()):
        return
    least = np.array([rule.least_tokens for rule in (*cache_rules(), _NO_RULE)], np.int64)
    now, then = least[rules_of(calls.frame)], least[rules]
    is_short = (then > now) & (tokens_in(tokens) * ratios < then)
    whole = tokens_in(tokens)
    for kind in ("cached_input", "cache_write", "cache_write_1h"):
        tokens[kind] = np.where(is_short, 0.0, tokens[kind])
    tokens["input"] = np.where(is_short, whole, tokens["input"])


def rules_of(calls: pl.DataFrame) -> Ints:
    """Of each call the rule of its provider's cache, as an index into ``cache_rules()``; −1 where none is known.

    calls: with provider and model.
    """
    known = cache_rules()
    pairs = calls.select("provider", "model").unique()
    found = [cache_rule_of(provider, model) for provider, model in pairs.iter_rows()]
    numbers = pl.Series("rule", [-1 if rule is None else known.index(rule) for rule in found], pl.Int64)
    joined = calls.select("provider", "model").join(
        pairs.with_columns(numbers),
        on=("provider", "model"),
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return joined["rule"].to_numpy()


def _use(
    calls: BoughtCalls, sold: pl.DataFrame, plan: ClassPlan, can: Bools, rules: Ints, ratios: Floats
) -> CacheUse:
    """How the calls of one class use the caches of their providers under its plan, in tokens of today's models."""
    known = (*cache_rules(), _NO_RULE)

    def of_rule(values: Sequence[int]) -> Ints:
        return np.array([*values], np.int64)[rules]

    is_automatic = of_rule([rule.is_automatic for rule in known]) == 1
    asked = Use.SYSTEM if plan.breakpoints == "system" else Use.CONVERSATION
    uses = {
        "asked": Use.NOT if plan.caching == "none" else asked,
        "everywhere": Use.EVERYWHERE,
        "last": Use.LAST,
    }
    use = of_rule([uses[rule.keeps] for rule in known])
    use = np.where(calls.prefixes.is_by_block & (use != Use.NOT), Use.EVERYWHERE, use)
    longest_s = of_rule([rule.ttl_s[-1] for rule in known])
    asked_s = np.minimum(_TTL_S[plan.caching or "5m"], longest_s)
    ttl_s = np.where(is_automatic, of_rule([rule.ttl_s[0] for rule in known]), asked_s)
    return CacheUse(
        use=np.where(can, use, Use.NOT),
        scope=scopes_of(sold, is_sticky=plan.is_sticky),
        whole=calls.frame["input_tokens"].fill_null(0).to_numpy(),
        ttl_s=ttl_s.astype(np.float64),
        least=np.ceil(of_rule([rule.least_tokens for rule in known]) / ratios).astype(np.int64),
        step=of_rule([rule.step_tokens for rule in known]),
        lookback=of_rule([rule.lookback_blocks or 0 for rule in known]),
        readable_s=np.where(
            of_rule([rule.readable_from == "answer" for rule in known]), calls.answer_s, calls.at_s
        ),
    )


def scopes_of(calls: pl.DataFrame, *, is_sticky: bool) -> Ints:
    """A number for each cache: of a model, on a deployment unless calls go where their prefix is."""
    columns = ["provider", "model", *([] if is_sticky else ["replica"])]
    named = calls.select(
        pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in columns], separator="\n").alias(
            "scope"
        )
    )
    return named["scope"].rank("dense").to_numpy().astype(np.int64)


def tokens_in(tokens: dict[str, Floats]) -> Floats:
    """Tokens of text that went in."""
    return tokens["input"] + tokens["cached_input"] + tokens["cache_write"] + tokens["cache_write_1h"]


def _replace(tokens: dict[str, Floats], can: Bools, read: Ints, written: Ints, ttl_s: Floats) -> None:
    whole = tokens_in(tokens)
    is_for_an_hour = ttl_s == _TTL_S["1h"]
    fresh = whole - read - written
    for kind, count in (
        ("input", fresh),
        ("cached_input", read),
        ("cache_write", np.where(is_for_an_hour, 0, written)),
        ("cache_write_1h", np.where(is_for_an_hour, written, 0)),
    ):
        tokens[kind] = np.where(can, count, tokens[kind])
