"""What is wrong with the user's own rates, and which models of the store have no price?

Shape in: ``PriceSettings``, a frame of (provider, model, day), a day. Shape out: findings, in a fixed order. Rates
change only where an entry begins or ends, so the days that are tried are those, and the one before the first.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from costctl.documents.price_settings import PriceSettings
from costctl.documents.prices import PriceFinding
from costctl.pricing.model_names import NotFound, find_model
from costctl.pricing.own_rates import STANDARD, Asked, RateError
from costctl.pricing.price_hints import nearest_model
from costctl.pricing.price_rules import GLOBAL
from costctl.pricing.prices import priced


def price_findings(own: PriceSettings, models: pl.DataFrame | None, as_of: date) -> tuple[PriceFinding, ...]:
    """All findings; models: columns provider, model, day, or None where no store is looked at."""
    found = [*_rates(own, as_of), *_aliases(own, as_of)]
    if models is not None:
        found += _unpriced(own, models, as_of)
    # A rate that is refused is so on every day of the calls: the first says enough.
    return tuple({(each.kind, each.subject, each.what): each for each in reversed(found)}.values())[::-1]


def has_refused_rate(own: PriceSettings, models: pl.DataFrame) -> bool:
    """Whether some rate cannot be used on some day of these calls. models: provider, model, day, service_tier."""
    keys = models.drop_nulls(["model", "day"]).select("provider", "model", "day", "service_tier").unique()
    return any(
        _tried(own, Asked(provider, model, date.fromisoformat(day), service_tier))[1] is not None
        for provider, model, day, service_tier in keys.iter_rows()
    )


def _rates(own: PriceSettings, as_of: date) -> list[PriceFinding]:
    dated = [(each.from_day, each.until_day) for each in own.rates]
    dated += [(each.from_day, each.until_day) for each in own.exchange_rates]
    ends = {day for pair in dated for day in pair if day is not None}
    days = sorted(ends | {as_of} | ({min(ends) - timedelta(days=1)} if ends else set()))
    findings: list[PriceFinding] = []
    keys = [(rate.provider, rate.model, rate.service_tier, rate.inference_geo) for rate in own.rates]
    for key in dict.fromkeys(keys):
        provider, model, service_tier, inference_geo = key
        of_model = [rate for rate, of in zip(own.rates, keys, strict=True) if of == key]
        refused: dict[str, PriceFinding] = {}
        for day in days:
            if not any(_holds(rate.from_day, rate.until_day, day) for rate in of_model):
                continue
            _, error = _tried(own, Asked(provider, model, day, service_tier, inference_geo or GLOBAL))
            if error is not None:
                refused.setdefault(
                    error.mistake, _refused(model, error)
                )  # the first day that shows it says enough
        findings += refused.values()
        findings += _gaps(model, [(rate.from_day, rate.until_day) for rate in of_model])
    return findings


def _gaps(model: str, spans: list[tuple[date | None, date | None]]) -> list[PriceFinding]:
    """Days between two rates of a model on which neither holds."""
    ends = sorted(until for _, until in spans if until is not None)
    findings = []
    for until in ends:
        is_covered = any(_holds(start, end, until) for start, end in spans)
        later = [start for start, _ in spans if start is not None and start > until]
        if not is_covered and later:
            findings.append(
                PriceFinding(
                    kind="gap",
                    subject=model,
                    what=f"No rate of your own for {model} applies from {until} until {min(later)}.",
                    why=(
                        "One rate ends before the next begins; the price book is used there, if it knows the "
                        "model."
                    ),
                    next_step=f"Write until = {min(later)}, or a rate for these days.",
                )
            )
    return findings


def _aliases(own: PriceSettings, as_of: date) -> list[PriceFinding]:
    findings = []
    for alias, target in own.aliases.items():
        is_priced, error = _tried(own, Asked(None, alias, as_of))
        if error is None and not is_priced:
            provider, slash, model = target.partition("/")
            said = f"The alias {alias} stands for {target}"
            meant = (provider, model) if slash else (None, target)
            findings.append(_unknown("unknown_model", alias, said, *meant))
    return findings


def _unpriced(own: PriceSettings, models: pl.DataFrame, as_of: date) -> list[PriceFinding]:
    findings = []
    said = models.columns
    whole = models.with_columns(
        pl.lit(usual).alias(name)
        for name, usual in (("service_tier", STANDARD), ("inference_geo", GLOBAL))
        if name not in said
    )
    keys = whole.drop_nulls(["model"]).select("provider", "model", "day", "service_tier", "inference_geo")
    for provider, model, day, service_tier, inference_geo in keys.sort(pl.all()).iter_rows():
        on = date.fromisoformat(day) if day else as_of
        asked = Asked(provider, model, on, service_tier, inference_geo)
        is_priced, error = _tried(own, asked)
        if error is not None:
            findings.append(_refused(model, error))
        elif not is_priced:
            name = f"{provider}/{model}" if provider else model
            findings.append(
                _unpriced_condition(own, name, asked)
                or _unknown("unpriced", name, f"The traces have calls of {name}", provider, model)
            )
    return findings


def _unpriced_condition(own: PriceSettings, name: str, asked: Asked) -> PriceFinding | None:
    """What the model was sold as, or where, has no price, though the model has one; None where that is not why."""
    conditions = (
        (asked._replace(inference_geo=GLOBAL), f"with inference in {asked.inference_geo}", "inference_geo"),
        (asked._replace(service_tier=STANDARD), f"sold as {asked.service_tier}", "service_tier"),
    )
    for without, how, key in conditions:
        if without != asked and _tried(own, without)[0]:
            return PriceFinding(
                kind="unpriced",
                subject=name,
                what=f"The traces have calls of {name} {how}, which have no price on {asked.day}.",
                why=(
                    "Neither your own rates nor the price book have a price for that, and the standard price "
                    "does not apply."
                ),
                next_step=f'Write a rate in [[prices.rates]] with {key} = "{getattr(asked, key)}".',
            )
    return None


def _tried(own: PriceSettings, asked: Asked) -> tuple[bool, RateError | None]:
    """Whether the model has a price on the day, and why it is refused, where it is: to report all, none is raised."""
    try:
        return priced(own, asked).is_known, None
    except RateError as error:
        return False, error


def _refused(model: str, error: RateError) -> PriceFinding:
    return PriceFinding(
        kind="refused", subject=model, what=error.what, why=error.why, next_step=error.next_step
    )


def _unknown(kind: str, subject: str, said: str, provider: str | None, model: str) -> PriceFinding:
    found = find_model(provider, model)
    why = found.why if isinstance(found, NotFound) else ""
    nearest = None if why else nearest_model(provider, model)
    meant = f"Did you mean {nearest}? " if nearest else ""
    return PriceFinding(
        kind="unpriced" if kind == "unpriced" else "unknown_model",
        subject=subject,
        what=f"{said}, which has no price.",
        why="Neither your own rates nor the price book have it" + (f": {why}." if why else "."),
        next_step=f"{meant}Write [prices.aliases], or a rate in [[prices.rates]].",
    )


def _holds(start: date | None, end: date | None, day: date) -> bool:
    return (start is None or start <= day) and (end is None or day < end)
