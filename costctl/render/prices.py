"""Prices and what is wrong with them: all of it as tables (``--detail``), and as CSV. The screens are in
``price_screens``.
"""

from __future__ import annotations

from costctl.documents.prices import Price, PriceCheck, Prices
from costctl.render.cells import count, exact
from costctl.render.numbers import plural
from costctl.render.sections import Notes, Section, Table
from costctl.render.spreadsheet import as_csv
from costctl.render.witness import witness_sections

_COLUMNS = ("provider", "model", "kind of token", "prompt tokens", "USD per 1M", "source")
_TEXTS = frozenset({"provider", "model", "kind of token", "prompt tokens", "source"})
_CSV_COLUMNS = (
    "provider",
    "model",
    "service_tier",
    "token_kind",
    "from_input_tokens",
    "below_input_tokens",
    "usd_per_million",
    "source",
)
_FINDING_COLUMNS = ("kind", "subject", "what", "why", "next_step")


def sections(document: Prices) -> list[Section]:
    """A row for each model, kind of token and length of prompt."""
    if not document.prices:
        return [Notes(f"Prices as of {document.as_of}", ("No model has this name and a price.",))]
    rows = tuple(
        (
            price.provider or "any",
            price.model,
            _kind(price),
            prompt(price.from_input_tokens, price.last_input_tokens),
            exact(price.usd_per_million),
            "own rates" if price.source.startswith("own rates") else "price book",
        )
        for price in document.prices
    )
    title = f"Prices as of {document.as_of}; the price book is {document.price_book}"
    return [Table(title, _COLUMNS, rows, _TEXTS)]


def _kind(price: Price) -> str:
    kind = price.token_kind.replace("_", " ")
    return kind if price.service_tier == "default" else f"{kind}, {price.service_tier}"


def prompt(from_tokens: int, last_tokens: int | None) -> str:
    """For which lengths of prompt a price holds."""
    if last_tokens is not None:
        return f"up to {count(last_tokens)}"
    return "any" if from_tokens == 0 else f"{count(from_tokens)} or more"


def csv_text(document: Prices) -> str:
    """One row per price."""
    return as_csv(
        _CSV_COLUMNS, [[getattr(price, name) for name in _CSV_COLUMNS] for price in document.prices]
    )


def check_sections(document: PriceCheck) -> list[Section]:
    """What was looked at, a note for each finding, and what the sources say that calls cost."""
    looked = plural(document.rates, "own rate")
    if document.models is not None:
        looked = f"{looked} and {plural(document.models, 'model')} of the store"
    found = plural(len(document.findings), "finding") if document.findings else "nothing to fix"
    lines = tuple(f"{each.what} {each.why} {each.next_step}" for each in document.findings)
    return [Notes(f"Looked at {looked}: {found}", lines), *witness_sections(document.witness)]


def check_csv_text(document: PriceCheck) -> str:
    """One row per finding."""
    return as_csv(
        _FINDING_COLUMNS, [[getattr(each, name) for name in _FINDING_COLUMNS] for each in document.findings]
    )
