"""What was bought by the token, by the read and by the byte?

In: the relation usage_day. Out: a line for each day × resource × price × class × tenant.
A charge without a price has no line: a file cannot say "not priced", so the count of those left out is given beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import polars as pl

from costctl.documents.settings import Storage
from costctl.finance.line import EXACT, STEP, Beneficiary, Item, Line, Service, amount_usd, price
from costctl.stats.exact_sums import sums_of_parts


class Unit(NamedTuple):
    """How a component is quoted: so many of its own units are one pricing unit. Units are written as FOCUS writes them.

    meter: what is counted, in words.
    """

    size: int
    pricing_unit: str
    consumed_unit: str
    meter: str


UNITS: Final[dict[str, Unit]] = {
    "tokens": Unit(1_000_000, "1000000 Tokens", "Tokens", "Tokens"),
    "searches": Unit(1_000, "1000 Searches", "Searches", "Searches"),
    "runs": Unit(1_000, "1000 Runs", "Runs", "Runs"),
    "requests": Unit(1_000, "1000 Requests", "Requests", "Requests"),
    "characters": Unit(1_000_000, "1000000 Characters", "Characters", "Characters"),
    "reads": Unit(1_000, "1000 Requests", "Requests", "Requests"),
    "calls": Unit(1_000, "1000 Requests", "Requests", "Requests"),
    "s": Unit(3_600, "Hours", "Seconds", "Seconds"),
    "bytes": Unit(1_000_000_000, "GB", "B", "Bytes"),
    "USD": Unit(1, "Units", "Units", "Amount as Recorded"),  # what a call's own record says that it cost
}
_OTHER: Final = Unit(1, "Units", "Units", "Units")
# Component → category and subcategory. What kind of database searches vectors is not observed.
CATEGORIES: Final[dict[str, tuple[str, str]]] = {
    "api_tokens": ("AI and Machine Learning", "Generative AI"),
    "api_units": ("AI and Machine Learning", "Generative AI"),
    "retrieval": ("Databases", "Other (Databases)"),
    "tool": ("Compute", "Other (Compute)"),
    "cpu": ("Compute", "Other (Compute)"),
    "storage_reads": ("Storage", "Other (Storage)"),
    "storage_bytes": ("Storage", "Other (Storage)"),
    "egress": ("Networking", "Other (Networking)"),
}
_NO_CATEGORY: Final = ("Other", "Other (Other)")
# The kind of a [storage.NAME] → subcategory.
KINDS_OF_STORAGE: Final = {
    "object": "Object Storage",
    "block": "Block Storage",
    "disk": "Block Storage",
    "nvme": "Block Storage",
    "ssd": "Block Storage",
    "file": "File Storage",
    "nfs": "File Storage",
}
_METERS: Final = {
    "input": "Input Tokens",
    "input_audio": "Input Audio Tokens",
    "cached_input": "Cache Read Tokens",
    "cached_audio": "Cache Read Audio Tokens",
    "cache_write": "Cache Write Tokens",
    "cache_write_1h": "Cache Write 1h Tokens",
    "output": "Output Tokens",
    "output_audio": "Output Audio Tokens",
    "input_image": "Input Image Tokens",
    "cached_image": "Cache Read Image Tokens",
    "output_image": "Output Image Tokens",
    "input_video": "Input Video Tokens",
    "cached_video": "Cache Read Video Tokens",
    "output_video": "Output Video Tokens",
    "reasoning": "Reasoning Tokens",
    "web_searches": "Web Searches",
    "file_searches": "File Searches",
    "code_runs": "Code Runs",
    "requests": "Requests",
    "input_characters": "Input Characters",
    "input_audio_s": "Input Audio",
    "output_audio_s": "Output Audio",
    "as recorded": "Amount as Recorded",
}
_BOUGHT: Final = ("api_tokens", "api_units")
_EPOCH: Final = date(1970, 1, 1)
_KEYS: Final = (
    "day",
    "component",
    "resource",
    "unit",
    "usd_per_unit",
    "is_recorded",
    "request_class",
    "tenant",
)


def usage_lines(
    usage_day: pl.DataFrame,
    storages: dict[str, Storage],
    provider: str,
    name_of: Callable[[str | None], str | None],
) -> list[Line]:
    """The lines, in the order of their keys.

    storages: of costctl.toml.  provider: of what is one's own.  name_of: how a tenant is written.
    """
    quantity, wasted = (sums_of_parts(usage_day, _KEYS, each) for each in ("quantity", "wasted_quantity"))
    bought = usage_day.select(_KEYS).unique().sort(_KEYS)
    return [
        _line(
            row,
            _Used(quantity.get(key, 0.0), wasted.get(key, 0.0)),
            storages,
            provider,
            name_of,
        )
        for row in bought.iter_rows(named=True)
        for key in [tuple(row[name] for name in _KEYS)]
    ]


class _Used(NamedTuple):
    """In the unit of the resource; wasted: of attempts that failed or were repeated."""

    quantity: float
    wasted: float


def _line(
    row: dict[str, object],
    used: _Used,
    storages: dict[str, Storage],
    own: str,
    name_of: Callable[[str | None], str | None],
) -> Line:
    unit = UNITS.get(str(row["unit"]), _OTHER)
    tenant = row["tenant"]
    assert tenant is None or isinstance(tenant, str)
    consumed = _exact(used.quantity)
    unit_price = price(float(str(row["usd_per_unit"])), unit.size)
    quantity = _priced(consumed, unit)
    return Line(
        day=_EPOCH + timedelta(days=int(str(row["day"]))),
        kind="direct",
        item=_item(str(row["component"]), str(row["resource"]), unit, storages, own),
        whose=Beneficiary(str(row["request_class"]), name_of(tenant)),
        usd=amount_usd(unit_price, quantity),
        description=f"{row['component']} of {row['resource']} for requests of class {row['request_class']}",
        is_recorded=bool(row["is_recorded"]),
        unit_price=unit_price,
        pricing_quantity=quantity,
        consumed_quantity=consumed,
        retry_tax_usd=amount_usd(unit_price, _priced(_exact(used.wasted), unit)),
    )


def _priced(consumed: Decimal, unit: Unit) -> Decimal:
    """In pricing units: every digit, but of hours, which have no end of them, whole billionths, as those of pools."""
    quantity = EXACT.divide(consumed, Decimal(unit.size))
    return quantity.quantize(STEP, context=EXACT) if unit.pricing_unit == "Hours" else quantity


def _exact(number: float) -> Decimal:
    """A count that was summed as a float, as the whole number that it is, or to nine places."""
    return Decimal(round(number)) if number == round(number) else Decimal(f"{number:.9f}")


def _item(component: str, resource: str, unit: Unit, storages: dict[str, Storage], own: str) -> Item:
    provider, _, rest = resource.partition("/")
    model, _, kind = rest.rpartition("/")
    is_bought = component in _BOUGHT
    category, subcategory = CATEGORIES.get(component, _NO_CATEGORY)
    name = model if is_bought else component.replace("_", " ")
    if category == "Storage":
        declared = storages[resource].kind if resource in storages else None
        subcategory = KINDS_OF_STORAGE.get((declared or "").lower(), subcategory)
        # A service has one subcategory in FOCUS, so that storages of two kinds are two services.
        name = category if subcategory.startswith("Other") else subcategory
    return Item(
        service=Service(
            provider=provider if is_bought else own,
            category=category,
            subcategory=subcategory,
            name=name,
        ),
        sku=f"{component}/{resource}",
        meter=_METERS.get(kind, kind) if is_bought else unit.meter,
        pricing_unit=unit.pricing_unit,
        consumed_unit=unit.consumed_unit,
        resource=None if is_bought else resource,
        resource_type=None if is_bought else component.replace("_", " "),
    )
