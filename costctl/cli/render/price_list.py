"""Prices and findings about rates, as tables and as CSV."""

from __future__ import annotations

from costctl.cli.render.numbers import count, significant
from costctl.cli.render.tables import Notes, Section, Table, as_csv
from costctl.documents.price_list import Price, PriceList

_PRICE_COLUMNS = (
    "provider", "model", "service_tier", "token_kind", "from_input_tokens", "below_input_tokens", "usd_per_mtok",
    "source",
)  # fmt: skip
_FINDING_COLUMNS = ("code", "severity", "subject", "rate", "message", "next_step")
_MOST_PRICES = 400


def price_sections(document: PriceList) -> list[Section]:
    """A row for each kind of token and length of prompt that has a price."""
    if not document.prices:
        return [Notes(f"Prices on {document.as_of}", (f"None: {document.reason}.",))]
    shown = document.prices[:_MOST_PRICES]
    rows = tuple(
        (
            f"{price.provider}/{price.model}",
            price.service_tier,
            price.token_kind.replace("_", " "),
            _prompt(price),
            significant(price.usd_per_mtok, 4),
        )
        for price in shown
    )
    columns = ("model", "sold as", "tokens", "prompt", "USD per 1M")
    title = f"Prices on {document.as_of}, USD per million tokens"
    sources = tuple(dict.fromkeys(price.source.split(":")[0] for price in document.prices))
    notes = [f"From {', '.join(sources)}."]
    if len(document.prices) > len(shown):
        notes.append(f"{count(len(document.prices) - len(shown))} more; --format csv has them all.")
    return [Table(title, columns, rows, frozenset(columns[:4])), Notes("Sources", tuple(notes))]


def _prompt(price: Price) -> str:
    if price.from_input_tokens:
        return f"above {price.from_input_tokens - 1:,}"
    return "any length" if price.below_input_tokens is None else f"up to {price.below_input_tokens - 1:,}"


def price_csv(document: PriceList) -> str:
    """One row per price."""
    return as_csv(
        _PRICE_COLUMNS, [[getattr(each, name) for name in _PRICE_COLUMNS] for each in document.prices]
    )


def finding_sections(document: PriceList) -> list[Section]:
    """What is amiss, and what to do about it."""
    if not document.findings:
        return [Notes(f"Rates on {document.as_of}", ("Nothing is amiss.",))]
    lines = tuple(
        f"{each.severity}: "
        + (f"[[prices]] {each.rate}, " if each.rate is not None else "")
        + f"{each.subject}: {each.message} {each.next_step}"
        for each in document.findings
    )
    return [Notes(f"Rates on {document.as_of}", lines)]


def finding_csv(document: PriceList) -> str:
    """One row per finding."""
    return as_csv(
        _FINDING_COLUMNS, [[getattr(each, name) for name in _FINDING_COLUMNS] for each in document.findings]
    )
