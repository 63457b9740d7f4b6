"""Which lines of costctl.toml make a price that the bill shows our price?

In: the ratios that were found, and the models as the traces write them. Out: ``[[prices.rates]]``, one for each
model, service tier and length of prompt: the price that holds today times the ratio of its kind of token; other kinds
stay as they are. Rates replace the price book's for their model, so that each names all of its kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, get_args

from costctl.documents.price_settings import PriceSettings, ServiceTier
from costctl.pricing.own_rates import TOKENS_PER_QUOTE, Asked
from costctl.pricing.price_kinds import TOKEN_KINDS, UNITS
from costctl.pricing.prices import Priced, priced
from costctl.reconcile.cells import Group
from costctl.reconcile.names import model_label
from costctl.reconcile.ratios import Repriced
from costctl.reconcile.traced import SLOTS_A_DAY, Traced

_EPOCH: Final = date(1970, 1, 1)
_PLACES: Final = Decimal("1e-9")
_TIERS: Final = get_args(ServiceTier)


def rates_in_words(
    own: PriceSettings,
    provider: str,
    rows: Iterable[Traced],
    ratios: Mapping[Group, Repriced],
    first_day: int,
) -> str | None:
    """The lines; None where no model of the traces has a price. rows: as the traces write names.  ratios: of the
    groups that are repriced; (None, None) is all.  first_day: of the bill, days from the epoch.
    """
    names = sorted(
        {(row.provider, row.model, row.service_tier) for row in rows if row.model is not None}, key=str
    )
    tables = []
    for written, model, tier in names:
        if tier not in _TIERS or model is None:
            continue
        of_kinds: dict[str, Repriced | None] = {
            kind: _of(ratios, model_label(provider, model), kind) for kind in (*TOKEN_KINDS, *UNITS)
        }
        changed = [each for each in of_kinds.values() if each is not None]
        if not changed:
            continue
        day = max(min(each.since[0] // SLOTS_A_DAY for each in changed), first_day)
        start = _EPOCH + timedelta(days=day)
        tables += _tables(
            priced(own, Asked(written, model, start, tier)), Asked(written, model, start, tier), of_kinds
        )
    return "\n\n".join(tables) if tables else None


def _of(ratios: Mapping[Group, Repriced], label: str, kind: str) -> Repriced | None:
    wider = () if kind in UNITS else (Group(label, None), Group(None, None))
    for group in (Group(label, kind), Group(None, kind), *wider):
        if group in ratios:
            return ratios[group]
    return None


def _tables(prices: Priced, asked: Asked, of_kinds: Mapping[str, Repriced | None]) -> list[str]:
    """One table for each length of prompt that has a price of its own."""
    starts = sorted({band.from_input_tokens for _, band in prices.bands})
    tables = []
    for start in starts:
        held: dict[str, Decimal] = {
            kind: _quoted(band.usd_per_token * TOKENS_PER_QUOTE, of_kinds[kind])
            for kind, band in prices.bands
            if band.from_input_tokens <= start
            and (band.below_input_tokens is None or start < band.below_input_tokens)
        }
        if "input" not in held:
            continue
        units: dict[str, Decimal] = {
            unit.kind: _quoted(unit.usd_per_unit * UNITS[unit.kind].per, of_kinds[unit.kind])
            for unit in prices.units
            if start == 0
        }
        tables.append(_table(asked, start, {**held, **units}))
    return tables


def _quoted(usd: float, repriced: Repriced | None) -> Decimal:
    ratio = Fraction(1) if repriced is None else repriced.ratio
    exact = Fraction(Decimal(repr(usd))) * ratio
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_PLACES).normalize()


def _table(asked: Asked, start: int, quoted: Mapping[str, Decimal]) -> str:
    lines = ["[[prices.rates]]", f"model = {_text(asked.model)}"]
    if asked.provider is not None:
        lines.append(f"provider = {_text(asked.provider)}")
    if asked.service_tier != "default":
        lines.append(f"service_tier = {_text(asked.service_tier)}")
    if start:
        lines.append(f"above_input_tokens = {start - 1}")
    lines.append(f"from = {asked.day.isoformat()}")
    order = ("input", *(kind for kind in quoted if kind != "input"))
    return "\n".join([*lines, *(f"{kind} = {_number(quoted[kind])}" for kind in order)])


def _number(value: Decimal) -> str:
    """As TOML writes a float."""
    said = f"{value:f}"
    return said if "." in said else f"{said}.0"


def _text(said: str) -> str:
    """As TOML writes a text. What may not stand in one is spelled out, and what ends a block of code in markdown."""
    escaped = "".join(
        f"\\u{ord(each):04X}" if ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 or each == "`" else each
        for each in said.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'
